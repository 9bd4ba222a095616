"""Computing signals: the period that has just ended, and those missed before it, in order."""

from datetime import datetime

from hypertally.jobs.runtime import enqueue_alert_check, queue
from hypertally.jobs.runtime.queue import Job
from hypertally.metrics.smart_money import signal_outcomes, signals
from hypertally.metrics.smart_money.formulas.thresholds import PERIOD, is_period_end
from hypertally.metrics.smart_money.signal_history import SignalHistory
from hypertally.store.postgres import Connection, Pool
from hypertally.store.queries import load

QUERIES = load(__file__)
PRIORITY = 98  # only the minute that it is made of is more urgent


async def enqueue(connection: Connection, minute: datetime) -> None:
    """Queue the signals of the period that this minute ends, if it ends one."""
    if is_period_end(minute):
        await queue.enqueue(
            connection,
            "compute_signals",
            {"at": minute.isoformat()},
            dedupe_key=f"compute_signals:{minute:%Y-%m-%dT%H:%M}",
            priority=PRIORITY,
        )


async def compute_signals(pool: Pool, job: Job) -> None:
    """Compute the signals up to the period of the job, and what became of earlier ones by then."""
    at = datetime.fromisoformat(job.payload["at"])
    async with queue.finishing(pool, job) as connection:
        await connection.execute(QUERIES["lock_signals"].text)
        found = await connection.execute(
            QUERIES["list_due_periods"].text, {"at": at, "period": PERIOD}
        )
        history = SignalHistory()
        for row in await found.fetchall():
            await signals.rebuild(connection, row["at"], history=history)
            await signal_outcomes.rebuild(connection, row["at"])
        await enqueue_alert_check.enqueue(connection, at)
