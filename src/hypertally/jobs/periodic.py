"""Periodic work, as rows of the queue: each run queues the next run."""

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta

from hypertally.clock import at
from hypertally.errors import Refused, SourceDown
from hypertally.facts import pages
from hypertally.jobs.activity.end_positions import enqueue_check
from hypertally.jobs.activity.fill_sweep import Pulled
from hypertally.jobs.activity.kinds import CONFIRM_FILLS, READ_AGAIN, wallet_key
from hypertally.jobs.activity.pull_fills import RECENT_MS, pull_fills
from hypertally.jobs.runtime import queue, shared_budget
from hypertally.jobs.runtime.alert_checks import enqueue_alert_check
from hypertally.jobs.runtime.kinds import (
    AnyKind,
    Handlers,
    Kind,
    Lane,
    NoPayload,
    WalletPayload,
    declare,
    enqueue,
    enqueue_next,
)
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources
from hypertally.jobs.twaps.pull_twaps import Activity, pull_twaps
from hypertally.records import Record, Wallet
from hypertally.store.postgres import Connection, Pool, find_row, read_rows, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)
MONTHS_AHEAD = 2  # partitions exist this long before they are needed
KEEP_DONE_HOURS = 24
AGAIN_SECONDS = 120  # after a pull, while weight is to spare
CONFIRM_SECONDS = 3660  # an hour after a pull, and the time that answers take
CONFIRM_SECONDS_AT_REST = 86_400
ACTIVE_WITHIN = timedelta(days=1)
RECENT = timedelta(milliseconds=RECENT_MS)


class Pace(Record, frozen=True, kw_only=True):
    """When a wallet is looked at again, and how urgently: the busier, the fresher its record."""

    active_within: timedelta | None  # the wallet traded within this time; None: any wallet
    seconds: int
    priority: int


PACES = (
    Pace(active_within=timedelta(hours=1), seconds=60, priority=20),
    Pace(active_within=timedelta(days=1), seconds=900, priority=10),
    Pace(active_within=None, seconds=3600, priority=0),
)
FIRST_PULL = Pace(active_within=None, seconds=0, priority=30)  # before the rounds
# The same for a wallet's TWAPs: a wallet without TWAPs costs twenty of the allowance a day.
RUNNING_TWAP_PACE = Pace(active_within=None, seconds=60, priority=20)
TWAP_PACES = (
    Pace(active_within=timedelta(days=1), seconds=900, priority=10),
    Pace(active_within=timedelta(days=30), seconds=3600, priority=0),
    Pace(active_within=None, seconds=86_400, priority=0),
)
FIRST_TWAP_PULL = Pace(active_within=None, seconds=0, priority=5)  # after the rounds of fills

INGEST_WALLET = declare(
    Kind(
        name="ingest_wallet",
        payload_type=WalletPayload,
        lane=Lane.ASKING,
        leaves_when_killed="the pages stored so far; the reading begins again where it began",
        distinguish=wallet_key,
    )
)
INGEST_TWAPS = declare(
    Kind(
        name="ingest_twaps",
        payload_type=WalletPayload,
        lane=Lane.ASKING,
        leaves_when_killed="the pages stored so far, and the cursor behind the last of them",
        distinguish=wallet_key,
    )
)
HOUSEKEEPING = declare(
    Kind(
        name="housekeeping",
        payload_type=NoPayload,
        lane=Lane.COMPUTING,
        leaves_when_killed="partitions made and rows pruned so far; the next run does the rest",
        priority=95,
        period=timedelta(seconds=30),
    )
)


async def start(connection: Connection, kinds: Iterable[AnyKind]) -> None:
    """Queue the periodic kinds among these that are not queued; a worker does so as it starts."""
    for kind in kinds:
        if kind.period is not None:
            await connection.execute(
                QUERIES["ensure_periodic"].text, {"kind": kind.name, "priority": kind.priority}
            )


