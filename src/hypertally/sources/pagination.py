"""Paging through a window of fills so that every page proves what it covers.

The endpoint gives at most 2,000 rows, oldest or newest first, both ends of the window inclusive.
A page that is not full covers its window. A full page covers what lies between its rows, and only
if the next page, asked for from its last millisecond inclusive, repeats one of its rows:

    [from ......... hi]                 full: 2,000 rows, the last at hi
                   [hi ...... until]    repeats a row at hi: the first page is closed

Pages come out in order of time, so whoever stores them in turn always holds a closed beginning.
A page whose rows are in no order, or which does not repeat its neighbour's row, is not an answer.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from hypertally.errors import SourceDown
from hypertally.records import TIME_MS_MAX, Answer, LimitMet, ProvenPage
from hypertally.sources.weights import PAGE_ROWS

Fetch = Callable[[int, int | None], Awaitable[Answer]]


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
    answer = await fetch(from_ms, until_ms)
    while True:
        rows = _rows(answer)
        if len(rows) < page_rows:
            yield _page(answer, from_ms, until_ms)
            return
        low, high = _span(rows)
        if low == high:
            # More rows than a page holds share one millisecond: no cursor can reach the rest. Nor
            # does the page tell its order, so what lies before is asked for, if it was not.
            if from_ms < high:
                async for page in sweep(fetch, from_ms, high - 1, page_rows=page_rows):
                    yield page
            yield _overflow(answer, high, high)
            from_ms = high + 1
            answer = await fetch(from_ms, until_ms)
            continue
        if _newest_first(rows):
            for page in await _backwards(fetch, answer, from_ms, until_ms, page_rows=page_rows):
                yield page
            # The newest page is closed only if nothing newer was left out of it.
            from_ms = high
            if until_ms is not None:
                return
        else:
            yield _page(answer, from_ms, high)
            from_ms = high
        following = await fetch(from_ms, until_ms)
        _require_overlap(rows, _rows(following), at_ms=high)
        answer = following


async def _backwards(
    fetch: Fetch, newest: Answer, from_ms: int, until_ms: int | None, *, page_rows: int
) -> list[ProvenPage]:
    """The pages of a newest-first server, oldest first; bounded by the upstream's 10,000 rows."""
    pages: list[ProvenPage] = []
    answer, end = newest, until_ms
    while len(rows := _rows(answer)) >= page_rows:
        low, latest = _span(rows)
        if low == latest:
            pages.append(_overflow(answer, low, latest if end is None else end))
            end = low - 1
        else:
            pages.append(_page(answer, low, latest if end is None else end))
            end = low
        if end < from_ms:
            return pages[::-1]
        previous, answer = rows, await fetch(from_ms, end)
        if end == low:
            _require_overlap(previous, _rows(answer), at_ms=low)
    pages.append(_page(answer, from_ms, end))
    return pages[::-1]


def _page(answer: Answer, from_ms: int, to_ms: int | None) -> ProvenPage:
    covers_to_ms = to_ms if to_ms is not None else int(answer.asked_at.timestamp() * 1000)
    return ProvenPage(
        answer=answer,
        rows=_rows(answer),
        covers_from_ms=from_ms,
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


def _times(rows: list[Any]) -> list[int]:
    """The rows' times; one without is a reject, not a reason to stop."""
    placed = [time for row in rows if (time := time_of(row)) is not None]
    if not placed:
        raise SourceDown("a full page holds no row with a time")
    return placed


def time_of(row: object) -> int | None:
    """The time of a row in milliseconds; None where it has none of use."""
    time = row.get("time") if isinstance(row, dict) else None
    usable = isinstance(time, int) and not isinstance(time, bool) and 0 <= time <= TIME_MS_MAX
    return time if usable else None


def _span(rows: list[Any]) -> tuple[int, int]:
    times = _times(rows)
    return min(times), max(times)


def _newest_first(rows: list[Any]) -> bool:
    times = _times(rows)
    if times == sorted(times):
        return False
    if times == sorted(times, reverse=True):
        return True
    raise SourceDown("a full page came in no order of time")


def _require_overlap(rows: list[Any], following: list[Any], *, at_ms: int) -> None:
    edge = {_identity(row) for row in rows if isinstance(row, dict) and row.get("time") == at_ms}
    if not any(isinstance(row, dict) and _identity(row) in edge for row in following):
        raise SourceDown(f"the page after {at_ms} does not repeat the row it must")


def _identity(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(row.get(field)) for field in ("time", "coin", "oid", "tid", "side", "sz"))
