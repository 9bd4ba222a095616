"""Paging through a window of fills so that every page proves what it covers.

The endpoint gives at most 2,000 rows, oldest or newest first, both ends of the window inclusive.
A full page covers what lies between its rows, and only if the next page, asked for from its last
millisecond inclusive, repeats one of its rows:

    [from ......... hi]                 full: 2,000 rows, the last at hi
                   [hi ...... until]    repeats a row at hi: the first page is closed

A page that is not full covers its window, but a server may give less than it has: the first page
of a history, and a page of a round number of rows, are asked for once more from their last row.
Only an answer with nothing new says that they were the end.

Pages come out in order of time, so whoever stores them in turn always holds a closed beginning.
A page whose rows are in no order, or which does not repeat its neighbour's row, is not an answer.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from hypertally.clock import AHEAD_MAX, milliseconds
from hypertally.errors import SourceDown
from hypertally.records import TIME_MS_MAX, Answer, LimitMet, ProvenPage, Record, is_object
from hypertally.sources.exact_numbers import exact_integer
from hypertally.sources.weights import PAGE_ROWS

Fetch = Callable[[int, int | None], Awaitable[Answer]]
ROUND_ROWS = 100  # servers that give less than they have give a multiple of this: 500, 1,000
REQUESTS_MAX = 1_000  # of a sweep: the 10,000 rows shown, by the hundred, take a tenth of them


async def sweep(
    fetch: Fetch,
    from_ms: int,
    until_ms: int | None = None,
    *,
    page_rows: int = PAGE_ROWS,
) -> AsyncIterator[ProvenPage]:
    """Every fill of [from_ms, until_ms], in closed pages, oldest first.

    Errors: `SourceDown` when the answers do not fit together; ask again later.
    """
    async for page in _Sweep(fetch, page_rows).pages(from_ms, until_ms):
        yield page


class _Step(Record, frozen=True, kw_only=True):
    """A part of a window that is done, and how the rest goes on."""

    pages: list[ProvenPage]  # of the part, oldest first
    from_ms: int = 0  # where the rest begins
    answer: Answer | None  # the answer from there on; None: the window is at its end


class _Sweep:
    """One sweep: how many rows the server's pages hold, and how often it was asked."""

    def __init__(self, fetch: Fetch, page_rows: int) -> None:
        self._fetch = fetch
        self._page_rows = page_rows
        self._knows_page_rows = False  # a full page was seen, or none is to be expected
        self._requests = 0

    async def pages(self, from_ms: int, until_ms: int | None) -> AsyncIterator[ProvenPage]:
        """The pages of a window, oldest first."""
        self._knows_page_rows = from_ms > 0
        answer: Answer | None = await self._ask(from_ms, until_ms)
        while answer is not None:
            is_full = len(_rows(answer)) >= self._page_rows
            step = await (self._full if is_full else self._short)(answer, from_ms, until_ms)
            for page in step.pages:
                yield page
            from_ms, answer = step.from_ms, step.answer

    async def _full(self, answer: Answer, from_ms: int, until_ms: int | None) -> _Step:
        """A full page: what follows it is asked for from its last millisecond."""
        self._knows_page_rows = True
        rows = _rows(answer)
        low, high = _span(answer)
        if low == high:
            pages = await self._overfull(answer, from_ms, high)
            return _Step(pages=pages, from_ms=high + 1, answer=await self._ask(high + 1, until_ms))
        if not _newest_first(answer):
            following = await self._ask_from(rows, high, until_ms)
            return _Step(pages=[_page(answer, from_ms, high)], from_ms=high, answer=following)
        pages = await self._backwards(answer, from_ms, until_ms)
        # The newest page is closed only if nothing newer was left out of it.
        following = None if until_ms is not None else await self._ask_from(rows, high, until_ms)
        return _Step(pages=pages, from_ms=high, answer=following)

    async def _short(self, answer: Answer, from_ms: int, until_ms: int | None) -> _Step:
        """A page that is not full: the end of its window, or all that the server gives at once."""
        rows = _rows(answer)
        if not _is_doubtful(rows, first=not self._knows_page_rows):
            return _Step(pages=[_page(answer, from_ms, until_ms)], answer=None)
        low, high = _span(answer)
        pages: list[ProvenPage] = []
        if not _is_oldest_first(answer) and from_ms < low:
            earlier = await self._ask(from_ms, low)
            if _is_new(earlier, rows):  # a full page of a server that gives no more at once
                self._page_rows = len(rows)
                return await self._full(answer, from_ms, until_ms)
            pages, from_ms = [_page(earlier, from_ms, low)], low
        following = await self._ask_from(rows, high, until_ms)
        pages.append(_page(answer, from_ms, high))
        if _is_new(following, rows):
            self._knows_page_rows = False
            return _Step(pages=pages, from_ms=high, answer=following)
        return await self._end(pages, following, high, until_ms)

    async def _end(
        self, pages: list[ProvenPage], last: Answer, high: int, until_ms: int | None
    ) -> _Step:
        """The end of a window: its last answer repeats the one before, all of one millisecond."""
        beyond = await self._ask(high + 1, until_ms) if len(_rows(last)) >= ROUND_ROWS else None
        if beyond is not None and _rows(beyond):  # the millisecond fills what the server gives
            pages.append(_overflow(last, high, high))
            return _Step(pages=pages, from_ms=high + 1, answer=beyond)
        return _Step(pages=[*pages, _page(last, high, until_ms)], answer=None)

    async def _ask(self, from_ms: int, until_ms: int | None) -> Answer:
        self._requests += 1
        if self._requests > REQUESTS_MAX:
            raise SourceDown(f"the window is not at its end after {REQUESTS_MAX} answers")
        return await self._fetch(from_ms, until_ms)

    async def _ask_from(self, rows: list[Any], high: int, until_ms: int | None) -> Answer:
        """The answer from the last millisecond of a page on, which repeats one of its rows."""
        following = await self._ask(high, until_ms)
        _require_overlap(rows, _rows(following), at_ms=high)
        return following

    async def _overfull(self, answer: Answer, from_ms: int, high: int) -> list[ProvenPage]:
        """A page of one millisecond, and what lies before it.

        More rows than a page holds share the millisecond: no cursor can reach the rest. Nor does
        the page tell its order, so what lies before is asked for, if it was not.
        """
        before = [page async for page in self.pages(from_ms, high - 1)] if from_ms < high else []
        return [*before, _overflow(answer, high, high)]

    async def _backwards(
        self, newest: Answer, from_ms: int, until_ms: int | None
    ) -> list[ProvenPage]:
        """The pages of a newest-first server, oldest first; as many as its 10,000 rows fill."""
        pages: list[ProvenPage] = []
        answer, end = newest, until_ms
        while len(rows := _rows(answer)) >= self._page_rows:
            low, latest = _span(answer)
            if low == latest:
                pages.append(_overflow(answer, low, latest if end is None else end))
                end = low - 1
            else:
                pages.append(_page(answer, low, latest if end is None else end))
                end = low
            if end < from_ms:
                return pages[::-1]
            previous, answer = rows, await self._ask(from_ms, end)
            if end == low:
                _require_overlap(previous, _rows(answer), at_ms=low)
        pages.append(_page(answer, from_ms, end))
        return pages[::-1]