async def ingest_wallet(resources: Resources, job: Job) -> None:
    """Pull the fills of one wallet and queue its next pull; an untracked wallet is let go."""
    pool, clock = resources.pool, resources.clock
    wallet = await find_tracked(pool, INGEST_WALLET, job)
    if wallet is None:
        return
    try:
        pulled = await pull_fills(pool, resources.info, wallet, clock=clock, job=job)
    except SourceDown as problem:
        await _store_error(pool, "note_error", wallet, problem)
        raise
    pace = pace_after(pulled, now=clock())
    async with queue.finishing(pool, job) as connection:
        await enqueue_pull(connection, wallet.id, pace)
        if pace.seconds > AGAIN_SECONDS:  # a busier wallet is asked about sooner in any case
            again = WalletPayload(wallet_id=wallet.id)
            await enqueue(connection, READ_AGAIN, again, delay_seconds=AGAIN_SECONDS)
        await enqueue_confirmation(connection, wallet.id, pulled, now=clock())
        if pulled.fills:
            await enqueue_check(connection, wallet.id)
        if pulled.twaps:
            await hurry_twaps(connection, wallet.id)


def pace_after(pulled: Pulled, *, now: datetime) -> Pace:
    """The pace of a wallet after a pull."""
    return pace_of(PACES, at(pulled.last_ms) if pulled.last_ms else None, now=now)


async def enqueue_confirmation(
    connection: Connection, wallet_id: int, pulled: Pulled, *, now: datetime
) -> None:
    """Queue the second reading of what no ordinary pull will read again, if there is any."""
    if pulled.confirmed_ms <= pulled.cursor_ms:
        await enqueue(
            connection,
            CONFIRM_FILLS,
            WalletPayload(wallet_id=wallet_id),
            delay_seconds=_seconds_to_confirm(at(pulled.cursor_ms), now=now),
        )


def _seconds_to_confirm(last_fill_at: datetime, *, now: datetime) -> int:
    """How long until the second reading of a record that ends with a fill."""
    idle = now - last_fill_at
    if idle >= ACTIVE_WITHIN:
        return CONFIRM_SECONDS_AT_REST
    if idle < RECENT or last_fill_at.date() < now.date():
        return CONFIRM_SECONDS
    # Nothing new to read before the day is over and confirmed as a whole.
    tomorrow = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
    return int((tomorrow - now).total_seconds()) + CONFIRM_SECONDS


async def ingest_twaps(resources: Resources, job: Job) -> None:
    """Pull the TWAPs of one wallet and queue the next pull; an untracked wallet is let go."""
    pool, clock = resources.pool, resources.clock
    wallet = await find_tracked(pool, INGEST_TWAPS, job)
    if wallet is None:
        return
    try:
        activity = await pull_twaps(pool, resources.info, wallet, clock=clock, job=job)
    except SourceDown as problem:
        await _store_error(pool, "note_twap_error", wallet, problem)
        raise
    async with queue.finishing(pool, job) as connection:
        await _enqueue_twap_pull(connection, wallet.id, _twap_pace(activity, now=clock()))


async def find_tracked(pool: Pool, kind: Kind[WalletPayload], job: Job) -> Wallet | None:
    """The wallet of a job; None, with the job done, when no org tracks the wallet any more."""
    parameters = {"wallet_id": kind.read_payload(job).wallet_id}
    async with transaction(pool) as connection:
        wallet = await find_row(
            connection, QUERIES["read_tracked_wallet"], parameters, shape=Wallet
        )
    if wallet is None:
        async with queue.finishing(pool, job):
            return None
    return wallet


async def _store_error(pool: Pool, query: str, wallet: Wallet, problem: SourceDown) -> None:
    async with transaction(pool) as connection:
        await connection.execute(
            QUERIES[query].text, {"wallet_id": wallet.id, "error": str(problem)}
        )


async def start_pull(connection: Connection, wallet_id: int) -> None:
    """Queue the pull of a wallet for now, before the rounds."""
    await enqueue_pull(connection, wallet_id, FIRST_PULL)


async def start_twaps(connection: Connection, wallet_id: int) -> None:
    """Queue the first pull of a wallet's TWAPs."""
    await _enqueue_twap_pull(connection, wallet_id, FIRST_TWAP_PULL)


async def hurry_twaps(connection: Connection, wallet_id: int) -> None:
    """Queue the pull of a wallet's TWAPs as if a TWAP ran: a slice of one was stored."""
    await _enqueue_twap_pull(connection, wallet_id, RUNNING_TWAP_PACE)


async def enqueue_pull(connection: Connection, wallet_id: int, pace: Pace) -> None:
    """Queue the next pull of a wallet at its pace."""
    await enqueue(
        connection,
        INGEST_WALLET,
        WalletPayload(wallet_id=wallet_id),
        priority=pace.priority,
        delay_seconds=pace.seconds,
    )


