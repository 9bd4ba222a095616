"""The allowance of one upstream host, as rows that all processes share.

A token bucket that may burst and refill can spend up to twice the allowance inside one minute, and
the exchange answers that with 429. So the bucket keeps its spends for a minute and lets a request
pass only if the sum over the last 60 seconds stays within the allowance. A spend counts from its
answer, which is later than the exchange counts it; so our sum is never below the exchange's.

Snapshots of a minute cannot wait for pulls that have used the allowance up: while snapshots run,
pulls leave them a share of every minute. `snapshots()` gives the budget that spends from the share.
"""

import asyncio
from contextvars import ContextVar

from hypertally.records import Record
from hypertally.settings import PAGE_WEIGHT_MAX
from hypertally.store.postgres import Connection, Pool, read_row, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)
WINDOW_SECONDS = 60.0  # of the exchange; a test may scale it down
WAIT_SECONDS_MAX = 1.0  # look again this often: refunds free weight before it expires
SHARE_SECONDS = 180.0  # a share that three cycles did not renew is nobody's any more

# The kind of job that asks in this task; a worker sets it as it begins a job.
spent_for: ContextVar[str | None] = ContextVar("spent_for", default=None)


class _Reservation(Record, frozen=True, kw_only=True):
    id: int | None  # None: the allowance is used up for now
    wait_seconds: float


class _Free(Record, frozen=True, kw_only=True):
    weight: int


class SharedBudget:
    """The allowance of one upstream host for this address, kept in ops.weight_spends."""

    def __init__(
        self,
        pool: Pool,
        *,
        upstream_host: str,
        weight_per_minute: int,
        window_seconds: float = WINDOW_SECONDS,
        for_snapshots: bool = False,
    ) -> None:
        self._pool = pool
        self._upstream_host = upstream_host
        self._limit = weight_per_minute
        self._window_seconds = window_seconds
        self._for_snapshots = for_snapshots

    def snapshots(self) -> "SharedBudget":
        """The same allowance, with the right to spend the share that pulls leave free."""
        return self._of_use(for_snapshots=True)

    def pulls(self) -> "SharedBudget":
        """The same allowance, without the share of snapshots."""
        return self._of_use(for_snapshots=False)

    def _of_use(self, *, for_snapshots: bool) -> "SharedBudget":
        return SharedBudget(
            self._pool,
            upstream_host=self._upstream_host,
            weight_per_minute=self._limit,
            window_seconds=self._window_seconds,
            for_snapshots=for_snapshots,
        )

    def part(self, purpose: str, weight_per_minute: int) -> "SharedBudget":
        """What one purpose spends, counted by itself: no more than this. See `LimitedBudget`."""
        return SharedBudget(
            self._pool,
            upstream_host=f"{self._upstream_host} ({purpose})",
            weight_per_minute=weight_per_minute,
            window_seconds=self._window_seconds,
        )

    def share_of(self, weight: int) -> int:
        """How much of a share of this weight snapshots are given."""
        return max(0, min(weight, self._limit - PAGE_WEIGHT_MAX))

    async def reserve_share(self, weight: int) -> None:
        """Reserve this much of each minute for snapshots, until the reservation runs out.

        Snapshots renew it every minute. A pull of one full page a minute stays possible.
        """
        share = self.share_of(weight)
        async with transaction(self._pool) as connection:
            await self._lock(connection)
            await connection.execute(
                QUERIES["reserve_share"].text,
                {"upstream_host": self._upstream_host, "weight": share, "seconds": SHARE_SECONDS},
            )

    async def reserve(self, weight: int) -> int:
        """Wait until `weight` may be spent; the reservation's number."""
        while True:
            reservation = await self._try_reserve(weight)
            if reservation.id is not None:
                return reservation.id
            await asyncio.sleep(min(reservation.wait_seconds, WAIT_SECONDS_MAX))

    async def settle(self, reservation: int, weight: int) -> None:
        """Say what the request really cost; the rest is free at once."""
        async with transaction(self._pool) as connection:
            await connection.execute(QUERIES["settle"].text, {"id": reservation, "weight": weight})

    async def read_free(self) -> int:
        """The weight that may be spent now."""
        parameters = {
            "upstream_host": self._upstream_host,
            "share_name": self._share_name,
            "snapshots": self._for_snapshots,
            "limit": self._limit,
            "window_seconds": self._window_seconds,
        }
        async with transaction(self._pool) as connection:
            row = await read_row(connection, QUERIES["read_free"], parameters, shape=_Free)
        return row.weight

    async def _try_reserve(self, weight: int) -> _Reservation:
        parameters = {
            "upstream_host": self._upstream_host,
            "share_name": self._share_name,
            "snapshots": self._for_snapshots,
            "weight": weight,
            "purpose": spent_for.get(),
            "limit": self._limit,
            "window_seconds": self._window_seconds,
        }
        async with transaction(self._pool) as connection:
            await self._lock(connection)
            return await read_row(connection, QUERIES["reserve"], parameters, shape=_Reservation)

    @property
    def _share_name(self) -> str:
        return f"{self._upstream_host} (snapshots)"

    async def _lock(self, connection: Connection) -> None:
        host = self._upstream_host
        for name in (host, self._share_name) if self._for_snapshots else (host,):
            await connection.execute(QUERIES["ensure_budget"].text, {"upstream_host": name})
        await connection.execute(QUERIES["lock_budget"].text, {"upstream_host": host})


async def prune(pool: Pool) -> None:
    """Forget spends that can no longer count."""
    async with transaction(pool) as connection:
        await connection.execute(QUERIES["prune"].text)
