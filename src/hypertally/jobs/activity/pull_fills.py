"""Pulls of one wallet's fills: sweep, decode, insert, advance, in one commit a page."""

from datetime import date, datetime, timedelta

from hypertally.clock import Clock
from hypertally.facts import pages
from hypertally.facts.activity import fills
from hypertally.jobs.activity.store_fill_page import (
    Stored,
    fetcher,
    latest_ms,
    make_room,
    mark_dirty,
    store_page,
    why_thin,
)
from hypertally.jobs.runtime.queue import Job
from hypertally.records import LimitMet, ProvenPage, Record, Wallet
from hypertally.sources.info import InfoClient
from hypertally.sources.pagination import sweep
from hypertally.sources.weights import PAGE_ROWS
from hypertally.store.postgres import Connection, Pool, find_row, read_row, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)
OVERLAP_MS = 10 * 60 * 1000  # fills may arrive late: the last ten minutes are always asked again
DEEP_OVERLAP_MS = 48 * 60 * 60 * 1000  # once a day, two days are
DEEP_EVERY = timedelta(days=1)
HISTORY_ROWS_MAX = 10_000  # the exchange shows the most recent ten thousand fills of a wallet
_NEVER_MS = 2**62


class Cursor(Record, frozen=True, kw_only=True):
    """ops.hl_ingest_cursor: how far the record of a wallet goes."""

    cursor_ms: int  # time of the last fill on a proven page
    proven_until: datetime | None
    deep_at: datetime | None


class _Step(Record, frozen=True, kw_only=True):
    """How far the record of a wallet was proven before a page, and is with the page."""

    was: datetime | None  # None: the page is the first
    proven_until: datetime


class Pulled(Record, frozen=True, kw_only=True):
    """What a pull did."""

    pages: int
    rows: int  # distinct ones the upstream showed
    fills: int  # new ones
    conflicts: int
    rejects: int
    twaps: int  # of which it stored new slices
    last_ms: int | None  # time of the newest fill shown


async def pull_fills(
    pool: Pool,
    info: InfoClient,
    wallet: Wallet,
    *,
    clock: Clock,
    job: Job | None = None,
    page_rows: int = PAGE_ROWS,
) -> Pulled:
    """Bring the record of one wallet up to now.

    Each page commits with its proof and the cursor, so a kill loses at most the page in hand.
    Errors: `SourceDown`, `RateLimited` (try later); `LeaseLost` when `job` was given away.
    """
    pull = _Pull(pool, wallet, job)
    cursor = await pull.read_cursor()
    deep = cursor.deep_at is None or clock() - cursor.deep_at > DEEP_EVERY
    from_ms = max(0, cursor.cursor_ms - (DEEP_OVERLAP_MS if deep else OVERLAP_MS))
    fetch = fetcher(info, wallet, "userFillsByTime")
    async for page in sweep(fetch, from_ms, page_rows=page_rows):
        await pull.store(page, cursor)
    await pull.close(from_ms=from_ms, deep=deep)
    return pull.result()


async def pull_window(
    pool: Pool,
    info: InfoClient,
    wallet: Wallet,
    *,
    from_ms: int,
    until_ms: int,
    job: Job,
) -> Pulled:
    """Ask again for one window, to fill a gap; the cursor stays where it is."""
    pull = _Pull(pool, wallet, job)
    async for page in sweep(fetcher(info, wallet, "userFillsByTime"), from_ms, until_ms):
        await pull.store(page, None)
    return pull.result()


