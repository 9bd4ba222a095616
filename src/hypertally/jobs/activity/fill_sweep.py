"""A sweep of one wallet's fills in progress: what its pages showed, and what follows from them.

Each page is committed with its proof; the first one of a record that is known already, at the end:
where the exchange showed as many rows as it keeps, nothing before the first of them is proven. A
page that lacks a fill of the books proves nothing. Whether the answers are thin, so that they are
asked for again from the same place, can be told at the end of the sweep and not before; then the
cursor moves.
"""

import hashlib
from datetime import date, datetime, timedelta

import msgspec

from hypertally.clock import at, milliseconds
from hypertally.facts import pages
from hypertally.facts.activity import fills
from hypertally.facts.activity.fills import Decoded
from hypertally.facts.pages import HISTORY_ROWS_MAX, HistoryReading
from hypertally.jobs.activity.lacking_fills import list_lacking
from hypertally.jobs.activity.store_fill_page import (
    Stored,
    make_room,
    mark_dirty,
    store_page,
    why_thin,
)
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.queue import Job
from hypertally.records import LimitMet, ProvenPage, Record, Wallet
from hypertally.store.postgres import Connection, Pool, find_row, read_row, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)
CONFIRMS_AFTER = timedelta(hours=1)  # of the same time, a reading confirms what another showed
DAY_MS = 86_400_000
HISTORY_SECONDS = 30  # most histories are read in less: their figures are computed once
Days = dict[date, datetime | None]  # day -> its earliest new fill; None: no fill is new


class Cursor(Record, frozen=True, kw_only=True):
    """ops.hl_ingest_cursor: how far the record of a wallet goes."""

    cursor_ms: int = 0  # time of the last fill on a proven page
    proven_until: datetime | None = None
    deep_at: datetime | None = None
    whole_at: datetime | None = None  # None: the history was never read in one piece
    confirmed_ms: int = 0  # all days before it were read twice, an hour or more apart


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
    cursor_ms: int  # time of the last fill known
    confirmed_ms: int  # all days before it were read twice, an hour or more apart


class _Kept(Record, frozen=True, kw_only=True):
    from_at: datetime


class _Confirmed(Record, frozen=True, kw_only=True):
    confirmed_ms: int


