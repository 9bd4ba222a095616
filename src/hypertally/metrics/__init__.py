"""Derived tables: pure functions of the facts, rebuilt and never edited."""
