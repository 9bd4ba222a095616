"""Pulls of one wallet's TWAPs: their statuses first, then the slices that executed them.

In this order slices are never older than the totals they are compared with.
"""

from datetime import datetime

from hypertally.clock import Clock, at
from hypertally.errors import SourceDown
from hypertally.facts import pages
from hypertally.facts.activity import fills
from hypertally.facts.activity.fills import Decoded
from hypertally.facts.twaps import slices
from hypertally.facts.twaps import statuses as twaps_statuses
from hypertally.jobs.activity.pull_fills import DEEP_OVERLAP_MS, OVERLAP_MS
from hypertally.jobs.activity.store_fill_page import (
    enqueue_twap_rollup,
    fetcher,
    make_room,
    mark_dirty,
    mark_twaps,
    store_page,
    why_thin,
)
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.queue import Job
from hypertally.records import Answer, ProvenPage, Record, Wallet, is_array
from hypertally.sources.info import InfoClient
from hypertally.sources.pagination import Fetch, sweep
from hypertally.sources.weights import PAGE_ROWS
from hypertally.store.postgres import Connection, Pool, find_row, read_row, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)


class Cursor(Record, frozen=True, kw_only=True):
    """ops.twap_cursors: how far the TWAP record of a wallet goes."""

    slices_ms: int  # time of the last slice on a proven page
    history_at: datetime | None  # when the last whole pull ended


class Activity(Record, frozen=True, kw_only=True):
    """What is known of a wallet's TWAPs, to pace its pulls."""

    known: bool  # there is one
    running: bool  # one runs now
    last_at: datetime | None  # when one last ran


async def pull_twaps(
    pool: Pool,
    info: InfoClient,
    wallet: Wallet,
    *,
    clock: Clock,
    job: Job | None = None,
    page_rows: int = PAGE_ROWS,
) -> Activity:
    """Bring the TWAP record of one wallet up to now.

    Errors: `SourceDown`, `RateLimited` (try later); `LeaseLost` when `job` was given away.
    """
    cursor = await _read_cursor(pool, wallet)
    deep = cursor.history_at is None or cursor.history_at.date() < clock().date()
    from_ms = max(0, cursor.slices_ms - (DEEP_OVERLAP_MS if deep else OVERLAP_MS))
    await _pull_history(pool, info, wallet, job)
    activity = await _read_activity(pool, wallet)
    problem = None
    if activity.known:
        problem = await _pull_slices(
            pool, info, wallet, cursor, from_ms=from_ms, job=job, page_rows=page_rows
        )
    async with transaction(pool) as connection:
        await connection.execute(
            QUERIES["close_pull"].text, {"wallet_id": wallet.id, "error": problem}
        )
    return activity


async def is_never_pulled(pool: Pool, wallet: Wallet) -> bool:
    """Whether no pull of the wallet's TWAPs has ended yet."""
    return (await _read_cursor(pool, wallet)).history_at is None


async def _read_cursor(pool: Pool, wallet: Wallet) -> Cursor:
    parameters = {"wallet_id": wallet.id}
    async with transaction(pool) as connection:
        cursor = await find_row(connection, QUERIES["read_cursor"], parameters, shape=Cursor)
    return cursor or Cursor(slices_ms=0, history_at=None)


async def _read_activity(pool: Pool, wallet: Wallet) -> Activity:
    parameters = {"wallet_id": wallet.id, "wallet": wallet.address}
    async with transaction(pool) as connection:
        return await read_row(connection, QUERIES["read_activity"], parameters, shape=Activity)


