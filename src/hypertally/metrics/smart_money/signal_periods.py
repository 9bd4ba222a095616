"""The signals of a period in all their versions, each from the same snapshots."""

from datetime import datetime

from hypertally.metrics.metric import Archived, Metric, Scope
from hypertally.metrics.smart_money import signal_outcomes, signals
from hypertally.metrics.smart_money.formulas.v3.scores import V3
from hypertally.metrics.smart_money.period_walk import PERIODS, list_archived
from hypertally.metrics.smart_money.signal_history import SignalHistory
from hypertally.metrics.smart_money.v3 import ends, feed_coverage, reductions
from hypertally.metrics.smart_money.v3 import signals as v3_signals
from hypertally.metrics.smart_money.v3.signals import V3History
from hypertally.records import Record
from hypertally.store.postgres import Connection, in_schema
from hypertally.store.queries import load
from hypertally.store.twins import Part

QUERIES = load(__file__)


class PeriodHistory(Record, frozen=True, kw_only=True):
    """What successive periods carry on, of a schema."""

    schema: str
    signals: SignalHistory
    v3: V3History

    @classmethod
    def of(cls, schema: str = "metrics") -> "PeriodHistory":
        """An empty one."""
        return cls(schema=schema, signals=SignalHistory(schema), v3=V3History.of(schema))


async def rebuild(connection: Connection, at: datetime, history: PeriodHistory) -> int:
    """Compute the signals of all versions of the period that ends at `at` again; how many rows.

    They build on those of the periods before: the histories go along in order of time.
    """
    schema = history.schema
    rows = await signals.rebuild(connection, at, schema=schema, history=history.signals)
    return rows + await v3_signals.rebuild(
        connection, at, sizes=history.signals, schema=schema, history=history.v3
    )


async def rebuild_period(connection: Connection, at: datetime, scope: Scope) -> int:
    """Compute the signals of a period again, and the outcomes whose horizon ends with it."""
    history = scope.carried.setdefault(METRIC.name, PeriodHistory.of(scope.schema))
    rows = await rebuild(connection, at, history)
    await signal_outcomes.rebuild(connection, at, schema=scope.schema)
    return rows


async def _copy_period(connection: Connection, at: datetime, scope: Scope) -> int:
    """Take over the signals of a period as they are stored; their outcomes need no snapshot."""
    copied = await connection.execute(in_schema(QUERIES["copy_signals"], scope.schema), {"at": at})
    await connection.execute(in_schema(QUERIES["copy_contributors"], scope.schema), {"at": at})
    await signal_outcomes.rebuild(connection, at, schema=scope.schema)
    return copied.rowcount


# Versions 1 and 2 read the fills of records, the third the fills of exits.
READS = (
    *(read for read in signals.READS if read != "facts.hl_fills_raw"),
    "facts.watched_fills",
    "facts.watched_readings",
)
METRIC = Metric(
    name="signals",
    reads=READS,
    key=signals.KEY,
    definition=V3,
    words=v3_signals.WORDS,
    queries={
        **ends.QUERIES,
        **feed_coverage.QUERIES,
        **reductions.QUERIES,
        **v3_signals.QUERIES,
    },
    statement="list_sightings",
    module=__name__,
    walk=PERIODS,
    rebuild=rebuild_period,
    parts=(
        Part(table="signal_contributors", order="wallet_id"),
        Part(table="signal_outcomes", order="horizon_minutes"),
    ),
    archived=Archived(dataset="wallet_snapshots", list_units=list_archived, copy=_copy_period),
)
