"""The worker: claims jobs, runs them side by side, renews their leases, survives the database.

A worker holds no state that matters: the jobs of a worker that was killed are found in the queue by
another worker once their leases have run out.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable

import structlog

from hypertally.errors import InvariantBroken, LeaseLost, RateLimited, SourcePaused, TryLater
from hypertally.jobs import periodic, second_readings, wallet_pulls
from hypertally.jobs.activity import end_positions, gap_repair
from hypertally.jobs.activity import rollup as activity_rollup
from hypertally.jobs.alerts import check, delivery, heartbeat
from hypertally.jobs.market import candles_and_mids, hour_prices, reference_prices
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.kinds import Lane, collect_handlers
from hypertally.jobs.runtime.lanes import PLACES, LanePlaces, lanes_of
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources
from hypertally.jobs.runtime.shared_budget import spent_for
from hypertally.jobs.smart_money import (
    exit_readings,
    restated_signals,
    signals,
    snapshots,
    universe,
)
from hypertally.jobs.twaps import rollup as twap_rollup
from hypertally.jobs.twaps import source_import
from hypertally.records import Record
from hypertally.sources.pause import Entry
from hypertally.store.postgres import notifications, transaction

log = structlog.get_logger()

POOL_SIZE = PLACES + 3  # each job one connection; claims, leases and the budget the rest
LEASE_SECONDS = 15.0
IDLE_SECONDS_MAX = 1.0  # a wake-up may be lost with its connection: look this often anyway
DATABASE_AWAY_SECONDS = 0.5
STOP_SECONDS_MAX = 3.0  # a page in hand is stored in less
ERROR_CHARS_MAX = 2000

# Every kind of job, and the function that runs its jobs.
HANDLERS = collect_handlers(
    (
        wallet_pulls.HANDLERS,
        periodic.HANDLERS,
        second_readings.HANDLERS,
        activity_rollup.HANDLERS,
        gap_repair.HANDLERS,
        end_positions.HANDLERS,
        reference_prices.HANDLERS,
        hour_prices.HANDLERS,
        candles_and_mids.HANDLERS,
        twap_rollup.HANDLERS,
        source_import.HANDLERS,
        universe.HANDLERS,
        snapshots.HANDLERS,
        signals.HANDLERS,
        exit_readings.HANDLERS,
        restated_signals.HANDLERS,
        check.HANDLERS,
        delivery.HANDLERS,
        heartbeat.HANDLERS,
    )
)
_handlers_by_name = {kind.name: handler for kind, handler in HANDLERS.items()}
ASKING_KINDS = frozenset(kind.name for kind in HANDLERS if kind.lane == Lane.ASKING)
AWAITED_KINDS = frozenset(kind.name for kind in HANDLERS if kind.follows_facts)


class Options(Record, frozen=True, kw_only=True):
    """How a worker behaves; the defaults are production's."""

    lease_seconds: float = LEASE_SECONDS
    until_idle: bool = False  # stop when nothing is due
    watching_alone: bool = False  # leave every job but smart money to other workers