async def _enqueue_twap_pull(connection: Connection, wallet_id: int, pace: Pace) -> None:
    await enqueue(
        connection,
        INGEST_TWAPS,
        WalletPayload(wallet_id=wallet_id),
        priority=pace.priority,
        delay_seconds=pace.seconds,
    )


def pace_of(paces: Sequence[Pace], active_at: datetime | None, *, now: datetime) -> Pace:
    """The first pace that fits a wallet; None: the wallet was never seen to be active."""
    idle = now - active_at if active_at else timedelta.max
    return next(pace for pace in paces if pace.active_within is None or idle < pace.active_within)


def _twap_pace(activity: Activity, *, now: datetime) -> Pace:
    if activity.running:
        return RUNNING_TWAP_PACE
    return pace_of(TWAP_PACES, activity.last_at, now=now)


async def list_tracked(pool: Pool, addresses: Sequence[str] | None) -> list[Wallet]:
    """The tracked wallets of these addresses, None: all.

    Errors: `Refused` that names an address that no org tracks.
    """
    async with transaction(pool) as connection:
        wallets = await read_rows(
            connection, QUERIES["list_tracked_wallets"], {"addresses": addresses}, shape=Wallet
        )
    if missing := set(addresses or ()) - {wallet.address for wallet in wallets}:
        raise Refused(
            f"{min(missing)} is not tracked: `hypertally wallets add {min(missing)}` tracks it"
        )
    return wallets


async def pull_now(pool: Pool, addresses: Sequence[str] | None) -> int:
    """Hurry the pulls of these tracked wallets, None: of all; how many wallets there are.

    Errors: `Refused` that names an address that no org tracks.
    """
    wallets = await list_tracked(pool, addresses)
    async with transaction(pool) as connection:
        for wallet in wallets:
            await start_pull(connection, wallet.id)
    return len(wallets)


def times_ahead(first: datetime) -> set[datetime]:
    """A time in each month from `first` on whose partition must exist; no month is shorter than
    the step.
    """
    return {first + timedelta(days=days) for days in range(0, 31 * MONTHS_AHEAD + 28, 28)}


async def housekeeping(resources: Resources, job: Job) -> None:
    """Make partitions ahead of need, prune old rows, and queue pulls that nothing else queued."""
    pool, now = resources.pool, resources.clock()
    for parent in ("hl_fills_raw", "pages"):
        await pages.ensure_months(pool, parent, times_ahead(now))
    await queue.prune(pool, keep_hours=KEEP_DONE_HOURS)
    await shared_budget.prune(pool)
    async with queue.finishing(pool, job) as connection:
        await _enqueue_lost_pulls(connection, now=now)
        await enqueue_alert_check(connection, resources.clock())
        await enqueue_next(connection, HOUSEKEEPING)


class _WalletWithoutPull(Record, frozen=True, kw_only=True):
    id: int
    first: bool  # the wallet was never pulled


class _WalletToConfirm(Record, frozen=True, kw_only=True):
    id: int


class _WalletToCheck(Record, frozen=True, kw_only=True):
    id: int


class _WalletWithoutTwapPull(Record, frozen=True, kw_only=True):
    id: int


async def _enqueue_lost_pulls(connection: Connection, *, now: datetime) -> None:
    for wallet in await read_rows(
        connection, QUERIES["list_wallets_without_pull"], shape=_WalletWithoutPull
    ):
        pace = FIRST_PULL if wallet.first else pace_of(PACES, None, now=now)
        await enqueue_pull(connection, wallet.id, pace)
    for wallet in await read_rows(
        connection, QUERIES["list_wallets_to_confirm"], shape=_WalletToConfirm
    ):
        again = WalletPayload(wallet_id=wallet.id)
        await enqueue(connection, CONFIRM_FILLS, again, delay_seconds=CONFIRM_SECONDS)
    for wallet in await read_rows(
        connection, QUERIES["list_wallets_to_check"], shape=_WalletToCheck
    ):
        await enqueue_check(connection, wallet.id)
    for wallet in await read_rows(
        connection, QUERIES["list_wallets_without_twap_pull"], shape=_WalletWithoutTwapPull
    ):
        await start_twaps(connection, wallet.id)


HANDLERS: Handlers = {
    INGEST_WALLET: ingest_wallet,
    INGEST_TWAPS: ingest_twaps,
    HOUSEKEEPING: housekeeping,
}
