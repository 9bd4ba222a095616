"""Periodic work, as rows of the queue: each run queues the next."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hypertally.clock import now
from hypertally.errors import Refused, SourceDown
from hypertally.facts import pages
from hypertally.jobs.activity.pull_fills import pull_fills, pull_window
from hypertally.jobs.market.candles_and_mids import MIDS_PRIORITY
from hypertally.jobs.market.reference_prices import REFERENCE_PRIORITY
from hypertally.jobs.runtime import enqueue_alert_check, queue, shared_budget
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.smart_money.universe import PRIORITY as UNIVERSE_PRIORITY
from hypertally.jobs.twaps.import_archive import PRIORITY as ARCHIVE_PRIORITY
from hypertally.jobs.twaps.pull_and_rollup import Activity, pull_twaps
from hypertally.records import Wallet
from hypertally.sources.info import InfoClient
from hypertally.store.postgres import Connection, Pool, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)
HOUSEKEEPING_SECONDS = 30
MONTHS_AHEAD = 2  # partitions exist this long before they are needed
KEEP_DONE_HOURS = 24
PERIODIC = (
    ("housekeeping", 95),
    ("pull_reference", REFERENCE_PRIORITY),
    ("pull_mids", MIDS_PRIORITY),
    ("ingest_twap_objects", ARCHIVE_PRIORITY),
)
WATCHING = ("refresh_universe", UNIVERSE_PRIORITY)
MARKS = ("pull_mids", MIDS_PRIORITY)  # what signals are weighed by
# (traded within, look again after, priority): the busier a wallet, the fresher its record.
PACES = (
    (timedelta(hours=1), 60, 20),
    (timedelta(days=1), 900, 10),
    (None, 3600, 0),
)
FIRST_PULL_PRIORITY = 30  # a wallet just added is looked at before the rounds
# The same of a wallet's TWAPs: one that has none costs twenty of the allowance a day.
RUNNING_TWAP_PACE = (60, 20)
TWAP_PACES = (
    (timedelta(days=1), 900, 10),
    (timedelta(days=30), 3600, 0),
    (None, 86_400, 0),
)
FIRST_TWAPS_PRIORITY = 5  # after the rounds of wallets that trade


async def start(connection: Connection, *, watching: bool = False, alone: bool = False) -> None:
    """Make sure the periodic rows exist; a worker does so whenever it starts.

    `watching`: those of smart money too; `alone`: no others.
    """
    periodic = (MARKS,) if alone else PERIODIC
    for kind, priority in (*periodic, WATCHING) if watching else periodic:
        await connection.execute(
            QUERIES["ensure_periodic"].text, {"kind": kind, "priority": priority}
        )


async def ingest_wallet(pool: Pool, info: InfoClient, job: Job) -> None:
    """Pull one wallet and queue its next pull; one that no org tracks any more is let go."""
    wallet = await _find_tracked(pool, job)
    if wallet is None:
        return
    try:
        pulled = await pull_fills(pool, info, wallet, job=job)
    except SourceDown as problem:
        await _note_error(pool, "note_error", wallet, problem)
        raise
    async with queue.finishing(pool, job) as connection:
        await enqueue_ingest(connection, wallet.id, last_ms=pulled.last_ms)
        if pulled.twaps:
            await hurry_twaps(connection, wallet.id)


async def ingest_twaps(pool: Pool, info: InfoClient, job: Job) -> None:
    """Pull the TWAPs of one wallet and queue the next time; as `ingest_wallet` its fills."""
    wallet = await _find_tracked(pool, job)
    if wallet is None:
        return
    try:
        activity = await pull_twaps(pool, info, wallet, job=job)
    except SourceDown as problem:
        await _note_error(pool, "note_twap_error", wallet, problem)
        raise
    delay, priority = _twap_pace(activity)
    async with queue.finishing(pool, job) as connection:
        await _enqueue_twaps(connection, wallet.id, delay=delay, priority=priority)


async def _find_tracked(pool: Pool, job: Job) -> Wallet | None:
    """The wallet of a job; one that no org tracks any more is let go, and the job done."""
    async with transaction(pool) as connection:
        found = await connection.execute(
            QUERIES["read_tracked_wallet"].text, {"wallet_id": job.payload["wallet_id"]}
        )
        row = await found.fetchone()
    if row is None:
        async with queue.finishing(pool, job):
            return None
    return Wallet(**row)


async def _note_error(pool: Pool, query: str, wallet: Wallet, problem: SourceDown) -> None:
    async with transaction(pool) as connection:
        await connection.execute(
            QUERIES[query].text, {"wallet_id": wallet.id, "error": str(problem)}
        )


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


async def start_twaps(connection: Connection, wallet_id: int) -> None:
    """Queue the first pull of a wallet's TWAPs."""
    await _enqueue_twaps(connection, wallet_id, delay=0, priority=FIRST_TWAPS_PRIORITY)


async def hurry_twaps(connection: Connection, wallet_id: int) -> None:
    """Look at a wallet's TWAPs as soon as if one ran: a slice of one was met."""
    delay, priority = RUNNING_TWAP_PACE
    await _enqueue_twaps(connection, wallet_id, delay=delay, priority=priority)


async def _enqueue_twaps(
    connection: Connection, wallet_id: int, *, delay: int, priority: int
) -> None:
    await queue.enqueue(
        connection,
        "ingest_twaps",
        {"wallet_id": wallet_id},
        dedupe_key=f"ingest_twaps:{wallet_id}",
        priority=priority,
        delay_seconds=delay,
    )


def _twap_pace(activity: Activity) -> tuple[int, int]:
    if activity.running:
        return RUNNING_TWAP_PACE
    idle = now() - activity.last_at if activity.last_at else timedelta.max
    return next(
        (delay, priority)
        for within, delay, priority in TWAP_PACES
        if within is None or idle < within
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
    await shared_budget.prune(pool)
    async with queue.finishing(pool, job) as connection:
        found = await connection.execute(QUERIES["list_wallets_without_pull"].text)
        for row in await found.fetchall():
            await enqueue_ingest(connection, row["id"], last_ms=None, first=row["first"])
        found = await connection.execute(QUERIES["list_wallets_without_twap_pull"].text)
        for row in await found.fetchall():
            await start_twaps(connection, row["id"])
        await enqueue_alert_check.enqueue(connection, now())
        await queue.enqueue(
            connection,
            "housekeeping",
            dedupe_key="housekeeping",
            priority=95,
            delay_seconds=HOUSEKEEPING_SECONDS,
        )
