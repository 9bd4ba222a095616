"""The shape of a metric: what it reads, what names a row, and how its rows are computed.

A definition says what a number means. A metric is a definition whose rows can be computed again at
any time: `rebuild` and `verify` walk the same units of work and call the same function, one into
the real tables, the other into empty twins of them.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import Any, TypeAlias

from msgspec import field

from hypertally.records import Record
from hypertally.store.postgres import Connection
from hypertally.store.queries import Query
from hypertally.store.twins import Part

FIRST_DAY, LAST_DAY = date(1970, 1, 1), date.max
METRICS_SCHEMA = "metrics"

# What one transaction computes: a wallet's id, a batch of keys, the end of a period.
Unit: TypeAlias = Any


class Days(Record, frozen=True, kw_only=True):
    """The UTC days a rebuild is asked for, both included."""

    first: date = FIRST_DAY
    last: date = LAST_DAY


class Scope(Record, frozen=True, kw_only=True):
    """Where a rebuild writes, and which days it is asked for."""

    schema: str = METRICS_SCHEMA
    days: Days = Days()
    # What a metric carries from one unit to the next, such as sliding counts: by metric.
    carried: dict[str, Any] = field(default_factory=dict)


class Walk(Record, frozen=True, kw_only=True):
    """The units of work that a rebuild goes through, each computed in one transaction.

    Metrics of one walk are computed together: a reader sees all of a unit before or after.
    """

    # The units after a unit (None: the first ones), in order; none: the walk is at its end.
    list_units: Callable[[Connection, Days, Unit | None], Awaitable[Sequence[Unit]]]
    lock: Query  # what the jobs that compute a unit lock too; `unit` is a parameter
    waiting: Query | None = None  # the keys whose computation is queued
    waiting_key: tuple[str, ...] = ()  # the columns of `waiting`


class Archived(Record, frozen=True, kw_only=True):
    """The units whose facts rest in the archive alone, and how they are taken over from there."""

    dataset: str
    # By unit, the days that would have to be restored.
    list_units: Callable[[Connection, Days], Awaitable[Mapping[Unit, set[date]]]]
    # Take over the stored rows of a unit into the scope's schema; how many.
    copy: Callable[[Connection, Unit, Scope], Awaitable[int]]


class Definition(Record, frozen=True, kw_only=True):
    """What a derived number means: its version, its words, its statement, its code."""

    name: str  # of the table in the schema metrics
    reads: tuple[str, ...]
    key: tuple[str, ...]
    definition: str  # name/version
    words: str
    queries: Mapping[str, Query]
    statement: str  # the name of the statement that computes it
    module: str  # whose code, and the code of the metrics it imports, computes it


class Metric(Definition, frozen=True, kw_only=True):
    """A derived table that can be computed again from facts."""

    walk: Walk
    # Compute a unit again in the caller's transaction; how many rows.
    rebuild: Callable[[Connection, Unit, Scope], Awaitable[int]]
    parts: tuple[Part, ...] = ()
    # The column, if a key has a row for each audience: row security chooses one.
    audience: str | None = None
    archived: Archived | None = None

    @property
    def whole_key(self) -> tuple[str, ...]:
        """The key of its table: that of a reader, and the audience."""
        return (*self.key, self.audience) if self.audience else self.key

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that it writes, in the schema metrics."""
        return (self.name, *(part.table for part in self.parts))


def all_at_once(
    list_all: Callable[[Connection, Days], Awaitable[Sequence[Unit]]],
) -> Callable[[Connection, Days, Unit | None], Awaitable[Sequence[Unit]]]:
    """A walk's `list_units` for a list that is short enough to be read whole."""

    async def list_units(connection: Connection, days: Days, after: Unit | None) -> Sequence[Unit]:
        return [] if after is not None else await list_all(connection, days)

    return list_units
