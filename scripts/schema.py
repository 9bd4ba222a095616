"""Writes what the migrations make: store/schema.sql, and docs/columns.md for people.

Both are made from a database that was just migrated; a test says when they are out of date.
"""

import asyncio
import re
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import psycopg

from hypertally.flow import DEFINITIONS, FACTS
from hypertally.store import migrate
from hypertally.store.dictionary import Dictionary, read_dictionary
from hypertally.store.embedded.join import ensure_running
from hypertally.store.embedded.programs import INSTALLATION, site_packages

SCHEMA = migrate.MIGRATIONS.parent / "schema.sql"
COLUMNS = Path(__file__).parents[1] / "docs" / "columns.md"
# Settings of the session that loads a dump, and its random marks: noise in a file that is read.
# What the embedded server takes from everybody belongs to the server, not to the schema.
NOISE = re.compile(
    r"--.*|SET .*|SELECT pg_catalog\.set_config.*|\\(un)?restrict .*"
    r"|REVOKE ALL ON FUNCTION pg_catalog\..*"
)
HEAD = """\
# Columns

Every table of the trading database, in the order in which data flows: facts (as they came,
append-only), metrics (computed from facts), ops (what moves them), tenancy (who may see what).

Units stand in the name: `_usd` US dollars, `_coin` the traded coin, `_ms` milliseconds since 1970,
`_at` a time (UTC), `day` a UTC date. Decimals are exact. Null means unknown, never zero.
Made by `make schema` from the migrations in `src/hypertally/store/migrations/`.
"""
LIST_COLUMNS = """
select format('%s.%s', n.nspname, c.relname) as name, a.attname as column,
    format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
join pg_attribute as a on a.attrelid = c.oid
where n.nspname in ('facts', 'metrics', 'ops', 'tenancy') and c.relkind in ('r', 'p')
    and not c.relispartition and a.attnum > 0 and not a.attisdropped
    and c.relname <> 'schema_migrations'
order by array_position(array['facts', 'metrics', 'ops', 'tenancy'], n.nspname::text), c.oid,
    a.attnum
"""


def dump(url: str) -> str:
    """The schema of a database, without what differs between two of the same schema."""
    program = site_packages() / INSTALLATION / "bin" / "pg_dump"
    done = subprocess.run(  # noqa: S603 - our own program and arguments
        [program, "--schema-only", "--no-owner", "--no-comments", url],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = (line for line in done.stdout.splitlines() if not NOISE.fullmatch(line))
    return re.sub(r"\n{2,}", "\n\n", "\n".join(lines)).strip() + "\n"


def columns(url: str) -> str:
    """The dictionary of columns: names and types from a database, meanings from the migrations."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(LIST_COLUMNS).fetchall()
    return "\n".join([HEAD, *_sections(rows, read_dictionary(migrate.MIGRATIONS))])


def _sections(rows: list[tuple[Any, ...]], words: Dictionary) -> Iterator[str]:
    leaves = _leaves()
    for table, members in groupby(rows, key=lambda row: row[0]):
        yield f"## {table}\n\n{words.words_of(table) or ''}\n"
        if table in leaves:
            yield f"{leaves[table]}\n"
        yield "| column | type | null | meaning |\n|---|---|---|---|"
        for _, name, type_name, required in members:
            meaning = words.words_of(table, name) or ""
            yield f"| `{name}` | {type_name} | {'' if required else 'yes'} | {meaning} |"
        yield ""


def _leaves() -> dict[str, str]:
    """By table, what flow.py says of it: its key, and where its rows come from."""
    said = {
        f"facts.{fact.name}": f"Key: {_codes(fact.key)}. From: {fact.source}." for fact in FACTS
    }
    for definition in DEFINITIONS:
        table = f"metrics.{definition.name}"
        said.setdefault(
            table, f"Key: {_codes(definition.key)}. Computed from: {', '.join(definition.reads)}."
        )
        said[table] += f" Definition: `{definition.definition}`."
    return said


def _codes(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


async def main() -> None:
    """Migrate an empty database and write both files."""
    with tempfile.TemporaryDirectory() as home:
        async with await ensure_running(Path(home)) as server:
            await migrate.migrate(server.url)
            SCHEMA.write_text(dump(server.url), encoding="utf-8")
            COLUMNS.write_text(columns(server.url), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
