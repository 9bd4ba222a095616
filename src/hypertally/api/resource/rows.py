"""The rows that several answers share; and rows as dictionaries, for the rows of signals."""

from collections.abc import Mapping
from typing import Any

from hypertally.api.resource.json_text import Json
from hypertally.records import Record
from hypertally.store import postgres
from hypertally.store.postgres import Connection
from hypertally.store.queries import Query


class JsonBody(Record, frozen=True, kw_only=True):
    """A row whose only column is JSON that the database wrote."""

    body: str


class WalletGap(Record, frozen=True, kw_only=True, rename={"from_at": "from", "until_at": "to"}):
    """A gap in the record of a wallet, written as every answer shows it."""

    wallet: str
    coin: str
    kind: str
    from_at: str | None  # None: nothing is known before `until_at`
    until_at: str | None
    missing_size_coin: str | None


class Restatement(Record, frozen=True, kw_only=True):
    """What a published row said before it was restated."""

    restated_at: str
    cause: str
    changes: str  # JSON

    def show(self) -> "ShownRestatement":
        """Return the restatement as every explanation shows it."""
        return ShownRestatement(
            restated_at=self.restated_at, cause=self.cause, changes=Json(self.changes.encode())
        )


class ShownRestatement(Record, frozen=True, kw_only=True):
    """A restatement in an answer."""

    restated_at: str
    cause: str
    changes: Json


async def read_json(
    connection: Connection, statement: Query, parameters: Mapping[str, object]
) -> Json:
    """Return the JSON that a statement of one row and one column wrote."""
    row = await postgres.read_row(connection, statement, parameters, shape=JsonBody)
    return Json(row.body.encode())


async def find_row(
    connection: Connection, statement: Query, parameters: Mapping[str, object]
) -> dict[str, Any] | None:
    """Return the only row of a statement, or None."""
    cursor = await connection.execute(statement.text, parameters)
    return await cursor.fetchone()


async def read_rows(
    connection: Connection, statement: Query, parameters: Mapping[str, object]
) -> list[dict[str, Any]]:
    """Return all rows of a statement; every statement of the API limits its rows itself."""
    cursor = await connection.execute(statement.text, parameters)
    return await cursor.fetchall()
