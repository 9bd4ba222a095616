"""The first version of smart money, as first published, and what it got wrong."""
