"""The exchange's allowance for this egress address, as rows that all processes share.

A token bucket that may burst and refill can spend up to twice the allowance inside one minute, and
the exchange answers that with 429. So the bucket keeps its spends for a minute and lets a request
pass only if the sum over the last 60 seconds stays within the allowance. A spend counts from its
answer, which is later than the exchange counts it; so our sum is never below the exchange's.

Snapshots of a minute cannot wait for pulls that have used it up: while they run, pulls leave them
a share of every minute. Who wants to spend from it asks `snapshots()` for it.
"""

import asyncio

from hypertally.settings import PAGE_WEIGHT_MAX
from hypertally.store.postgres import Connection, Pool, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)
WINDOW_SECONDS = 60.0  # of the exchange; a test may scale it down
WAIT_SECONDS_MAX = 1.0  # look again this often: refunds free weight before it expires
KEPT_SECONDS = 180.0  # a share that three cycles did not renew is nobody's any more


class SharedBudget:
    """The allowance of one egress address for one upstream, kept in ops.weight_spends."""

    def __init__(
        self,
        pool: Pool,
        *,
        egress: str,
        weight_per_minute: int,
        window_seconds: float = WINDOW_SECONDS,
        for_snapshots: bool = False,
    ) -> None:
        self._pool = pool
        self._egress = egress
        self._limit = weight_per_minute
        self._window_seconds = window_seconds
        self._for_snapshots = for_snapshots

    def snapshots(self) -> "SharedBudget":
        """The same allowance, for who may spend what pulls leave free."""
        return SharedBudget(
            self._pool,
            egress=self._egress,
            weight_per_minute=self._limit,
            window_seconds=self._window_seconds,
            for_snapshots=True,
        )

    async def keep(self, weight: int) -> None:
        """Have pulls leave this much of each minute from now on; it must be said again in time.

        A pull of one full page a minute stays possible.
        """
        share = max(0, min(weight, self._limit - PAGE_WEIGHT_MAX))
        async with transaction(self._pool) as connection:
            await self._lock(connection)
            await connection.execute(
                QUERIES["keep_share"].text,
                {"egress": self._egress, "weight": share, "seconds": KEPT_SECONDS},
            )

    async def reserve(self, weight: int) -> int:
        """Wait until `weight` may be spent; the reservation's number."""
        while True:
            reservation, wait_seconds = await self._try_reserve(weight)
            if reservation is not None:
                return reservation
            await asyncio.sleep(min(wait_seconds, WAIT_SECONDS_MAX))

    async def settle(self, reservation: int, weight: int) -> None:
        """Say what the request really cost; the rest is free at once."""
        async with transaction(self._pool) as connection:
            await connection.execute(QUERIES["settle"].text, {"id": reservation, "weight": weight})

    async def _try_reserve(self, weight: int) -> tuple[int | None, float]:
        bound = {
            "egress": self._egress,
            "lane": self._lane,
            "snapshots": self._for_snapshots,
            "weight": weight,
            "limit": self._limit,
            "window_seconds": self._window_seconds,
        }
        async with transaction(self._pool) as connection:
            await self._lock(connection)
            row = await (await connection.execute(QUERIES["reserve"].text, bound)).fetchone()
        assert row is not None  # the statement always answers one row
        return row["id"], row["wait_seconds"]

    @property
    def _lane(self) -> str:
        return f"{self._egress} (snapshots)"

    async def _lock(self, connection: Connection) -> None:
        for name in (self._egress, self._lane) if self._for_snapshots else (self._egress,):
            await connection.execute(QUERIES["ensure_egress"].text, {"egress": name})
        await connection.execute(QUERIES["lock_egress"].text, {"egress": self._egress})


async def prune(pool: Pool) -> None:
    """Forget spends that can no longer count."""
    async with transaction(pool) as connection:
        await connection.execute(QUERIES["prune"].text)