class FillSweep:
    """One sweep in progress; one of a window fills a gap and does not move the cursor."""

    def __init__(
        self,
        pool: Pool,
        wallet: Wallet,
        job: Job | None,
        *,
        cursor: Cursor,
        from_ms: int,
        is_window: bool = False,
    ) -> None:
        self.from_ms = from_ms
        self._is_window = is_window
        self._confirmed_ms = cursor.confirmed_ms
        self._pool = pool
        self._wallet = wallet
        self._job = job
        self._cursor = cursor
        self._rows: set[int] = set()  # fingerprints of what was shown, readable or not
        self._times: set[int] = set()
        self._first_page: ProvenPage | None = None
        self._first_waits = False  # it is committed at the end
        self._last_page: ProvenPage | None = None
        self._lacking: set[int] = set()  # times of the books' fills that were not shown
        self._stored: list[Stored] = []

    @staticmethod
    async def read_cursor(pool: Pool, wallet: Wallet) -> Cursor:
        """How far the record of a wallet goes."""
        async with transaction(pool) as connection:
            cursor = await find_row(
                connection, QUERIES["read_cursor"], {"wallet_id": wallet.id}, shape=Cursor
            )
        return cursor or Cursor()

    async def store(self, page: ProvenPage) -> None:
        """Commit one page: rows, proof, and the work that follows.

        The first page of a record that is known already waits for the end of the sweep.
        """
        decoded = self._decode(page)
        self._note(page, decoded)
        if self._first_page is None:
            self._first_page = page
            self._first_waits = await self._is_known(page, decoded)
            if self._first_waits:
                return
        await self._commit(page, decoded)

    async def give_up(self) -> None:
        """Keep the rows of a sweep that broke off; what its first page proves is not known."""
        if self._first_page and self._first_waits:
            await self._commit(self._first_page, self._decode(self._first_page), proves_days=False)

    async def close(self, *, is_deep: bool) -> None:
        """Record how a pull ended, once all of its pages came.

        Errors: `SourceDown` when its answers are thin, as long as asking again may help.
        """
        last_page = await self._commit_first()
        thin_limits = self._thin_limits(last_page)
        page_id = self._stored[-1].page_id
        is_whole = self.from_ms == 0 and not thin_limits
        async with transaction(self._pool) as connection:
            if self._job:
                await queue.hold(connection, self._job)
            days = await self._store_limits(connection, thin_limits, page_id)
            days |= await self._advance(connection, last_page)
            if is_whole:
                days |= await self._store_history(connection, page_id)
            days |= await self._lift_limits(connection, None)
            await self._confirm(connection, thin_limits)
            await mark_dirty(connection, self._wallet.id, days)
            parameters = {"wallet_id": self._wallet.id, "is_deep": is_deep, "is_whole": is_whole}
            await connection.execute(QUERIES["close_pull"].text, parameters)

    async def close_window(self, until_ms: int) -> None:
        """Record what the reading of a window showed that was missing before.

        Errors: `SourceDown` when its answers are thin; a repair asks for its gap again anyway.
        """
        await self._commit_first()
        if self._lacking and self._job is None:
            why_thin(self._lacking, None)
        async with transaction(self._pool) as connection:
            days = await self._lift_limits(connection, until_ms)
            await mark_dirty(connection, self._wallet.id, days)

    def result(self) -> Pulled:
        """What the sweep did."""
        return Pulled(
            pages=len(self._stored),
            rows=len(self._rows),
            fills=sum(stored.fills for stored in self._stored),
            conflicts=sum(stored.conflicts for stored in self._stored),
            rejects=sum(stored.rejects for stored in self._stored),
            twaps=len({twap_id for stored in self._stored for twap_id in stored.twaps}),
            last_ms=max(self._times, default=None),
            cursor_ms=max(self._cursor.cursor_ms, self._moves_to_ms),
            confirmed_ms=self._confirmed_ms,
        )

    @property
    def _moves_to_ms(self) -> int:
        """Where the pages shown so far move the cursor; a fill dated ahead is a reject."""
        return max(self._times, default=0)

    def _note(self, page: ProvenPage, decoded: Decoded) -> None:
        times = {fill.time_ms for fill in decoded.fills}
        self._times |= times
        self._rows |= {fill.fingerprint for fill in decoded.fills}
        self._rows |= {_fingerprint(reject.payload) for reject in decoded.rejects}
        self._last_page = page

    def _seconds_to_close(self) -> int:
        """How long figures wait for the end of the sweep; only its end says what a history is."""
        is_history = not self._is_window and self.from_ms == 0
        return HISTORY_SECONDS if is_history else 0

    async def _is_known(self, page: ProvenPage, decoded: Decoded) -> bool:
        """Whether the books hold fills of before: a first page may begin behind some of them."""
        if self._cursor.cursor_ms:
            return True
        async with transaction(self._pool) as connection:
            wallet_id = self._wallet.id
            return bool(await list_lacking(connection, page, decoded, wallet_id=wallet_id))

    async def _commit_first(self) -> ProvenPage:
        """Commit the first page if it waits for the others; the last one."""
        first, last = self._first_page, self._last_page
        assert first is not None, "a sweep has pages"
        assert last is not None, "a sweep has pages"
        if not self._first_waits:
            return last
        decoded = self._decode(first)
        covers_from_ms = max(first.covers_from_ms, await self._shown_from_ms(decoded))
        cut = msgspec.structs.replace(first, covers_from_ms=covers_from_ms)
        proves_days = covers_from_ms <= first.covers_to_ms
        await self._commit(cut if proves_days else first, decoded, proves_days=proves_days)
        return last

    async def _shown_from_ms(self, decoded: Decoded) -> int:
        """Since when the exchange shows all fills: of the oldest, it may keep no more."""
        shown_ms = min((fill.time_ms for fill in decoded.fills), default=None)
        if len(self._rows) >= HISTORY_ROWS_MAX and shown_ms is not None:
            return shown_ms
        if not self._is_window:
            return 0
        async with transaction(self._pool) as connection:
            oldest = await find_row(
                connection,
                QUERIES["read_kept_from"],
                {"wallet_id": self._wallet.id, "rows_kept": HISTORY_ROWS_MAX},
                shape=_Kept,
            )
        kept_from_ms = milliseconds(oldest.from_at) if oldest else 0
        return kept_from_ms if shown_ms is None else min(kept_from_ms, shown_ms)

    async def _commit(
        self, page: ProvenPage, decoded: Decoded, *, proves_days: bool = True
    ) -> None:
        wallet_id = self._wallet.id
        await make_room(self._pool, page, decoded)
        async with transaction(self._pool) as connection:
            lacking = await list_lacking(connection, page, decoded, wallet_id=wallet_id)
            stored = await store_page(
                connection,
                page,
                decoded,
                wallet=self._wallet,
                job=self._job,
                proves_days=proves_days and not lacking and self._follows_record(),
            )
            limits = [page.limit] if page.limit else []
            days = await self._store_limits(connection, limits, stored.page_id)
            days |= stored.days
            await self._note_late(connection, stored)
            await mark_dirty(connection, wallet_id, days, delay_seconds=self._seconds_to_close())
        self._lacking |= lacking
        self._stored.append(stored)

    def _follows_record(self) -> bool:
        """Whether the record began: a window read before it would be confirmed by its beginning."""
        return not self._is_window or self._cursor.proven_until is not None

    def _decode(self, page: ProvenPage) -> Decoded:
        return fills.decode(page.rows, wallet=self._wallet.address, asked_at=page.answer.asked_at)

    def _thin_limits(self, last_page: ProvenPage) -> list[LimitMet]:
        known_ms = self._cursor.cursor_ms
        lacking = self._lacking | ({known_ms} - {0} - self._times)
        reason = why_thin(lacking, self._job)
        if reason is None:
            return []
        later = [time for time in self._times if time > max(lacking)]
        to_ms = min(later, default=last_page.covers_to_ms)
        return [LimitMet(kind="thin_answer", from_ms=min(lacking), to_ms=to_ms, reason=reason)]

    async def _store_history(self, connection: Connection, page_id: int) -> Days:
        """Store that the history was read whole, and that it is cut if it is."""
        reading = HistoryReading(
            asked_at=self._first_asked_at(),
            rows_shown=len(self._rows),
            first_ms=min(self._times, default=None),
        )
        await pages.insert_history_reading(
            connection, reading, wallet_id=self._wallet.id, page_id=page_id
        )
        if reading.first_ms is None:
            return {}
        limits: list[LimitMet] = []
        if reading.rows_shown >= HISTORY_ROWS_MAX:
            reason = f"the exchange shows {reading.rows_shown} fills and none before the first"
            limits.append(
                LimitMet(kind="history_begins", from_ms=0, to_ms=reading.first_ms, reason=reason)
            )
        await self._store_limits(connection, limits, page_id)
        # What begins the record is judged again: it counted as cut before.
        return {at(reading.first_ms).date(): at(reading.first_ms)}

    async def _note_late(self, connection: Connection, stored: Stored) -> None:
        """A new fill of a time that was read before: its day is read twice again."""
        first, proven = stored.first_new_at, self._cursor.proven_until
        if first and proven and first <= proven:
            await self._read_twice(connection, milliseconds(first), stored.asked_at)

    async def _read_twice(self, connection: Connection, from_ms: int, asked_at: datetime) -> None:
        """Have the record read twice from a time on: what was asked before confirms nothing."""
        parameters = {
            "wallet_id": self._wallet.id,
            "late_ms": from_ms,
            "day_ms": from_ms // DAY_MS * DAY_MS,
            "late_at": asked_at,
        }
        await connection.execute(QUERIES["note_late"].text, parameters)

    async def _confirm(self, connection: Connection, thin_limits: list[LimitMet]) -> None:
        """Note the days that were read twice now, an hour or more apart."""
        for limit in thin_limits:
            await self._read_twice(connection, limit.from_ms, self._first_asked_at())
        if thin_limits:
            return
        read_by = self._first_asked_at() - CONFIRMS_AFTER
        proven_ms = await pages.read_proven_ms(
            connection, wallet_id=self._wallet.id, asked_by=read_by
        )
        parameters = {
            "wallet_id": self._wallet.id,
            "from_ms": self.from_ms,
            "read_by": read_by,
            "proven_ms": proven_ms,
        }
        confirmed = await read_row(
            connection, QUERIES["raise_confirmed"], parameters, shape=_Confirmed
        )
        self._confirmed_ms = confirmed.confirmed_ms

    def _first_asked_at(self) -> datetime:
        assert self._first_page is not None, "a sweep has pages"
        return self._first_page.answer.asked_at

    async def _store_limits(
        self, connection: Connection, limits: list[LimitMet], page_id: int
    ) -> Days:
        days: Days = {}
        for limit in limits:
            if await pages.insert_limit(
                connection, limit, wallet_id=self._wallet.id, page_id=page_id
            ):
                # Any chain check from here on also takes in the limits met.
                days[at(limit.to_ms).date()] = at(limit.to_ms)
        return days

    async def _lift_limits(self, connection: Connection, until_ms: int | None) -> Days:
        """Lift the thin answers whose missing fill this sweep showed; the days to judge again."""
        days: Days = {}
        for limit in await pages.list_thin_limits(connection, wallet_id=self._wallet.id):
            is_covered = self.from_ms <= limit.from_ms and (
                until_ms is None or limit.to_ms <= until_ms
            )
            if is_covered and not self._lacking and limit.from_ms in self._times:
                await pages.lift_limit(
                    connection,
                    limit,
                    wallet_id=self._wallet.id,
                    page_id=self._stored[-1].page_id,
                )
                # The answers that lacked it proved nothing: this one is the first of its time.
                await self._read_twice(connection, limit.from_ms, self._first_asked_at())
                days[at(limit.to_ms).date()] = at(limit.to_ms)
        return days

    async def _advance(self, connection: Connection, page: ProvenPage) -> Days:
        """Move the cursor over the page; the days whose end, or whose proof, that changes."""
        step = await read_row(
            connection,
            QUERIES["advance_cursor"],
            {
                "wallet_id": self._wallet.id,
                "cursor_ms": self._moves_to_ms,
                "proven_until": at(page.covers_to_ms),
            },
            shape=_Step,
        )
        if step.was is None:
            await connection.execute(
                QUERIES["mark_global_days"].text, {"wallet_id": self._wallet.id}
            )
            return {step.proven_until.date(): None}
        return _days_between(step.was.date(), step.proven_until.date())


def _days_between(first: date, last: date) -> Days:
    """Both days and those between; none if they are one day, whose end was not passed."""
    count = (last - first).days
    return {first + timedelta(days=n): None for n in range(count + 1)} if count else {}


def _fingerprint(payload: str) -> int:
    return int.from_bytes(hashlib.blake2b(payload.encode(), digest_size=8).digest(), "big")
