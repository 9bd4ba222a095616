"""Which exchange a command works on: that of the books, or the sandbox beside it."""
