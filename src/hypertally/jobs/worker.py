"""The worker: claims jobs, runs them side by side, keeps their leases, survives the database.

A worker holds no state that matters: whatever it had in hand when it was killed, another finds in
the queue once the lease has run out.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

from hypertally.clock import now
from hypertally.errors import InvariantBroken, LeaseLost, RateLimited, TryLater
from hypertally.jobs import periodic
from hypertally.jobs.activity import rollup
from hypertally.jobs.alerts import check, delivery
from hypertally.jobs.market import candles_and_mids, reference_prices
from hypertally.jobs.runtime import enqueue_alert_check, queue
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.smart_money import signals, snapshots, universe
from hypertally.jobs.smart_money.snapshots import Watch
from hypertally.jobs.twaps import import_archive, pull_and_rollup
from hypertally.jobs.twaps.import_archive import Archive
from hypertally.records import Record
from hypertally.sources.info import InfoClient
from hypertally.sources.notifications import Channels
from hypertally.store.postgres import Pool, notifications, transaction

log = structlog.get_logger()

# Jobs side by side: enough to hide the exchange's latency, few enough for one pool. What is asked
# of the exchange waits for its allowance; it must not keep what only computes from its turn, nor
# the minute's snapshot from its minute. Nor may a mail server that is slow.
ASKING_SLOTS = 6
COMPUTING_SLOTS = 3
WATCHING_SLOTS = 3
ALERTING_SLOTS = 4  # two receivers that hang hold up no check
SLOTS = ASKING_SLOTS + COMPUTING_SLOTS + WATCHING_SLOTS + ALERTING_SLOTS
ASKING = frozenset(
    (
        "ingest_wallet",
        "ingest_twaps",
        "repair_gap",
        "pull_reference",
        "pull_prices",
        "pull_twap_candles",
        "pull_mids",
    )
)
POOL_SIZE = SLOTS + 3  # each job one connection; claims, leases and the budget the rest
LEASE_SECONDS = 15.0
WEIGHT_PER_MINUTE = 1200  # the exchange's allowance
IDLE_SECONDS_MAX = 1.0  # a wake-up may be lost with its connection: look this often anyway
DATABASE_AWAY_SECONDS = 0.5
STOP_SECONDS_MAX = 3.0  # a page in hand is stored in less
ERROR_CHARS_MAX = 2000

# What the smart money command runs alone: its own jobs, and the prices that they are weighed by.
WATCHING_ALONE = snapshots.KINDS | {"pull_mids"}

Run = Callable[[Job], Awaitable[None]]


class Options(Record, frozen=True, kw_only=True):
    """How a worker behaves; the defaults are production's."""

    lease_seconds: float = LEASE_SECONDS
    until_idle: bool = False  # stop when nothing is due
    watching_alone: bool = False  # leave all to others but smart money
    weight_per_minute: int = WEIGHT_PER_MINUTE  # the allowance that forecasts are made with


class Lane(Record, frozen=True, kw_only=True):
    """Kinds of jobs that run side by side, at most so many."""

    kinds: frozenset[str]
    among: bool  # these kinds; else all but these
    slots: int

    def takes(self, kind: str) -> bool:
        """Whether jobs of a kind run here."""
        return (kind in self.kinds) == self.among


def lanes(options: Options, watch: Watch | None) -> Sequence[Lane]:
    """What a worker takes from the queue: without a `Watch` nothing of smart money."""
    watching = Lane(kinds=snapshots.KINDS, among=True, slots=WATCHING_SLOTS)
    alerting = Lane(kinds=enqueue_alert_check.KINDS, among=True, slots=ALERTING_SLOTS)
    if options.watching_alone:
        return (Lane(kinds=WATCHING_ALONE, among=True, slots=WATCHING_SLOTS), alerting)
    elsewhere = ASKING | snapshots.KINDS | enqueue_alert_check.KINDS
    others = (
        Lane(kinds=elsewhere, among=False, slots=COMPUTING_SLOTS),
        Lane(kinds=ASKING, among=True, slots=ASKING_SLOTS),
        alerting,
    )
    return (watching, *others) if watch else others