async def _pull_history(pool: Pool, info: InfoClient, wallet: Wallet, job: Job | None) -> None:
    answer = await info.fetch("twapHistory", user=wallet.address)
    if not is_array(answer.body):
        raise SourceDown("twapHistory did not answer with a list of rows")
    statuses = twaps_statuses.decode_history(
        answer.body, wallet=wallet.address, asked_at=answer.asked_at
    )
    await pages.ensure_months(pool, "pages", {answer.asked_at})
    async with transaction(pool) as connection:
        if job:
            await queue.hold(connection, job)
        page_id = await pages.insert_reference(connection, answer, wallet_id=wallet.id)
        source = twaps_statuses.Source(page_id=page_id, wallet_id=wallet.id, object_key=None)
        if await twaps_statuses.insert(connection, statuses, source):
            await enqueue_twap_rollup(connection)
        await fills.insert_rejects(
            connection,
            statuses.rejects,
            wallet_id=wallet.id,
            source=answer.source,
            page_id=page_id,
        )


async def _pull_slices(
    pool: Pool,
    info: InfoClient,
    wallet: Wallet,
    cursor: Cursor,
    *,
    from_ms: int,
    job: Job | None,
    page_rows: int,
) -> str | None:
    """Store the slices from a time on; the problem with them, if there is one.

    The cursor moves once the last slice that was known before has been shown. Whether it is
    missing, so that the answers are thin, can be told at the end alone.
    """
    problem: str | None = None
    required = {cursor.slices_ms} - {0}
    times: set[int] = set()
    moves_to_ms = 0
    last_page: ProvenPage | None = None
    fetch = _unwrapping(fetcher(info, wallet, "userTwapSliceFillsByTime"))
    async for page in sweep(fetch, from_ms, page_rows=page_rows):
        decoded = slices.decode(page.rows, wallet=wallet.address, asked_at=page.answer.asked_at)
        times |= {fill.time_ms for fill in decoded.fills}
        moves_to_ms = max(times, default=0)
        problem = page.limit.reason if page.limit else problem
        last_page = page
        await make_room(pool, page, decoded)
        async with transaction(pool) as connection:
            await _store_slices(connection, page, decoded, wallet, job)
            if required <= times:
                await _advance(connection, page, moves_to_ms, wallet)
    reason = why_thin(required - times, job)
    if reason and last_page:
        async with transaction(pool) as connection:
            await _advance(connection, last_page, moves_to_ms, wallet)
    return reason or problem


def _unwrapping(fetch: Fetch) -> Fetch:
    """A sweep pages by the times of fills: each row becomes the fill it holds."""

    async def unwrapped(start_ms: int, end_ms: int | None) -> Answer:
        answer = await fetch(start_ms, end_ms)
        if not isinstance(answer.body, list):
            return answer
        body = [slices.unwrap(row) for row in answer.body]
        return Answer(
            request=answer.request,
            source=answer.source,
            body=body,
            body_sha256=answer.body_sha256,
            asked_at=answer.asked_at,
            weight=answer.weight,
        )

    return unwrapped


async def _store_slices(
    connection: Connection, page: ProvenPage, decoded: Decoded, wallet: Wallet, job: Job | None
) -> None:
    """Store one page: its fills, what they are slices of, its proof, and the work that follows."""
    stored = await store_page(connection, page, decoded, wallet=wallet, job=job, proves_days=False)
    touched = await slices.insert(
        connection, decoded.fills, wallet_id=wallet.id, page_id=stored.page_id
    )
    await mark_dirty(connection, wallet.id, stored.days)
    await mark_twaps(connection, wallet.address, touched)


async def _advance(
    connection: Connection, page: ProvenPage, slices_ms: int, wallet: Wallet
) -> None:
    """Move the cursor over the page; what began before its end and did not trade is known now."""
    until = at(page.covers_to_ms)
    await connection.execute(
        QUERIES["advance_cursor"].text,
        {"wallet_id": wallet.id, "slices_ms": slices_ms, "slices_until": until},
    )
    marked = await connection.execute(
        QUERIES["mark_unobserved"].text,
        {"wallet_id": wallet.id, "wallet": wallet.address, "until": until},
    )
    if marked.rowcount:
        await enqueue_twap_rollup(connection)
