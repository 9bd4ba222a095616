"""The dictionary of columns: what tables, views and columns hold, as the migrations say it.

A migration describes a table in the comment above it and a column in the comment behind it, or
both with `comment on`. The same words are in docs/columns.md, and in the database, for psql.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from hypertally.records import Record

TABLE = re.compile(r"((?:^--[^\n]*\n)*)^create table (\S+) \(\n(.*?)^\)", re.MULTILINE | re.DOTALL)
COLUMN = re.compile(
    r"^    (?!primary |unique |check |foreign )(\w+) .*?(?:-- (.*))?$", re.MULTILINE
)
ADDED_COLUMN = re.compile(
    r"^alter table (\S+)\s+add column (\w+) [^;\n]*;(?: -- (.*))?$", re.MULTILINE
)
COMMENT_ON = re.compile(
    r"^comment on (?:table|view|column) (\w+\.\w+)(?:\.(\w+))? is((?:\s+'(?:[^']|'')*')+);",
    re.MULTILINE,
)
VIEW = re.compile(
    r"^create (?:or replace )?view (\S+) [^;]*?\bfrom ((?:facts|metrics|ops|tenancy)\.\w+)",
    re.MULTILINE,
)
LITERAL = re.compile(r"'((?:[^']|'')*)'")

# What no migration describes: some tables, views, and what dbmate keeps.
RELATIONS = {
    "metrics.signal_contributors": "What each wallet did in the window of a signal.",
    "metrics.wallet_universe_current": "The wallets that are watched now.",
    "metrics.wallet_universe_members": "The wallets of each universe that was chosen.",
    "ops.schema_migrations": "The migrations that were applied.",
    "ops.v_latest_health": "The newest judgement of the feed of positions.",
    "ops.v_latest_signals": "The newest signal of each asset by each definition.",
    "ops.v_recent_alerts": "Every move of an alert in the last 24 hours.",
}
COLUMNS = {
    "coverage_pct": "coverage in percent",
    "snapshot_ts": "the minute, UTC",
    "version": "of the migration",
}
DESCRIBED = """
select n.nspname || '.' || c.relname as relation, a.attname as column, c.relkind = 'v' as is_view,
    case when a.attname is null then obj_description(c.oid, 'pg_class')
        else col_description(c.oid, a.attnum) end as comment
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
cross join lateral (
    select null::name as attname, null::smallint as attnum
    union all
    select t.attname, t.attnum from pg_attribute as t
    where t.attrelid = c.oid and t.attnum > 0 and not t.attisdropped
) as a
where n.nspname in ('facts', 'metrics', 'ops', 'tenancy', 'public')
    and c.relkind in ('r', 'p', 'v') and not c.relispartition
order by 1, a.attnum nulls first
"""


class Dictionary(Record, frozen=True, kw_only=True):
    """What migrations say of tables, views and columns."""

    relations: dict[str, str]  # schema.name -> words
    columns: dict[tuple[str, str], str]  # relation and column -> words
    sources: dict[str, str]  # a view -> the first relation that it reads
    relations_by_name: dict[str, str]  # without a schema: a view has the name of its table
    columns_by_name: dict[str, str]  # what has one name everywhere is described once

    def words_of(self, relation: str, column: str | None = None) -> str | None:
        """What a relation or one of its columns holds; None: nothing describes it."""
        if column is None:
            name = relation.partition(".")[2]
            return self.relations.get(relation) or self.relations_by_name.get(name)
        words = self.columns.get((relation, column))
        if words is None and relation in self.sources:
            return self.words_of(self.sources[relation], column)
        return words or self.columns_by_name.get(column)


def read_dictionary(migrations: Path) -> Dictionary:
    """What the migrations of a folder say; a later one replaces the words of an earlier one."""
    relations = dict(RELATIONS)
    columns: dict[tuple[str, str], str] = {}
    sources: dict[str, str] = {}
    for path in sorted(migrations.glob("*.sql")):
        migration = path.read_text(encoding="utf-8")
        sources |= dict(VIEW.findall(migration))
        for relation, column, words in _entries(migration):
            if column is None:
                relations[relation] = words
            else:
                columns[relation, column] = words
    return Dictionary(
        relations=relations,
        columns=columns,
        sources=sources,
        relations_by_name={name.partition(".")[2]: words for name, words in relations.items()},
        columns_by_name=COLUMNS | {name: words for (_, name), words in reversed(columns.items())},
    )


def _entries(migration: str) -> Iterator[tuple[str, str | None, str]]:
    """Each relation, or column of it, that a migration describes, with its words."""
    for note, table, body in TABLE.findall(migration):
        if note:
            lines = (line.removeprefix("--").strip() for line in note.splitlines())
            yield table, None, " ".join(lines)
        yield from ((table, column, words) for column, words in COLUMN.findall(body) if words)
    for table, column, words in ADDED_COLUMN.findall(migration):
        if words:
            yield table, column, words
    for relation, column, literals in COMMENT_ON.findall(migration):
        words = "".join(part.replace("''", "'") for part in LITERAL.findall(literals))
        yield relation, column or None, words


async def write_comments(url: str, dictionary: Dictionary) -> int:
    """Put the words into a database where they differ from its comments; how many did."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        cursor = await connection.execute(DESCRIBED)
        statements = list(_statements(await cursor.fetchall(), dictionary))
        for statement in statements:
            await connection.execute(statement)
    return len(statements)


def _statements(
    rows: list[tuple[str, str | None, bool, str | None]], dictionary: Dictionary
) -> Iterator[sql.Composed]:
    for relation, column, is_view, comment in rows:
        words = dictionary.words_of(relation, column)
        if words is None or words == comment:
            continue
        name = sql.Identifier(*relation.split("."))
        if column is not None:
            name += sql.SQL(".") + sql.Identifier(column)
        kind = sql.SQL("column" if column is not None else "view" if is_view else "table")
        yield sql.SQL("comment on {kind} {name} is {words}").format(
            kind=kind, name=name, words=sql.Literal(words)
        )
