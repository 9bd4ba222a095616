"""The worker: claims jobs, runs them side by side, keeps their leases, survives the database.

A worker holds no state that matters: whatever it had in hand when it was killed, another finds in
the queue once the lease has run out.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Mapping

import structlog

from hypertally.errors import InvariantBroken, LeaseLost, RateLimited, TryLater
from hypertally.jobs import market, prices, queue, rollup, schedule, twap_archive, twaps
from hypertally.jobs.queue import Job
from hypertally.jobs.twap_archive import Archive
from hypertally.records import Record
from hypertally.sources.info import InfoClient
from hypertally.store.postgres import Pool, notifications, transaction

log = structlog.get_logger()

# Jobs side by side: enough to hide the exchange's latency, few enough for one pool. What is asked
# of the exchange waits for its allowance; it must not keep what only computes from its turn.
ASKING_SLOTS = 6
COMPUTING_SLOTS = 3
SLOTS = ASKING_SLOTS + COMPUTING_SLOTS
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
IDLE_SECONDS_MAX = 1.0  # a wake-up may be lost with its connection: look this often anyway
DATABASE_AWAY_SECONDS = 0.5
STOP_SECONDS_MAX = 3.0  # a page in hand is stored in less
ERROR_CHARS_MAX = 2000

Run = Callable[[Job], Awaitable[None]]


class Options(Record, frozen=True, kw_only=True):
    """How a worker behaves; the defaults are production's."""

    lease_seconds: float = LEASE_SECONDS
    until_idle: bool = False  # stop when nothing is due


def handlers(pool: Pool, info: InfoClient, archive: Archive | None) -> Mapping[str, Run]:
    """Every kind of job there is, and what runs it."""
    return {
        "ingest_wallet": lambda job: schedule.ingest_wallet(pool, info, job),
        "ingest_twaps": lambda job: schedule.ingest_twaps(pool, info, job),
        "repair_gap": lambda job: schedule.repair_gap(pool, info, job),
        "rollup_wallet_day": lambda job: rollup.rollup_wallet_day(pool, job),
        "rollup_global_day": lambda job: rollup.rollup_global_day(pool, job),
        "rollup_twaps": lambda job: twaps.rollup_twaps(pool, job),
        "pull_reference": lambda job: prices.pull_reference(pool, info, job),
        "pull_prices": lambda job: prices.pull_prices(pool, info, job),
        "pull_twap_candles": lambda job: market.pull_twap_candles(pool, info, job),
        "ingest_twap_objects": lambda job: twap_archive.ingest_objects(pool, archive, job),
        "pull_mids": lambda job: market.pull_mids(pool, info, job),
        "housekeeping": lambda job: schedule.housekeeping(pool, job),
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
    ) -> None:
        self._pool = pool
        self._handlers = handlers(pool, info, archive)
        self._options = options or Options()
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
            await schedule.start(connection)
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
        computing = await self._claim_up_to(COMPUTING_SLOTS, asking=False)
        asking = await self._claim_up_to(ASKING_SLOTS, asking=True)
        nothing = not self._running and not computing and not asking
        return nothing and self._options.until_idle and await queue.is_idle(self._pool)

    async def _claim_up_to(self, slots: int, *, asking: bool) -> int:
        """Fill the slots of what asks the exchange, or of what does not; how many were filled."""
        taken = sum((job.kind in ASKING) == asking for job in self._running.values())
        if taken >= slots:
            return 0
        jobs = await queue.claim(
            self._pool,
            worker=self._name,
            lease_seconds=self._options.lease_seconds,
            limit=slots - taken,
            kinds=ASKING,
            among=asking,
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

    async def _listen(self) -> None:
        """Wake on a notification; when the connection is lost, the idle look takes over."""
        while True:
            try:
                async for _ in notifications(self._pool, queue.CHANNEL):
                    self._woken.set()
            except TryLater as away:
                log.debug("not listening", problem=str(away))
            await asyncio.sleep(DATABASE_AWAY_SECONDS)
