"""Migrations are applied in the order of their numbers, and each number is one file's."""

import re

from hypertally.store.migrate import MIGRATIONS

NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


def test_each_migration_has_the_number_after_the_one_before() -> None:
    names = sorted(path.name for path in MIGRATIONS.glob("*.sql"))
    matches = [NAME.fullmatch(name) for name in names]
    numbers = [int(match[1]) for match in matches if match]
    assert numbers == list(range(1, len(names) + 1)), names
