"""The embedded PostgreSQL: its files, its server, its supervisor."""
