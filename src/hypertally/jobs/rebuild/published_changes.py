"""What a rebuild changed among published figures: by metric and column, from the restatements."""

from decimal import Decimal

from hypertally.records import Record
from hypertally.store.postgres import Pool, read_row, read_rows, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)


class ChangedColumn(Record, frozen=True, kw_only=True):
    """A column of a metric of which published values changed."""

    metric: str
    column: str
    cause: str  # definition, late facts, prices ...
    rows: int
    largest: Decimal | None  # of the changes from a number to a number; None: there is none


class _LastRestatement(Record, frozen=True, kw_only=True):
    id: int


async def last_restatement(pool: Pool) -> int:
    """The number of the newest restatement: later ones are of what is done now."""
    async with transaction(pool) as connection:
        row = await read_row(connection, QUERIES["read_last_restatement"], shape=_LastRestatement)
    return row.id


async def list_changes(pool: Pool, *, after: int) -> list[ChangedColumn]:
    """The columns whose published values changed since a restatement, most rows first."""
    async with transaction(pool) as connection:
        parameters = {"after": after}
        return await read_rows(connection, QUERIES["sum_changes"], parameters, shape=ChangedColumn)