class _Pull:
    """One pull in progress: commits pages, and knows what they held so far."""

    def __init__(self, pool: Pool, wallet: Wallet, job: Job | None) -> None:
        self._pool = pool
        self._wallet = wallet
        self._job = job
        self._seen: set[int] = set()
        self._first_ms: int | None = None
        self._last_ms: int | None = None
        self._stored: list[Stored] = []

    async def read_cursor(self) -> Cursor:
        async with transaction(self._pool) as connection:
            cursor = await find_row(
                connection, QUERIES["read_cursor"], {"wallet_id": self._wallet.id}, shape=Cursor
            )
        return cursor or Cursor(cursor_ms=0, proven_until=None, deep_at=None)

    async def store(self, page: ProvenPage, cursor: Cursor | None) -> None:
        """Commit one page: rows, proof, cursor, and the work that follows; None: no cursor."""
        decoded = fills.decode(
            page.rows, wallet=self._wallet.address, asked_at=page.answer.asked_at
        )
        times = [fill.time_ms for fill in decoded.fills]
        limits = [page.limit] if page.limit else []
        if cursor and not self._stored:
            limits += self._thin_answer(cursor, times)
        await make_room(self._pool, page, decoded)
        async with transaction(self._pool) as connection:
            stored = await store_page(connection, page, decoded, wallet=self._wallet, job=self._job)
            days: dict[date, datetime | None] = {}
            if cursor:
                days |= dict.fromkeys(await self._advance(connection, page, times))
            days |= await self._store_limits(connection, limits, stored.page_id)
            days |= stored.days
            await mark_dirty(connection, self._wallet.id, days)
        self._seen.update(fill.fingerprint for fill in decoded.fills)
        self._first_ms = min([*times, self._first_ms or _NEVER_MS])
        self._last_ms = max([*times, self._last_ms or 0])
        self._stored.append(stored)

    async def close(self, *, from_ms: int, deep: bool) -> None:
        """Record how the pull ended, once all of its pages are stored."""
        async with transaction(self._pool) as connection:
            if from_ms == 0 and len(self._seen) >= HISTORY_ROWS_MAX and self._first_ms:
                limit = LimitMet(
                    kind="history_begins",
                    from_ms=0,
                    to_ms=self._first_ms,
                    reason=f"the exchange shows {len(self._seen)} fills and none before the first",
                )
                days = await self._store_limits(connection, [limit], self._stored[-1].page_id)
                await mark_dirty(connection, self._wallet.id, days)
            await connection.execute(
                QUERIES["close_pull"].text, {"wallet_id": self._wallet.id, "deep": deep}
            )

    def result(self) -> Pulled:
        return Pulled(
            pages=len(self._stored),
            rows=len(self._seen),
            fills=sum(stored.fills for stored in self._stored),
            conflicts=sum(stored.conflicts for stored in self._stored),
            rejects=sum(stored.rejects for stored in self._stored),
            twaps=len(set().union(*(stored.twaps for stored in self._stored))),
            last_ms=self._last_ms or None,
        )

    def _thin_answer(self, cursor: Cursor, times: list[int]) -> list[LimitMet]:
        reason = why_thin(cursor.cursor_ms, times, self._job)
        if reason is None:
            return []
        later = [time for time in times if time > cursor.cursor_ms]
        return [
            LimitMet(
                kind="thin_answer",
                from_ms=cursor.cursor_ms,
                to_ms=min(later, default=cursor.cursor_ms),
                reason=reason,
            )
        ]

    async def _store_limits(
        self, connection: Connection, limits: list[LimitMet], page_id: int
    ) -> dict[date, datetime | None]:
        days: dict[date, datetime | None] = {}
        for limit in limits:
            if await pages.insert_limit(
                connection, limit, wallet_id=self._wallet.id, page_id=page_id
            ):
                # Any chain check from here on also takes in the limits met.
                days[fills.at(limit.to_ms).date()] = fills.at(limit.to_ms)
        return days

    async def _advance(
        self, connection: Connection, page: ProvenPage, times: list[int]
    ) -> set[date]:
        """Move the cursor over the page; the days whose end, or whose proof, that changes."""
        step = await read_row(
            connection,
            QUERIES["advance_cursor"],
            {
                "wallet_id": self._wallet.id,
                "cursor_ms": latest_ms(page, times),
                "proven_until": fills.at(page.covers_to_ms),
            },
            shape=_Step,
        )
        was, proven = step.was, step.proven_until
        if was is None:
            await connection.execute(
                QUERIES["mark_global_days"].text, {"wallet_id": self._wallet.id}
            )
            return {proven.date()}
        return _days(was, proven) if was.date() != proven.date() else set()


def _days(first: datetime, last: datetime) -> set[date]:
    return {first.date() + timedelta(days=n) for n in range((last.date() - first.date()).days + 1)}