class Worker:
    """Runs jobs until told to stop."""

    def __init__(self, resources: Resources, options: Options | None = None) -> None:
        self._resources = resources
        self._pool = resources.pool
        self._options = options or Options()
        self._lanes = lanes_of(
            HANDLERS,
            watching=resources.watch is not None,
            watching_alone=self._options.watching_alone,
        )
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._running: dict[asyncio.Task[None], Job] = {}
        self._stopping = asyncio.Event()
        self._woken = asyncio.Event()

    def stop(self) -> None:
        """Claim nothing more; `run` returns when the running jobs have ended."""
        self._stopping.set()
        self._woken.set()

    async def run(self) -> None:
        """Work until `stop`, or until nothing is due if so asked."""
        keepers = [
            asyncio.create_task(self._keep_leases()),
            asyncio.create_task(self._listen()),
        ]
        if self._resources.watch and not self._options.until_idle:
            keepers.append(asyncio.create_task(self._begin_minutes()))
        try:
            await self._retry_database(self._start)
            while not self._stopping.is_set():
                idle = await self._retry_database(self._claim)
                if idle and not self._running:
                    return
                await self._wait()
            await self._end_running()
        finally:
            for task in [*keepers, *self._running]:
                task.cancel()
            await asyncio.gather(*keepers, *self._running, return_exceptions=True)

    async def _end_running(self) -> None:
        """Let running jobs end; a pull that waits for its allowance goes back into the queue."""
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
                connection,
                [kind for kind in HANDLERS if any(lane.takes(kind.name) for lane in self._lanes)],
            )
        return True

    async def _retry_database(self, step: Callable[[], Awaitable[bool]]) -> bool:
        """Run a step of the loop, again and again while the database is away."""
        while not self._stopping.is_set():
            try:
                return await step()
            except TryLater as problem:
                log.warning("database away", problem=str(problem))
                await asyncio.sleep(DATABASE_AWAY_SECONDS)
        return False

    async def _claim(self) -> bool:
        """Fill the free places; true when asked to stop at idle and nothing is left to do."""
        self._woken.clear()
        entry = await self._resources.info.pause.look()
        claimed = [await self._claim_in(lane, self._paused_kinds(entry)) for lane in self._lanes]
        if entry is Entry.PROBE and await self._claim_probe():
            return False
        if not self._options.until_idle or self._running or any(claimed):
            return False
        return all(
            [
                await queue.is_idle(
                    self._pool,
                    only_kinds=lane.only_kinds,
                    except_kinds=lane.except_kinds | self._paused_kinds(entry),
                    awaited_kinds=AWAITED_KINDS,
                )
                for lane in self._lanes
            ]
        )

    @staticmethod
    def _paused_kinds(entry: Entry) -> frozenset[str]:
        """The kinds that are not claimed while the exchange is down."""
        return frozenset() if entry is Entry.OPEN else ASKING_KINDS

    async def _claim_probe(self) -> bool:
        """Claim one job that asks the exchange, whose request says whether it is back."""
        if any(job.kind in ASKING_KINDS for job in self._running.values()):
            return False
        takers = [lane for lane in self._lanes if any(map(lane.takes, ASKING_KINDS))]
        for lane in takers:
            jobs = await queue.claim(
                self._pool,
                worker=self._name,
                lease_seconds=self._options.lease_seconds,
                limit=1,
                only_kinds=[kind for kind in ASKING_KINDS if lane.takes(kind)],
            )
            for job in jobs:
                self._begin(job)
            if jobs:
                return True
        return False

    async def _claim_in(self, lane: LanePlaces, paused_kinds: frozenset[str]) -> int:
        """Fill the free places of a lane; how many were filled."""
        claimed = 0
        while (free := lane.places - len(self._running_in(lane))) > 0:
            jobs = await queue.claim(
                self._pool,
                worker=self._name,
                lease_seconds=self._options.lease_seconds,
                # One at a time where the next claim depends on the kind of this one.
                limit=free if lane.places_a_kind is None else 1,
                only_kinds=lane.only_kinds,
                except_kinds=lane.except_kinds
                | lane.full_kinds(self._running_in(lane))
                | paused_kinds,
            )
            if not jobs:
                break
            for job in jobs:
                self._begin(job)
            claimed += len(jobs)
        return claimed

    def _running_in(self, lane: LanePlaces) -> list[str]:
        """The kind of each job that holds a place of a lane."""
        return [job.kind for job in self._running.values() if lane.takes(job.kind)]

    def _begin(self, job: Job) -> None:
        task = asyncio.create_task(self._run_job(job))
        self._running[task] = job
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        self._woken.set()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(IDLE_SECONDS_MAX):
                await self._woken.wait()
        except TimeoutError:
            pass  # nothing woke us: look anyway

    async def _run_job(self, job: Job) -> None:
        spent_for.set(job.kind)  # in the task of this job alone
        handler = _handlers_by_name.get(job.kind)
        try:
            if handler is None:
                raise InvariantBroken(f"no kind of job is called {job.kind!r}")
            await handler(self._resources, job)
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
                    counted=not isinstance(problem, RateLimited | SourcePaused),
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

    async def _begin_minutes(self) -> None:
        """Queue the recording of every minute as the minute begins."""
        while True:
            now = self._resources.clock()
            following = snapshots.floor_minute(now) + snapshots.MINUTE
            await asyncio.sleep((following - now).total_seconds())
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
