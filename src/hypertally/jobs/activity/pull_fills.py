"""Pulls of one wallet's fills: sweep, decode, insert, advance, in one commit a page."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta

from hypertally.clock import Clock, milliseconds
from hypertally.errors import TryLater
from hypertally.jobs.activity.fill_sweep import (
    CONFIRMS_AFTER,
    DAY_MS,
    Cursor,
    FillSweep,
    Pulled,
)
from hypertally.jobs.activity.store_fill_page import fetcher
from hypertally.jobs.runtime.queue import Job
from hypertally.records import ProvenPage, Wallet
from hypertally.sources.info import InfoClient
from hypertally.sources.pagination import sweep
from hypertally.sources.weights import PAGE_ROWS
from hypertally.store.postgres import Pool

OVERLAP_MS = 10 * 60 * 1000  # fills may arrive late: the last ten minutes are always asked again
DEEP_OVERLAP_MS = 5 * DAY_MS  # once a day, five days are: a fill late by three is not lost
DEEP_EVERY = timedelta(days=1)
RECENT_MS = 130 * 60 * 1000  # two hours: second readings are an hour and a little apart


async def pull_fills(
    pool: Pool,
    info: InfoClient,
    wallet: Wallet,
    *,
    clock: Clock,
    job: Job | None = None,
    page_rows: int = PAGE_ROWS,
    confirming: bool = False,
    before_long_history: Callable[[], Awaitable[None]] | None = None,
) -> Pulled:
    """Bring the record of one wallet up to now; `confirming`: what was read once is read again.

    `before_long_history`: of a first pull, to be done before anything of a history that does not
    fit on a page is stored.
    Each page commits with its proof; the cursor moves at the end, so a kill costs no fill.
    Errors: `SourceDown`, `RateLimited` (try later); `LeaseLost` when `job` was given away.
    """
    cursor = await FillSweep.read_cursor(pool, wallet)
    is_deep = _is_deep(cursor, now=clock())
    from_ms = _first_ms(cursor, is_deep=is_deep)
    if confirming:
        from_ms = min(from_ms, _confirming_ms(cursor, now=clock()))
    fill_sweep = FillSweep(pool, wallet, job, cursor=cursor, from_ms=from_ms)
    fetch = fetcher(info, wallet, "userFillsByTime")
    pages = sweep(fetch, fill_sweep.from_ms, page_rows=page_rows)
    if before_long_history and cursor.whole_at is None:
        pages = _after(before_long_history, pages, page_rows)
    await _store_pages(fill_sweep, pages)
    await fill_sweep.close(is_deep=is_deep)
    return fill_sweep.result()


async def _after(
    before: Callable[[], Awaitable[None]], pages: AsyncIterator[ProvenPage], page_rows: int
) -> AsyncIterator[ProvenPage]:
    """The pages, a full first one only when what comes before it is done."""
    is_first = True
    async for page in pages:
        if is_first and len(page.rows) >= page_rows:
            await before()
        is_first = False
        yield page


async def _store_pages(fill_sweep: FillSweep, pages: AsyncIterator[ProvenPage]) -> None:
    try:
        async for page in pages:
            await fill_sweep.store(page)
    except TryLater:
        await fill_sweep.give_up()
        raise


def _is_deep(cursor: Cursor, *, now: datetime) -> bool:
    return cursor.deep_at is None or now - cursor.deep_at > DEEP_EVERY


def _first_ms(cursor: Cursor, *, is_deep: bool) -> int:
    """Where a pull begins: at 0 until the history was read whole, in one piece."""
    if cursor.whole_at is None:
        return 0
    return max(0, cursor.cursor_ms - (DEEP_OVERLAP_MS if is_deep else OVERLAP_MS))


def _confirming_ms(cursor: Cursor, *, now: datetime) -> int:
    """Where a second reading begins: at the first day that is over and was read once only.

    If there is none, what was read since the second reading before is read again.
    """
    over_ms = milliseconds(now - CONFIRMS_AFTER) // DAY_MS * DAY_MS
    recent_ms = milliseconds(now) - RECENT_MS
    return cursor.confirmed_ms if cursor.confirmed_ms < over_ms else recent_ms


async def pull_window(
    pool: Pool,
    info: InfoClient,
    wallet: Wallet,
    *,
    from_ms: int,
    until_ms: int,
    job: Job | None = None,
) -> Pulled:
    """Ask again for one window, to fill a gap; the cursor stays where it is.

    Errors: as `pull_fills`; `SourceDown` also where no job asks and the answers are thin.
    """
    cursor = await FillSweep.read_cursor(pool, wallet)
    fill_sweep = FillSweep(pool, wallet, job, cursor=cursor, from_ms=from_ms, is_window=True)
    fetch = fetcher(info, wallet, "userFillsByTime")
    await _store_pages(fill_sweep, sweep(fetch, from_ms, until_ms))
    await fill_sweep.close_window(until_ms)
    return fill_sweep.result()
