"""Where things rest: the databases, their roles and migrations."""
