"""Rollups of the days that new facts changed: wallet days first, then the orgs' days."""

from collections.abc import Sequence
from datetime import date, datetime

from hypertally.clock import Clock
from hypertally.jobs.activity.day_marks import (
    GLOBAL_DELAY_SECONDS,
    Window,
    mark_org_windows,
)
from hypertally.jobs.activity.gap_repair import schedule_repairs
from hypertally.jobs.activity.kinds import (
    PULL_PRICES,
    ROLLUP_GLOBAL_DAY,
    ROLLUP_WALLET_DAY,
    TokenPayload,
)
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.kinds import Handlers, NoPayload, enqueue
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources
from hypertally.metrics.activity import fill_gaps, global_days, wallet_days
from hypertally.records import Gap, OrgDay, Record, WalletDay
from hypertally.store.postgres import Connection, Pool, read_row, read_rows, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)
GLOBAL_DAYS_A_JOB = 64  # keeps one transaction short; the rest follow in the next


class DayMark(Record, frozen=True, kw_only=True):
    """A row of ops.dirty_wallet_days: a day that is to be computed again."""

    day: date
    from_at: datetime | None  # the earliest new fill; None: no fill is new


class OrgDayMark(Record, frozen=True, kw_only=True):
    """Rows of ops.dirty_global_days: an org's day that is to be computed again, and why."""

    org_id: int
    day: date
    cause: str | None  # None: new facts, or what follows from them


class _LastMark(Record, frozen=True, kw_only=True):
    id: int  # 0: there is none


class PriceNeed(Record, frozen=True, kw_only=True):
    """A token that figures lack the price of."""

    token: str
    delay_seconds: int


async def rollup_wallet_day(resources: Resources, job: Job) -> None:
    """Compute the marked days of one wallet again, and mark its orgs' days."""
    wallet_id = ROLLUP_WALLET_DAY.read_payload(job).wallet_id
    async with queue.finishing(resources.pool, job) as connection:
        await _compute_wallet(connection, wallet_id, now=resources.clock())


async def _compute_wallet(connection: Connection, wallet_id: int, *, now: datetime) -> None:
    await connection.execute(QUERIES["lock_wallet"].text, {"wallet_id": wallet_id})
    marks = await read_rows(
        connection, QUERIES["take_wallet_days"], {"wallet_id": wallet_id}, shape=DayMark
    )
    if not marks:
        return
    days = {mark.day for mark in marks}
    since = [mark.from_at for mark in marks if mark.from_at is not None]
    if since:
        changed = await fill_gaps.rebuild(connection, wallet_id, since=min(since))
        days |= await _days_in(connection, wallet_id, changed)
        await mark_org_windows(
            connection,
            wallet_id,
            [Window(from_at=gap.from_at, to_at=gap.to_at) for gap in changed],
        )
        await schedule_repairs(connection, wallet_id, now=now)
    keys = [WalletDay(wallet_id=wallet_id, day=day) for day in sorted(days)]
    await wallet_days.rebuild(connection, keys)
    await _mark_global_days(connection, wallet_id, sorted(days))


async def rollup_global_day(resources: Resources, job: Job) -> None:
    """Compute the marked days of orgs again, the newest first."""
    async with queue.finishing(resources.pool, job) as connection:
        await hold_global(connection)
        days = await read_rows(
            connection, QUERIES["take_global_days"], {"limit": GLOBAL_DAYS_A_JOB}, shape=OrgDayMark
        )
        await _rebuild_global(connection, days)
        if len(days) == GLOBAL_DAYS_A_JOB:
            await enqueue_global(connection)


async def compute_now(pool: Pool, wallet_ids: Sequence[int], *, clock: Clock) -> None:
    """Compute the marked days of these wallets and of their orgs, whether a worker runs or not.

    What a worker computes of them at this moment is waited for; its jobs then find no mark. A mark
    of an org's day that is made meanwhile, as where other wallets trade there always is one, is
    left to workers.
    """
    for wallet_id in wallet_ids:
        async with transaction(pool) as connection:
            await _compute_wallet(connection, wallet_id, now=clock())
    async with transaction(pool) as connection:
        await hold_global(connection)
        mark = await read_row(connection, QUERIES["read_last_mark"], shape=_LastMark)
    while await _compute_orgs(pool, wallet_ids, last_mark=mark.id) == GLOBAL_DAYS_A_JOB:
        pass


async def _compute_orgs(pool: Pool, wallet_ids: Sequence[int], *, last_mark: int) -> int:
    """Compute some days of these wallets' orgs that have a mark up to this one; how many days."""
    bound = {"wallet_ids": list(wallet_ids), "last_mark": last_mark, "limit": GLOBAL_DAYS_A_JOB}
    async with transaction(pool) as connection:
        await hold_global(connection)
        days = await read_rows(connection, QUERIES["take_org_days"], bound, shape=OrgDayMark)
        await _rebuild_global(connection, days)
    return len(days)


async def _rebuild_global(connection: Connection, marks: Sequence[OrgDayMark]) -> None:
    """Compute orgs' days again; what changes says why it does, where the marks know."""
    for cause in dict.fromkeys(mark.cause for mark in marks):
        keys = [OrgDay(org_id=mark.org_id, day=mark.day) for mark in marks if mark.cause == cause]
        await global_days.rebuild(connection, keys, cause=cause)


async def hold_global(connection: Connection) -> None:
    """Wait for the rollup of orgs' days; no other begins before this transaction ends."""
    await connection.execute(QUERIES["lock_global"].text)


async def enqueue_global(connection: Connection, *, delay_seconds: int = 0) -> None:
    """Queue the rollup of the marked days of orgs."""
    await enqueue(connection, ROLLUP_GLOBAL_DAY, NoPayload(), delay_seconds=delay_seconds)


async def _mark_global_days(connection: Connection, wallet_id: int, days: list[date]) -> None:
    parameters = {"wallet_id": wallet_id, "days": days}
    await connection.execute(QUERIES["mark_global_days"].text, parameters)
    await enqueue_global(connection, delay_seconds=GLOBAL_DELAY_SECONDS)
    for need in await read_rows(
        connection, QUERIES["list_tokens_without_price"], parameters, shape=PriceNeed
    ):
        await enqueue(
            connection,
            PULL_PRICES,
            TokenPayload(token=need.token),
            delay_seconds=need.delay_seconds,
        )


async def _days_in(connection: Connection, wallet_id: int, gaps: list[Gap]) -> set[date]:
    """The computed days that gaps which came or went lie over."""
    days: set[date] = set()
    for gap in gaps:
        keys = await wallet_days.list_keys(
            connection, wallet_id, from_day=gap.from_at.date(), to_day=gap.to_at.date()
        )
        days |= {key.day for key in keys}
    return days


HANDLERS: Handlers = {
    ROLLUP_WALLET_DAY: rollup_wallet_day,
    ROLLUP_GLOBAL_DAY: rollup_global_day,
}
