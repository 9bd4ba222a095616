"""Rows of a table whose key begins with given values, in the order of the key."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Loader
from psycopg.types.datetime import TimestamptzLoader

from hypertally.errors import Refused
from hypertally.records import Record
from hypertally.store.postgres import Connection

OPEN_ENDS = (b"infinity", b"-infinity")
PLACE = "place in the key"  # no column has a name with spaces


class KeyedTable(Record, frozen=True, kw_only=True):
    """A table and the columns of its key, none of which is null."""

    schema: str
    name: str
    key: tuple[str, ...]


class KeyedPage(Record, frozen=True, kw_only=True):
    """Which rows: the first values of the key, and where the page before ended."""

    values: Mapping[str, object]  # by column; text is read as the column's type
    after: Sequence[str] | None  # the rest of the key of the last row; None: the first page
    limit: int


class KeyedRow(Record, frozen=True, kw_only=True):
    """A row; a time without end is None."""

    columns: dict[str, Any]
    place: list[str]  # the rest of the key, as PostgreSQL writes it


class _OpenTimes(Loader):
    """Reads a time; None for a time without end, which Python cannot hold."""

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self._times = TimestamptzLoader(oid, context)

    def load(self, data: Buffer) -> datetime | None:
        """Return the time that PostgreSQL wrote."""
        return None if bytes(data) in OPEN_ENDS else self._times.load(data)


async def list_keyed_rows(
    connection: Connection, table: KeyedTable, page: KeyedPage
) -> list[KeyedRow]:
    """Return the rows of a page, each with all columns of the table.

    Errors: `Refused` for text that is no value of its column.
    """
    rest = [column for column in table.key if column not in page.values]
    parameters = {**page.values, "limit": page.limit}
    parameters |= {
        f"after {name}": text for name, text in zip(rest, page.after or (), strict=False)
    }
    statement = _statement(table, rest=rest, page=page)
    async with connection.cursor() as cursor:
        cursor.adapters.register_loader("timestamptz", _OpenTimes)
        try:
            await cursor.execute(statement, parameters)
            rows = await cursor.fetchall()
        except psycopg.DataError as error:
            raise Refused("write each value as the answers of the metric show it") from error
    return [KeyedRow(place=row.pop(PLACE), columns=row) for row in rows]


async def list_columns(connection: Connection, table: KeyedTable) -> list[str]:
    """Return the columns of a table, in the order of its rows."""
    nothing = sql.SQL("select * from {} limit 0").format(sql.Identifier(table.schema, table.name))
    async with connection.cursor() as cursor:
        await cursor.execute(nothing)
        return [column.name for column in cursor.description or ()]


def _statement(table: KeyedTable, *, rest: Sequence[str], page: KeyedPage) -> sql.Composed:
    conditions: list[sql.Composable] = [
        sql.SQL("t.{} = {}").format(sql.Identifier(column), sql.Placeholder(column))
        for column in page.values
    ]
    columns = [sql.SQL("t.{}").format(sql.Identifier(column)) for column in rest]
    listed = sql.SQL(", ").join(columns)
    if columns and page.after is not None:
        after = sql.SQL(", ").join(sql.Placeholder(f"after {column}") for column in rest)
        conditions.append(sql.SQL("({}) > ({})").format(listed, after))
    texts = sql.SQL(", ").join(sql.SQL("{}::text").format(column) for column in columns)
    return sql.SQL("select t.*, array[{}]::text[] as {} from {} as t where {}{} limit {}").format(
        texts,
        sql.Identifier(PLACE),
        sql.Identifier(table.schema, table.name),
        sql.SQL(" and ").join(conditions) if conditions else sql.SQL("true"),
        sql.SQL(" order by {}").format(listed) if columns else sql.SQL(""),
        sql.Placeholder("limit"),
    )