def watching_handlers(pool: Pool, watch: Watch) -> Mapping[str, Run]:
    """Every kind of job of smart money, and what runs it."""
    return {
        "refresh_universe": lambda job: universe.refresh_universe(pool, watch, job),
        "snapshot_minute": lambda job: snapshots.snapshot_minute(pool, watch, job),
        "compute_signals": lambda job: signals.compute_signals(pool, job),
    }


def handlers(
    pool: Pool,
    info: InfoClient,
    archive: Archive | None,
    channels: Channels,
    weight_per_minute: int,
) -> Mapping[str, Run]:
    """Every other kind of job, and what runs it."""
    return {
        "ingest_wallet": lambda job: periodic.ingest_wallet(pool, info, job),
        "ingest_twaps": lambda job: periodic.ingest_twaps(pool, info, job),
        "repair_gap": lambda job: periodic.repair_gap(pool, info, job),
        "rollup_wallet_day": lambda job: rollup.rollup_wallet_day(pool, job),
        "rollup_global_day": lambda job: rollup.rollup_global_day(pool, job),
        "rollup_twaps": lambda job: pull_and_rollup.rollup_twaps(pool, job),
        "pull_reference": lambda job: reference_prices.pull_reference(pool, info, job),
        "pull_prices": lambda job: reference_prices.pull_prices(pool, info, job),
        "pull_twap_candles": lambda job: candles_and_mids.pull_twap_candles(pool, info, job),
        "ingest_twap_objects": lambda job: import_archive.ingest_objects(pool, archive, job),
        "pull_mids": lambda job: candles_and_mids.pull_mids(pool, info, job),
        "housekeeping": lambda job: periodic.housekeeping(pool, job),
        "check_alerts": lambda job: check.check_alerts(
            pool, tuple(channels), job, weight_per_minute=weight_per_minute
        ),
        "deliver_alert": lambda job: delivery.deliver_alert(pool, channels, job),
    }


