"""The watcher of the worker: another process judges `system_stale` while no worker does.

Each API process runs one. It fires and tells; only a worker that records minutes resolves, because
a worker that is dead again would otherwise be called well. The lock of checks and the time of the
last judgement decide, in the database, that one process tells it.

    a worker checked within two minutes --> nothing to do
    else, the last minute recorded is stale, or no worker checked for ten minutes --> fire, deliver

Where no worker ever checked, the time counts from the start of this process.
"""

import asyncio
import os
import socket
from datetime import datetime, timedelta

import structlog
from msgspec.structs import replace

from hypertally.errors import LeaseLost, TryLater
from hypertally.jobs.alerts import transitions
from hypertally.jobs.alerts.delivery import DELIVER_ALERT, deliver_alert
from hypertally.jobs.alerts.feed import NO_WORKER, read_feed
from hypertally.jobs.alerts.state_machine import Evaluation
from hypertally.jobs.alerts.subjects import SYSTEM, Subject, time_text
from hypertally.jobs.alerts.transitions import Check
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.long_sessions import end_long_sessions
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources
from hypertally.metrics.smart_money.formulas.thresholds import DEGRADED_AGE
from hypertally.records import Record
from hypertally.store.postgres import Connection, read_row, transaction
from hypertally.store.queries import load

log = structlog.get_logger()

QUERIES = load(__file__)
GRACE_SECONDS = 30.0  # a worker that starts together with this process checks before that
LOOK_SECONDS = 15.0
SILENT_AFTER = timedelta(minutes=2)  # a worker checks every 30 seconds
DELIVERIES_AT_ONCE = 4
LEASE_SECONDS = 60.0  # a channel has 20: the lease needs no renewal


class _WorkerCheck(Record, frozen=True, kw_only=True):
    checked_at: datetime | None  # None: no worker has checked yet


class _Silence(Record, frozen=True, kw_only=True):
    """The time in which no worker checked."""

    checked_at: datetime | None
    started_at: datetime  # of the process that watches

    @property
    def since(self) -> datetime:
        return self.checked_at or self.started_at

    def words(self) -> str:
        since = time_text(self.since)
        if self.checked_at is None:
            return f"no worker has ever checked alerts; the API has waited since {since}"
        return f"no worker has checked alerts since {since}"


class Watchdog:
    """Looks after the worker until it is cancelled."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._started_at = resources.clock()
        self._name = f"{socket.gethostname()}:{os.getpid()}:watchdog"

    async def run(self) -> None:
        """Look, and look again."""
        await asyncio.sleep(GRACE_SECONDS)
        while True:
            try:
                await end_long_sessions(self._resources.pool)
                await self.look()
            except TryLater as problem:
                log.warning("database away", problem=str(problem))
            except Exception as problem:  # noqa: BLE001 - the watcher must outlive any look
                log.warning("the watcher of the worker failed", error=repr(problem))
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Judge `system_stale` if no worker does, and deliver what no worker delivers."""
        now = self._resources.clock()
        at = now.replace(second=0, microsecond=0)
        async with transaction(self._resources.pool) as connection:
            await transitions.lock(connection)
            worker = await read_row(connection, QUERIES["read_worker_check"], shape=_WorkerCheck)
            silence = _Silence(checked_at=worker.checked_at, started_at=self._started_at)
            if now - silence.since <= SILENT_AFTER:
                return
            evaluation = await _evaluate(connection, at, silence)
            check = Check(connection, tuple(self._resources.channels))
            await check.judge(Subject(type="system_stale", subject=SYSTEM, evaluation=evaluation))
            await check.queue_messages()
            await transitions.note_check(connection, ["system_stale"], at=at, by="api")
        await self._deliver()

    async def _deliver(self) -> None:
        pool = self._resources.pool
        await queue.reap(pool)  # what the dead worker was about to send
        while jobs := await queue.claim(
            pool,
            worker=self._name,
            lease_seconds=LEASE_SECONDS,
            limit=DELIVERIES_AT_ONCE,
            only_kinds=[DELIVER_ALERT.name],
        ):
            await asyncio.gather(*(self._deliver_one(job) for job in jobs))

    async def _deliver_one(self, job: Job) -> None:
        try:
            await deliver_alert(self._resources, job)
        except LeaseLost as problem:
            log.warning("lease lost", job=job.id, problem=str(problem))
        except TryLater as problem:
            log.warning("alert not delivered", job=job.id, problem=str(problem))
            await queue.put_back(self._resources.pool, job, error=str(problem))


async def _evaluate(connection: Connection, at: datetime, silence: _Silence) -> Evaluation:
    """Whether the system is stale while no worker checks; that it is well is not said."""
    feed = await read_feed(connection, at)
    if feed.condition == "holds":
        return feed
    if at - silence.since <= DEGRADED_AGE:
        return replace(feed, condition="neither", reason="no worker checks alerts")
    minutes = (at - silence.since) // timedelta(minutes=1)
    checked_at = silence.checked_at and time_text(silence.checked_at)
    return Evaluation(
        at=at,
        condition="holds",
        reason=f"{silence.words()}, for {minutes} min: nothing is pulled, computed or recorded",
        figures=dict(feed.figures) | {"because": NO_WORKER, "checked_at": checked_at},
    )
