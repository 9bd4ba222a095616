"""Rows of a statement as dictionaries, for answers whose fields are the statement's columns."""

from collections.abc import Mapping
from typing import Any

from hypertally.store.postgres import Connection
from hypertally.store.queries import Query


async def find_row(
    connection: Connection, statement: Query, parameters: Mapping[str, object]
) -> dict[str, Any] | None:
    """Return the only row of a statement, or None."""
    cursor = await connection.execute(statement.text, parameters)
    return await cursor.fetchone()


async def read_row(
    connection: Connection, statement: Query, parameters: Mapping[str, object]
) -> dict[str, Any]:
    """Return the row of a statement that always has exactly one, such as a count."""
    row = await find_row(connection, statement, parameters)
    assert row is not None, f"{statement.name} answers one row whatever there is"
    return row


async def read_rows(
    connection: Connection, statement: Query, parameters: Mapping[str, object]
) -> list[dict[str, Any]]:
    """Return all rows of a statement; every statement of the API limits its rows itself."""
    cursor = await connection.execute(statement.text, parameters)
    return await cursor.fetchall()