class Worker:
    """Runs jobs until told to stop."""

    def __init__(
        self,
        pool: Pool,
        info: InfoClient,
        options: Options | None = None,
        *,
        archive: Archive | None = None,
        watch: Watch | None = None,
        channels: Channels | None = None,
    ) -> None:
        self._pool = pool
        self._options = options or Options()
        self._watching = watch is not None
        self._handlers = {
            **handlers(pool, info, archive, channels or {}, self._options.weight_per_minute),
            **(watching_handlers(pool, watch) if watch else {}),
        }
        self._lanes = lanes(self._options, watch)
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._running: dict[asyncio.Task[None], Job] = {}
        self._stopping = asyncio.Event()
        self._woken = asyncio.Event()

    def stop(self) -> None:
        """Claim nothing more; `run` returns when what is in hand is done."""
        self._stopping.set()
        self._woken.set()

    async def run(self) -> None:
        """Work until `stop`, or until nothing is due if so asked."""
        keepers = [
            asyncio.create_task(self._keep_leases()),
            asyncio.create_task(self._listen()),
        ]
        if self._watching and not self._options.until_idle:
            keepers.append(asyncio.create_task(self._keep_minutes()))
        try:
            await self._surviving(self._start)
            while not self._stopping.is_set():
                idle = await self._surviving(self._claim)
                if idle and not self._running:
                    return
                await self._wait()
            await self._let_go()
        finally:
            for task in [*keepers, *self._running]:
                task.cancel()
            await asyncio.gather(*keepers, *self._running, return_exceptions=True)

    async def _let_go(self) -> None:
        """What is in hand may end; a pull that waits for its allowance goes back into the queue."""
        if self._running:
            await asyncio.wait(self._running, timeout=STOP_SECONDS_MAX)
        unfinished = dict(self._running)
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        if unfinished:
            await queue.release(self._pool, list(unfinished.values()))

    async def _start(self) -> bool:
        async with transaction(self._pool) as connection:
            await periodic.start(
                connection, watching=self._watching, alone=self._options.watching_alone
            )
        return True

    async def _surviving(self, step: Callable[[], Awaitable[bool]]) -> bool:
        """Run a step of the loop; a database that is away is waited for."""
        while not self._stopping.is_set():
            try:
                return await step()
            except TryLater as problem:
                log.warning("database away", problem=str(problem))
                await asyncio.sleep(DATABASE_AWAY_SECONDS)
        return False

    async def _claim(self) -> bool:
        """Fill the free slots; true when asked to stop at idle and nothing is left to do."""
        self._woken.clear()
        claimed = [await self._claim_in(lane) for lane in self._lanes]
        if not self._options.until_idle or self._running or any(claimed):
            return False
        return all(
            [
                await queue.is_idle(self._pool, kinds=lane.kinds, among=lane.among)
                for lane in self._lanes
            ]
        )

    async def _claim_in(self, lane: Lane) -> int:
        """Fill the free slots of a lane; how many were filled."""
        free = lane.slots - sum(lane.takes(job.kind) for job in self._running.values())
        if free <= 0:
            return 0
        jobs = await queue.claim(
            self._pool,
            worker=self._name,
            lease_seconds=self._options.lease_seconds,
            limit=free,
            kinds=lane.kinds,
            among=lane.among,
        )
        for job in jobs:
            task = asyncio.create_task(self._run_job(job))
            self._running[task] = job
            task.add_done_callback(self._finished)
        return len(jobs)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        self._woken.set()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(IDLE_SECONDS_MAX):
                await self._woken.wait()
        except TimeoutError:
            pass  # nothing woke us: look anyway

    async def _run_job(self, job: Job) -> None:
        handler = self._handlers.get(job.kind)
        try:
            if handler is None:
                raise InvariantBroken(f"no job is called {job.kind!r}")
            await handler(job)
        except LeaseLost as problem:
            log.warning("lease lost", job=job.id, kind=job.kind, problem=str(problem))
        except Exception as problem:  # noqa: BLE001 - the loop must outlive any job
            await self._give_back(job, problem)

    async def _give_back(self, job: Job, problem: Exception) -> None:
        log.warning(
            "job failed",
            job=job.id,
            kind=job.kind,
            attempt=job.attempts,
            error=repr(problem),
        )
        error = f"{type(problem).__name__}: {problem}"[:ERROR_CHARS_MAX]
        try:
            if isinstance(problem, InvariantBroken):
                await queue.bury(self._pool, job, error=error)
            else:
                await queue.put_back(
                    self._pool,
                    job,
                    error=error,
                    at=problem.at if isinstance(problem, TryLater) else None,
                    counted=not isinstance(problem, RateLimited),
                )
        except TryLater as away:
            # The lease runs out, and the job is found again.
            log.warning("database away", job=job.id, problem=str(away))

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(self._options.lease_seconds / 3)
            try:
                if self._running:
                    await queue.renew(
                        self._pool,
                        list(self._running.values()),
                        lease_seconds=self._options.lease_seconds,
                    )
                if await queue.reap(self._pool):
                    self._woken.set()
            except TryLater as away:
                log.warning("database away", problem=str(away))

    async def _keep_minutes(self) -> None:
        """Have every minute recorded from its first moment on."""
        while True:
            at = now()
            following = snapshots.floor_minute(at) + snapshots.MINUTE
            await asyncio.sleep((following - at).total_seconds())
            try:
                await snapshots.begin_minute(self._pool, following)
            except TryLater as away:
                log.warning("database away", minute=following.isoformat(), problem=str(away))

    async def _listen(self) -> None:
        """Wake on a notification; when the connection is lost, the idle look takes over."""
        while True:
            try:
                async for _ in notifications(self._pool, queue.CHANNEL):
                    self._woken.set()
            except TryLater as away:
                log.debug("not listening", problem=str(away))
            await asyncio.sleep(DATABASE_AWAY_SECONDS)
