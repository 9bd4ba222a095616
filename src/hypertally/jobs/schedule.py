"""Periodic work, as rows of the queue: each run queues the next."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hypertally.errors import Refused, SourceDown
from hypertally.facts import pages
from hypertally.jobs import budget, queue
from hypertally.jobs.clock import now
from hypertally.jobs.prices import REFERENCE_PRIORITY
from hypertally.jobs.pull import pull_fills, pull_window
from hypertally.jobs.queue import Job
from hypertally.records import Wallet
from hypertally.sources.info import InfoClient
from hypertally.store.postgres import Connection, Pool, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)
HOUSEKEEPING_SECONDS = 30
MONTHS_AHEAD = 2  # partitions exist this long before they are needed
KEEP_DONE_HOURS = 24
PERIODIC = (("housekeeping", 95), ("pull_reference", REFERENCE_PRIORITY))
# (traded within, look again after, priority): the busier a wallet, the fresher its record.
PACES = (
    (timedelta(hours=1), 60, 20),
    (timedelta(days=1), 900, 10),
    (None, 3600, 0),
)
FIRST_PULL_PRIORITY = 30  # a wallet just added is looked at before the rounds


async def start(connection: Connection) -> None:
    """Make sure the periodic rows exist; a worker does so whenever it starts."""
    for kind, priority in PERIODIC:
        await connection.execute(
            QUERIES["ensure_periodic"].text, {"kind": kind, "priority": priority}
        )


async def ingest_wallet(pool: Pool, info: InfoClient, job: Job) -> None:
    """Pull one wallet and queue its next pull; one that no org tracks any more is let go."""
    async with transaction(pool) as connection:
        found = await connection.execute(
            QUERIES["read_tracked_wallet"].text, {"wallet_id": job.payload["wallet_id"]}
        )
        row = await found.fetchone()
    if row is None:
        async with queue.finishing(pool, job):
            return
    try:
        pulled = await pull_fills(pool, info, Wallet(**row), job=job)
    except SourceDown as problem:
        async with transaction(pool) as connection:
            await connection.execute(
                QUERIES["note_error"].text, {"wallet_id": row["id"], "error": str(problem)}
            )
        raise
    async with queue.finishing(pool, job) as connection:
        await enqueue_ingest(connection, row["id"], last_ms=pulled.last_ms)


async def enqueue_ingest(
    connection: Connection, wallet_id: int, *, last_ms: int | None, first: bool = False
) -> None:
    """Queue a wallet's next pull: at once if it is the first, else as its activity asks."""
    idle = now().timestamp() - (last_ms or 0) / 1000
    delay, priority = next(
        (delay, priority)
        for within, delay, priority in PACES
        if within is None or idle < within.total_seconds()
    )
    await queue.enqueue(
        connection,
        "ingest_wallet",
        {"wallet_id": wallet_id},
        dedupe_key=f"ingest_wallet:{wallet_id}",
        priority=FIRST_PULL_PRIORITY if first else priority,
        delay_seconds=0 if first else delay,
    )


async def pull_now(pool: Pool, addresses: Sequence[str] | None) -> int:
    """Hurry the pulls of these tracked wallets, None: of all; how many there are.

    Errors: `Refused` that names an address that no org tracks.
    """
    async with transaction(pool) as connection:
        found = await connection.execute(
            QUERIES["list_tracked_wallets"].text, {"addresses": addresses}
        )
        rows = await found.fetchall()
        if missing := set(addresses or ()) - {row["address"] for row in rows}:
            raise Refused(
                f"{min(missing)} is not tracked: `hypertally wallets add {min(missing)}` does"
            )
        for row in rows:
            await enqueue_ingest(connection, row["id"], last_ms=None, first=True)
    return len(rows)


async def repair_gap(pool: Pool, info: InfoClient, job: Job) -> None:
    """Ask again for the window of a break, if it is still one."""
    async with transaction(pool) as connection:
        found = await connection.execute(QUERIES["read_broken_wallet"].text, job.payload)
        row = await found.fetchone()
    if row:
        await pull_window(
            pool,
            info,
            Wallet(**row),
            from_ms=job.payload["from_ms"],
            until_ms=job.payload["to_ms"],
            job=job,
        )
    async with queue.finishing(pool, job):
        pass


def times_ahead(time: datetime) -> set[datetime]:
    """A time in each month from `time` on whose partition must exist; no month is shorter than
    the step.
    """
    return {time + timedelta(days=days) for days in range(0, 31 * MONTHS_AHEAD + 28, 28)}


async def housekeeping(pool: Pool, job: Job) -> None:
    """Partitions ahead of need, forgotten leases, wallets without a pull to come, old rows."""
    for parent in ("hl_fills_raw", "pages"):
        await pages.ensure_months(pool, parent, times_ahead(now()))
    await queue.prune(pool, keep_hours=KEEP_DONE_HOURS)
    await budget.prune(pool)
    async with queue.finishing(pool, job) as connection:
        found = await connection.execute(QUERIES["list_wallets_without_pull"].text)
        for row in await found.fetchall():
            await enqueue_ingest(connection, row["id"], last_ms=None, first=row["first"])
        await queue.enqueue(
            connection,
            "housekeeping",
            dedupe_key="housekeeping",
            priority=95,
            delay_seconds=HOUSEKEEPING_SECONDS,
        )
