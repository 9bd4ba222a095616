"""The rounds of pulls: each pull of a wallet queues the next at the pace of what it found."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from hypertally.clock import at
from hypertally.errors import SourceDown
from hypertally.jobs.activity.end_positions import enqueue_check
from hypertally.jobs.activity.fill_sweep import Pulled
from hypertally.jobs.activity.kinds import CONFIRM_FILLS, INGEST_TWAPS, READ_AGAIN, wallet_key
from hypertally.jobs.activity.pull_fills import pull_fills
from hypertally.jobs.activity.running_twaps import hurry_twaps
from hypertally.jobs.activity.tracked_wallets import find_tracked, list_tracked
from hypertally.jobs.paces import (
    AGAIN_SECONDS,
    FIRST_PULL,
    FIRST_TWAP_PULL,
    PACES,
    RUNNING_TWAP_PACE,
    TWAP_PACES,
    Pace,
    pace_of,
    seconds_to_confirm,
)
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.kinds import Handlers, Kind, Lane, WalletPayload, declare, enqueue
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources
from hypertally.jobs.twaps.pull_twaps import Activity, is_never_pulled, pull_twaps
from hypertally.records import Wallet
from hypertally.store.postgres import Connection, Pool, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)

INGEST_WALLET = declare(
    Kind(
        name="ingest_wallet",
        payload_type=WalletPayload,
        lane=Lane.ASKING,
        leaves_when_killed="the pages stored so far; the reading begins again where it began",
        distinguish=wallet_key,
    )
)


async def ingest_wallet(resources: Resources, job: Job) -> None:
    """Pull the fills of one wallet and queue its next pull; an untracked wallet is let go."""
    pool, clock = resources.pool, resources.clock
    wallet = await find_tracked(pool, INGEST_WALLET, job)
    if wallet is None:
        return
    try:
        pulled = await pull_fills(
            pool,
            resources.info,
            wallet,
            clock=clock,
            job=job,
            before_long_history=partial(_pull_first_twaps, resources, wallet, job),
        )
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


async def _pull_first_twaps(resources: Resources, wallet: Wallet, job: Job) -> None:
    """Read the slices of a wallet's TWAPs before its first fills, if they were never read.

    The exchange shows the ten thousand newest fills, and as many slices beside them: the slices go
    further back. Stored after the fills they would move days that are published by then.
    """
    if await is_never_pulled(resources.pool, wallet):
        try:
            await pull_twaps(resources.pool, resources.info, wallet, clock=resources.clock, job=job)
        except SourceDown as problem:  # the pull of TWAPs comes in any case, the fills are here
            await _store_error(resources.pool, "note_twap_error", wallet, problem)


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
            delay_seconds=seconds_to_confirm(at(pulled.cursor_ms), now=now),
        )


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


def _twap_pace(activity: Activity, *, now: datetime) -> Pace:
    if activity.running:
        return RUNNING_TWAP_PACE
    return pace_of(TWAP_PACES, activity.last_at, now=now)


async def pull_now(pool: Pool, addresses: Sequence[str] | None) -> int:
    """Hurry the pulls of these tracked wallets, None: of all; how many wallets there are.

    Errors: `Refused` that names an address that no org tracks.
    """
    wallets = await list_tracked(pool, addresses)
    async with transaction(pool) as connection:
        for wallet in wallets:
            await start_pull(connection, wallet.id)
    return len(wallets)


HANDLERS: Handlers = {INGEST_WALLET: ingest_wallet, INGEST_TWAPS: ingest_twaps}
