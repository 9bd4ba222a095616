"""Signals of the period that has just ended, and of the periods missed before it, in order."""

from datetime import datetime

from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.alert_checks import enqueue_alert_check, minute_key
from hypertally.jobs.runtime.kinds import Handlers, Kind, Lane, TimePayload, declare, enqueue
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources
from hypertally.metrics.smart_money import signal_outcomes, signal_periods
from hypertally.metrics.smart_money.formulas.thresholds import PERIOD, is_period_end
from hypertally.metrics.smart_money.signal_periods import PeriodHistory
from hypertally.records import Record
from hypertally.store.postgres import Connection, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)

COMPUTE_SIGNALS = declare(
    Kind(
        name="compute_signals",
        payload_type=TimePayload,
        lane=Lane.WATCHING,
        leaves_when_killed="nothing: signals are one transaction, and the next run makes up for it",
        distinguish=minute_key,
        priority=98,  # only the minute that a signal is made of is more urgent
    )
)


class DuePeriod(Record, frozen=True, kw_only=True):
    """The end of a period that has no signals yet."""

    at: datetime


async def enqueue_signals(connection: Connection, minute: datetime) -> None:
    """Queue the signals of the period that this minute ends, if the minute ends a period."""
    if is_period_end(minute):
        await enqueue(connection, COMPUTE_SIGNALS, TimePayload(at=minute))


async def compute_signals(resources: Resources, job: Job) -> None:
    """Compute the signals up to the period of the job, and the outcomes of earlier signals."""
    at = COMPUTE_SIGNALS.read_payload(job).at
    async with queue.finishing(resources.pool, job) as connection:
        await connection.execute(QUERIES["lock_signals"].text)
        history = PeriodHistory.of()
        for period in await read_rows(
            connection, QUERIES["list_due_periods"], {"at": at, "period": PERIOD}, shape=DuePeriod
        ):
            await signal_periods.rebuild(connection, period.at, history)
            await signal_outcomes.rebuild(connection, period.at)
        await enqueue_alert_check(connection, at)


HANDLERS: Handlers = {COMPUTE_SIGNALS: compute_signals}
