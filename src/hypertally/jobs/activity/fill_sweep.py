"""A sweep of one wallet's fills in progress: what its pages showed, and what follows from them.

Each page is committed with its proof. The cursor moves over a page only once the last fill that was
known before has been shown: an answer without that fill is thin, which can be told at the end of
the sweep and not before, and is asked for again from the same place.
"""

import hashlib
from datetime import date, datetime, timedelta

from hypertally.clock import milliseconds
from hypertally.facts import pages
from hypertally.facts.activity import fills
from hypertally.facts.activity.fills import Decoded
from hypertally.facts.pages import HISTORY_ROWS_MAX, HistoryReading
from hypertally.jobs.activity.store_fill_page import (
    Stored,
    latest_ms,
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
        self._moves_to_ms = 0  # where the pages shown so far move the cursor
        self._last_page: ProvenPage | None = None
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
        """Commit one page: rows, proof, cursor, and the work that follows."""
        decoded = fills.decode(
            page.rows, wallet=self._wallet.address, asked_at=page.answer.asked_at
        )
        self._note(page, decoded)
        await make_room(self._pool, page, decoded)
        async with transaction(self._pool) as connection:
            stored = await store_page(connection, page, decoded, wallet=self._wallet, job=self._job)
            days = await self._advance(connection, page) if self._known_is_shown() else {}
            limits = [page.limit] if page.limit else []
            days |= await self._store_limits(connection, limits, stored.page_id)
            days |= stored.days
            await self._note_late(connection, stored)
            await mark_dirty(
                connection, self._wallet.id, days, delay_seconds=self._seconds_to_close()
            )
        self._stored.append(stored)

    async def close(self, *, is_deep: bool) -> None:
        """Record how a pull ended, once all of its pages are stored.

        Errors: `SourceDown` when its answers are thin, as long as asking again may help.
        """
        thin_limits = self._thin_limits()
        page_id = self._stored[-1].page_id
        async with transaction(self._pool) as connection:
            if self._job:
                await queue.hold(connection, self._job)
            days = await self._store_limits(connection, thin_limits, page_id)
            if thin_limits and self._last_page:
                days |= await self._advance(connection, self._last_page)
            if self.from_ms == 0:
                days |= await self._store_history(connection, page_id)
            days |= await self._lift_limits(connection, None)
            await self._confirm(connection)
            await mark_dirty(connection, self._wallet.id, days)
            parameters = {
                "wallet_id": self._wallet.id,
                "is_deep": is_deep,
                "is_whole": self.from_ms == 0,
            }
            await connection.execute(QUERIES["close_pull"].text, parameters)

    async def close_window(self, until_ms: int) -> None:
        """Record what the reading of a window showed that was missing before."""
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

    def _note(self, page: ProvenPage, decoded: Decoded) -> None:
        times = {fill.time_ms for fill in decoded.fills}
        self._times |= times
        self._rows |= {fill.fingerprint for fill in decoded.fills}
        self._rows |= {_fingerprint(reject.payload) for reject in decoded.rejects}
        self._moves_to_ms = max(self._moves_to_ms, latest_ms(page, times))
        self._last_page = page

    def _seconds_to_close(self) -> int:
        """How long figures wait for the end of the sweep; only its end says what a history is."""
        is_history = not self._is_window and self.from_ms == 0
        return HISTORY_SECONDS if is_history else 0

    def _known_is_shown(self) -> bool:
        """Whether the cursor may move: the last fill known before was shown, if there is one."""
        known_ms = self._cursor.cursor_ms
        return not self._is_window and (known_ms == 0 or known_ms in self._times)

    def _thin_limits(self) -> list[LimitMet]:
        assert self._last_page is not None, "a pull has pages"
        known_ms = self._cursor.cursor_ms
        reason = why_thin(known_ms, self._times, self._job)
        if reason is None:
            return []
        later = [time for time in self._times if known_ms < time <= self._moves_to_ms]
        to_ms = min(later, default=self._last_page.covers_to_ms)
        return [LimitMet(kind="thin_answer", from_ms=known_ms, to_ms=to_ms, reason=reason)]

    async def _store_history(self, connection: Connection, page_id: int) -> Days:
        """Store that the history was read whole, and that it is cut if it is."""
        assert self._last_page is not None, "a reading has a page"
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
        return {fills.at(reading.first_ms).date(): fills.at(reading.first_ms)}

    async def _note_late(self, connection: Connection, stored: Stored) -> None:
        """A new fill of a time that was read before: its day is read twice again."""
        proven = self._cursor.proven_until
        late = [at for at in stored.days.values() if at and proven and at <= proven]
        if late:
            late_ms = milliseconds(min(late))
            parameters = {
                "wallet_id": self._wallet.id,
                "late_ms": late_ms,
                "day_ms": late_ms // DAY_MS * DAY_MS,
                "late_at": stored.asked_at,
            }
            await connection.execute(QUERIES["note_late"].text, parameters)

    async def _confirm(self, connection: Connection) -> None:
        """Note the days that were read twice now, an hour or more apart."""
        read_by = self._first_asked_at() - CONFIRMS_AFTER
        proven_ms = await pages.read_proven_ms(
            connection, wallet_id=self._wallet.id, asked_by=read_by
        )
        confirmed = await read_row(
            connection,
            QUERIES["raise_confirmed"],
            {
                "wallet_id": self._wallet.id,
                "from_ms": self.from_ms,
                "read_by": read_by,
                "proven_ms": proven_ms,
            },
            shape=_Confirmed,
        )
        self._confirmed_ms = confirmed.confirmed_ms

    def _first_asked_at(self) -> datetime:
        return self._stored[0].asked_at

    async def _store_limits(
        self, connection: Connection, limits: list[LimitMet], page_id: int
    ) -> Days:
        days: Days = {}
        for limit in limits:
            if await pages.insert_limit(
                connection, limit, wallet_id=self._wallet.id, page_id=page_id
            ):
                # Any chain check from here on also takes in the limits met.
                days[fills.at(limit.to_ms).date()] = fills.at(limit.to_ms)
        return days

    async def _lift_limits(self, connection: Connection, until_ms: int | None) -> Days:
        """Lift the thin answers whose missing fill this sweep showed; the days to judge again."""
        days: Days = {}
        for limit in await pages.list_thin_limits(connection, wallet_id=self._wallet.id):
            is_covered = self.from_ms <= limit.from_ms and (
                until_ms is None or limit.to_ms <= until_ms
            )
            if is_covered and limit.from_ms in self._times:
                await pages.lift_limit(
                    connection,
                    limit,
                    wallet_id=self._wallet.id,
                    page_id=self._stored[-1].page_id,
                )
                days[fills.at(limit.to_ms).date()] = fills.at(limit.to_ms)
        return days

    async def _advance(self, connection: Connection, page: ProvenPage) -> Days:
        """Move the cursor over the page; the days whose end, or whose proof, that changes."""
        step = await read_row(
            connection,
            QUERIES["advance_cursor"],
            {
                "wallet_id": self._wallet.id,
                "cursor_ms": self._moves_to_ms,
                "proven_until": fills.at(page.covers_to_ms),
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
