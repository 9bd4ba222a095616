"""What every explanation holds: the definition, and when the figures were computed."""

from collections.abc import Sequence
from typing import Final

from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, find_row, read_row

RESTATEMENTS_SHOWN_MAX: Final = 100  # the newest; a figure is restated a few times at most

_QUERIES = queries.load(__file__)


class MetricDefinition(Record, frozen=True, kw_only=True):
    """A version of a metric's definition, as metrics.definitions holds it."""

    id: str
    version: int
    words: str
    sql: str


class _LastComputation(Record, frozen=True, kw_only=True):
    computed_at: str | None


async def find_definition(
    connection: Connection, metric: str, definition: str | None
) -> MetricDefinition | None:
    """Return a version of a metric's definition; the newest when `definition` names none."""
    parameters = {"metric": metric, "definition": definition}
    return await find_row(
        connection, _QUERIES["read_definition"], parameters, shape=MetricDefinition
    )


async def read_computed_at(connection: Connection, metric: str, keys: Sequence[str]) -> str | None:
    """Return when one of the keys was last computed; None: never, or not for this caller."""
    parameters = {"metric": metric, "keys": list(keys)}
    row = await read_row(
        connection, _QUERIES["read_computed_at"], parameters, shape=_LastComputation
    )
    return row.computed_at
