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

import msgspec
import psycopg

from hypertally.flow import DEFINITIONS, FACTS
from hypertally.store import migrate
from hypertally.store.dictionary import DESCRIBED, DICTIONARY, DescribedRelation
from hypertally.store.embedded.join import ensure_running
from hypertally.store.embedded.programs import INSTALLATION, site_packages

SCHEMA = migrate.MIGRATIONS.parent / "schema.sql"
COLUMNS = Path(__file__).parents[1] / "docs" / "columns.md"
# Settings of the session that loads a dump, and its random marks: noise in a file that is read.
NOISE = re.compile(r"--.*|SET .*|SELECT pg_catalog\.set_config.*|\\(un)?restrict .*")
TABLE = re.compile(r"((?:^--[^\n]*\n)*)^create table (\S+) \(\n(.*?)^\)", re.MULTILINE | re.DOTALL)
ADDED_COLUMN = re.compile(
    r"^alter table (\S+)\s+add column (\w+) [^;\n]*;(?: -- (.*))?$", re.MULTILINE
)
COLUMN = re.compile(
    r"^    (?!primary |unique |check |foreign )(\w+) .*?(?:-- (.*))?$", re.MULTILINE
)

# What no migration describes: some tables, views, and what dbmate keeps.
NOT_IN_MIGRATIONS = {
    "metrics.signal_contributors": "What each wallet did in the window of a signal.",
    "metrics.wallet_universe_current": "The wallets that are watched now.",
    "metrics.wallet_universe_members": "The wallets of each universe that was chosen.",
    "ops.schema_migrations": "The migrations that were applied.",
    "ops.v_latest_health": "The newest judgement of the feed of positions.",
    "ops.v_latest_signals": "The newest signal of each asset by each definition.",
    "ops.v_recent_alerts": "Every move of an alert in the last 24 hours.",
    "coverage_pct": "coverage in percent",
    "snapshot_ts": "the minute, UTC",
    "version": "of the migration",
}

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
    tables, meanings = _described()
    with psycopg.connect(url) as connection:
        rows = connection.execute(LIST_COLUMNS).fetchall()
    return "\n".join([HEAD, *_sections(rows, tables, meanings)])


def dictionary(url: str) -> str:
    """The entries of every table, view and column: those of docs/columns.md, and of views."""
    tables, meanings = _described()
    by_name = {name: said for (_, name), said in reversed(meanings.items()) if said}
    described = tables | {name: said for name, said in NOT_IN_MIGRATIONS.items() if "." in name}
    names = {table.partition(".")[2]: words for table, words in described.items() if words}
    with psycopg.connect(url) as connection:
        rows = connection.execute(DESCRIBED).fetchall()
    entries: list[DescribedRelation] = []
    for relation, column, _, comment in rows:
        if column is None:
            words = tables.get(relation) or comment or names.get(relation.partition(".")[2])
        else:
            words = meanings.get((relation, column)) or comment or by_name.get(column)
        words = words or NOT_IN_MIGRATIONS.get(column or relation)
        if words is None:
            raise SystemExit(f"{relation} {column or ''} is not described: say what it holds")
        entries.append(DescribedRelation(relation=relation, column=column, words=words))
    return msgspec.json.format(msgspec.json.encode(entries)).decode() + "\n"


def _described() -> tuple[dict[str, str], dict[tuple[str, str], str]]:
    """What the migrations say of each table, and of each column of it."""
    tables: dict[str, str] = {}
    meanings: dict[tuple[str, str], str] = {}
    for path in sorted(migrate.MIGRATIONS.glob("*.sql")):
        for note, table, body in TABLE.findall(path.read_text(encoding="utf-8")):
            tables[table] = " ".join(line.removeprefix("--").strip() for line in note.splitlines())
            meanings |= {(table, name): said for name, said in COLUMN.findall(body)}
        for table, name, said in ADDED_COLUMN.findall(path.read_text(encoding="utf-8")):
            meanings[table, name] = said
    return tables, meanings


def _sections(
    rows: list[tuple[Any, ...]], tables: dict[str, str], meanings: dict[tuple[str, str], str]
) -> Iterator[str]:
    # The same thing has the same name everywhere, so it is described once.
    by_name = {name: said for (_, name), said in reversed(meanings.items()) if said}
    leaves = _leaves()
    for table, members in groupby(rows, key=lambda row: row[0]):
        yield f"## {table}\n\n{tables[table]}\n"
        if table in leaves:
            yield f"{leaves[table]}\n"
        yield "| column | type | null | meaning |\n|---|---|---|---|"
        for _, name, type_name, required in members:
            meaning = meanings.get((table, name)) or by_name.get(name, "")
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
            DICTIONARY.write_text(dictionary(server.url), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
