"""Periodic work, as rows of the queue: each run queues the next run."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from hypertally.facts import pages
from hypertally.jobs.activity.end_positions import enqueue_check
from hypertally.jobs.activity.kinds import CONFIRM_FILLS
from hypertally.jobs.paces import CONFIRM_SECONDS, FIRST_PULL, PACES, pace_of
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
from hypertally.jobs.wallet_pulls import enqueue_pull, start_twaps
from hypertally.records import Record
from hypertally.store.postgres import Connection, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)
MONTHS_AHEAD = 2  # partitions exist this long before they are needed
KEEP_DONE_HOURS = 24

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


HANDLERS: Handlers = {HOUSEKEEPING: housekeeping}