def _is_doubtful(rows: list[Any], *, first: bool) -> bool:
    """Whether a page that is not full may not be the end: there is a row to ask again from."""
    has_time = any(time_of(row) is not None for row in rows)
    return has_time and (first or len(rows) % ROUND_ROWS == 0)


def _is_oldest_first(answer: Answer) -> bool:
    """Whether the rows' times tell so; rows of one millisecond do not."""
    times = _times(answer)
    return times == sorted(times) and times[0] != times[-1]


def _is_new(answer: Answer, rows: list[Any]) -> bool:
    """Whether an answer holds a row that these are not."""
    identities = {_identity(row) for row in rows if is_object(row)}
    return any(is_object(row) and _identity(row) not in identities for row in _rows(answer))


def _page(answer: Answer, from_ms: int, to_ms: int | None) -> ProvenPage:
    # A row dated ahead proves nothing of what is still to come.
    asked_ms = milliseconds(answer.asked_at)
    covers_to_ms = asked_ms if to_ms is None else min(to_ms, asked_ms)
    return ProvenPage(
        answer=answer,
        rows=_rows(answer),
        covers_from_ms=min(from_ms, asked_ms),
        covers_to_ms=covers_to_ms,
    )


def _overflow(answer: Answer, at_ms: int, to_ms: int) -> ProvenPage:
    rows = _rows(answer)
    limit = LimitMet(
        kind="millisecond_overflow",
        from_ms=at_ms,
        to_ms=at_ms,
        reason=f"{len(rows)} rows share millisecond {at_ms}: the endpoint cannot show more of it",
    )
    return ProvenPage(
        answer=answer,
        rows=rows,
        covers_from_ms=at_ms,
        covers_to_ms=to_ms,
        limit=limit,
    )


def _rows(answer: Answer) -> list[Any]:
    if not isinstance(answer.body, list):
        raise SourceDown(f"the answer to {answer.source} is not a list of rows")
    return answer.body


def _times(answer: Answer) -> list[int]:
    """The rows' times; a row without one is a reject, not a reason to stop.

    Nor is a row dated ahead: its true time is not known, and nothing is asked for from there.
    """
    stated = [time for row in _rows(answer) if (time := time_of(row)) is not None]
    if not stated:
        raise SourceDown("a full page holds no row with a time")
    latest_ms = milliseconds(answer.asked_at + AHEAD_MAX)
    return [time for time in stated if time <= latest_ms] or stated


def time_of(row: object) -> int | None:
    """The time of a row in milliseconds, however the number is written; None: of no use."""
    time_ms = exact_integer(row.get("time")) if is_object(row) else None
    return time_ms if time_ms is not None and 0 <= time_ms <= TIME_MS_MAX else None


def _span(answer: Answer) -> tuple[int, int]:
    times = _times(answer)
    return min(times), max(times)


def _newest_first(answer: Answer) -> bool:
    times = _times(answer)
    if times == sorted(times):
        return False
    if times == sorted(times, reverse=True):
        return True
    raise SourceDown("a full page came in no order of time")


def _require_overlap(rows: list[Any], following: list[Any], *, at_ms: int) -> None:
    edge = {_identity(row) for row in rows if is_object(row) and time_of(row) == at_ms}
    if not any(is_object(row) and _identity(row) in edge for row in following):
        raise SourceDown(f"the page after {at_ms} does not repeat the row it must")


def _identity(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(row.get(field)) for field in ("time", "coin", "oid", "tid", "side", "sz"))
