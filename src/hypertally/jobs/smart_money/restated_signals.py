"""Signals that later fills change: computed again in order, and told as restatements.

Signals are issued as their period ends; the fills of its exits are read a minute and more later.
Each signal builds on the one before, so all of them from the earliest changed one on are computed
again. Versions 1 and 2 read no such fills and stay as they are.
"""

from datetime import datetime

from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.kinds import Handlers, Kind, Lane, NoPayload, declare, enqueue
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources
from hypertally.metrics.smart_money import signal_outcomes, signals
from hypertally.metrics.smart_money.formulas.v3.scores import V3
from hypertally.metrics.smart_money.formulas.wallet_moves import EXITS
from hypertally.metrics.smart_money.signal_periods import PeriodHistory
from hypertally.metrics.smart_money.v3 import restatements
from hypertally.metrics.smart_money.v3 import signals as v3_signals
from hypertally.records import ASSETS, Record
from hypertally.store.postgres import Connection, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)
PERIODS_A_JOB = 24  # keeps the lock of signals short; the rest follow in the next

RECOMPUTE_SIGNALS = declare(
    Kind(
        name="recompute_signals",
        payload_type=NoPayload,
        lane=Lane.WATCHING,
        leaves_when_killed="nothing: marks and signals are one transaction",
        priority=41,
    )
)


class _Period(Record, frozen=True, kw_only=True):
    at: datetime


class _Mark(Record, frozen=True, kw_only=True):
    id: int


async def lock_signals(connection: Connection) -> None:
    """Wait for a computation of signals: it read all the fills that are stored, or none."""
    await connection.execute(QUERIES["lock_signals"].text)


async def mark_signals(
    connection: Connection, wallet_id: int, *, from_at: datetime, to_at: datetime
) -> None:
    """Mark the signals in which a wallet left a position in this time."""
    bound = {
        "wallet_id": wallet_id,
        "from_at": from_at,
        "to_at": to_at,
        "definition": V3,
        "assets": list(ASSETS),
        "exits": sorted(EXITS),
    }
    await connection.execute(QUERIES["mark_signals"].text, bound)


async def enqueue_marked(connection: Connection) -> None:
    """Queue the computation of the marked signals, once for all marks."""
    if await read_rows(connection, QUERIES["list_marks"], shape=_Mark):
        await enqueue(connection, RECOMPUTE_SIGNALS, NoPayload())


async def recompute_signals(resources: Resources, job: Job) -> None:
    """Compute the marked signals again, and those that build on them."""
    async with queue.finishing(resources.pool, job) as connection:
        await lock_signals(connection)
        bound = {"definition": V3, "limit": PERIODS_A_JOB + 1}
        periods = await read_rows(connection, QUERIES["take_periods"], bound, shape=_Period)
        history = PeriodHistory.of()
        for period in periods[:PERIODS_A_JOB]:
            await _recompute(connection, period.at, history)
        for period in periods[PERIODS_A_JOB:]:
            await connection.execute(QUERIES["mark_rest"].text, {"at": period.at})
            await enqueue(connection, RECOMPUTE_SIGNALS, NoPayload())


async def _recompute(connection: Connection, at: datetime, history: PeriodHistory) -> None:
    issued = await restatements.read_issued(connection, at)
    await history.signals.advance_to(connection, at)
    await v3_signals.rebuild(connection, at, sizes=history.signals, history=history.v3)
    await signal_outcomes.rebuild(connection, at)
    await restatements.insert(connection, at, issued)
    await connection.execute(signals.QUERIES["keep_computed_at"].text, {"at": at})


HANDLERS: Handlers = {RECOMPUTE_SIGNALS: recompute_signals}
