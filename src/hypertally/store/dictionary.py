"""The dictionary of columns in the database itself: a comment on every table, view and column.

`make schema` writes it from the migrations, as it writes docs/columns.md; every migration puts what
differs into the database, so that psql shows it.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import psycopg
from psycopg import sql

from hypertally.records import Record

DICTIONARY = Path(__file__).with_suffix(".json")
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


class DescribedRelation(Record, frozen=True, kw_only=True):
    """What a table or view, or one of its columns, holds."""

    relation: str  # schema.name
    column: str | None = None  # None: the relation itself
    words: str


def read_dictionary() -> list[DescribedRelation]:
    """The entries as `make schema` wrote them."""
    return msgspec.json.decode(DICTIONARY.read_bytes(), type=list[DescribedRelation])


async def write_comments(url: str) -> int:
    """Put the entries into a database where they differ from its comments; how many did."""
    words = {(entry.relation, entry.column): entry.words for entry in read_dictionary()}
    async with await psycopg.AsyncConnection.connect(url) as connection:
        cursor = await connection.execute(DESCRIBED)
        rows = await cursor.fetchall()
        statements = list(_statements(rows, words))
        for statement in statements:
            await connection.execute(statement)
    return len(statements)


def _statements(
    rows: list[tuple[str, str | None, bool, str | None]], words: dict[tuple[str, str | None], str]
) -> Iterator[sql.Composed]:
    for relation, column, is_view, comment in rows:
        meaning = words.get((relation, column))
        if meaning is None or meaning == comment:
            continue
        name = sql.Identifier(*relation.split("."))
        if column is not None:
            name += sql.SQL(".") + sql.Identifier(column)
        kind = sql.SQL("column" if column is not None else "view" if is_view else "table")
        yield sql.SQL("comment on {kind} {name} is {words}").format(
            kind=kind, name=name, words=sql.Literal(meaning)
        )
