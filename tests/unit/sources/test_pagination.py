"""Paging proves what it covers, whatever the page size and the order of the answers."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypertally.errors import SourceDown
from hypertally.records import Answer, ProvenPage
from hypertally.sources.pagination import sweep

ASKED_AT = datetime(2025, 3, 10, tzinfo=UTC)
ASKED_MS = 1_741_564_800_000
Row = dict[str, Any]
Change = Callable[[list[Any]], list[Any]]


class Upstream:
    """A server that pages as the exchange does, over rows that are there or still come."""

    def __init__(
        self,
        rows: Sequence[Row],
        *,
        page_rows: int,
        newest_first: bool = False,
        coming: Sequence[Row] = (),
    ) -> None:
        self.rows = list(rows)
        self.coming = list(coming)
        self.page_rows = page_rows
        self.newest_first = newest_first
        self.change: Change = list
        self.requests: list[tuple[int, int | None]] = []

    async def fetch(self, from_ms: int, until_ms: int | None) -> Answer:
        self.requests.append((from_ms, until_ms))
        shown = [
            row
            for row in self.rows
            if from_ms <= row["time"] and (until_ms is None or row["time"] <= until_ms)
        ]
        if self.newest_first:
            shown.reverse()
        answer = Answer(
            request={"startTime": from_ms, "endTime": until_ms},
            source="info.userFillsByTime",
            body=self.change(shown[: self.page_rows]),
            body_sha256=b"",
            asked_at=ASKED_AT,
            weight=20,
        )
        # One more trades while we page.
        self.rows += self.coming[:1]
        del self.coming[:1]
        return answer

    async def sweep(self, from_ms: int = 0, until_ms: int | None = None) -> list[ProvenPage]:
        swept = sweep(self.fetch, from_ms, until_ms, page_rows=self.page_rows)
        return [page async for page in swept]


def row(time: int, number: int = 0) -> Row:
    return {"time": time, "coin": "BTC", "oid": number, "tid": number, "side": "B", "sz": "1"}


def rows_at(*times: int) -> list[Row]:
    return [row(time, number) for number, time in enumerate(times)]


def key(found: Row) -> tuple[int, int]:
    return found["time"], found["oid"]


def keys(pages: Sequence[ProvenPage]) -> set[tuple[int, int]]:
    return {key(found) for page in pages for found in page.rows}


def covers(pages: Sequence[ProvenPage]) -> list[tuple[int, int]]:
    return [(page.covers_from_ms, page.covers_to_ms) for page in pages]


async def test_a_page_that_is_not_full_covers_its_window_up_to_the_question() -> None:
    upstream = Upstream(rows_at(10, 20), page_rows=3)
    (page,) = await upstream.sweep(5)
    assert (page.covers_from_ms, page.covers_to_ms) == (5, ASKED_MS)
    assert upstream.requests == [(5, None)]


async def test_an_empty_answer_proves_that_there_is_nothing() -> None:
    (page,) = await Upstream([], page_rows=3).sweep(0, 99)
    assert (page.rows, page.covers_from_ms, page.covers_to_ms) == ([], 0, 99)


async def test_the_next_page_is_asked_for_from_the_last_millisecond_inclusive() -> None:
    upstream = Upstream(rows_at(10, 20, 20, 30), page_rows=3)
    pages = await upstream.sweep()
    assert [request[0] for request in upstream.requests] == [0, 20, 30]
    assert keys(pages) == {(10, 0), (20, 1), (20, 2), (30, 3)}


async def test_a_full_page_covers_up_to_its_last_row() -> None:
    pages = await Upstream(rows_at(10, 20, 30, 40), page_rows=3).sweep()
    assert covers(pages) == [(0, 30), (30, ASKED_MS)]


async def test_newest_first_answers_are_paged_backwards_and_come_out_in_order() -> None:
    upstream = Upstream(rows_at(20, 30, 40, 50), page_rows=3, newest_first=True)
    pages = await upstream.sweep(0, 99)
    assert covers(pages) == [(0, 30), (30, 99)]
    assert upstream.requests == [(0, 99), (0, 30)]


async def test_a_newest_page_is_asked_for_again_when_the_window_is_open() -> None:
    upstream = Upstream(rows_at(20, 30, 40), page_rows=3, newest_first=True, coming=[row(50, 9)])
    pages = await upstream.sweep()
    assert keys(pages) == {(20, 0), (30, 1), (40, 2), (50, 9)}
    assert covers(pages) == [(0, 20), (20, 40), (40, ASKED_MS)]


@pytest.mark.parametrize("newest_first", [False, True])
async def test_a_first_page_of_one_millisecond_hides_nothing_that_lies_before(
    *, newest_first: bool
) -> None:
    upstream = Upstream(rows_at(10, 20, 20, 20), page_rows=3, newest_first=newest_first)
    pages = await upstream.sweep(5, 99)
    assert keys(pages) == {(10, 0), (20, 1), (20, 2), (20, 3)}
    assert covers(pages)[0][0] == 5


@pytest.mark.parametrize("newest_first", [False, True])
async def test_a_millisecond_too_full_to_page_is_reported_and_passed(*, newest_first: bool) -> None:
    rows = rows_at(10, 20, 20, 20, 20, 30, 40)
    pages = await Upstream(rows, page_rows=3, newest_first=newest_first).sweep(0, 99)
    (limit,) = [page.limit for page in pages if page.limit]
    assert (limit.kind, limit.from_ms, limit.to_ms) == ("millisecond_overflow", 20, 20)
    assert "millisecond 20" in limit.reason
    assert {(10, 0), (30, 5), (40, 6)} <= keys(pages)


@pytest.mark.parametrize("newest_first", [False, True])
async def test_a_page_that_does_not_repeat_its_neighbours_row_is_no_answer(
    *, newest_first: bool
) -> None:
    upstream = Upstream(rows_at(10, 20, 30, 40, 50), page_rows=3, newest_first=newest_first)

    def thin(rows: list[Any]) -> list[Any]:
        return rows if len(upstream.requests) == 1 else rows[1:]

    upstream.change = thin
    with pytest.raises(SourceDown, match="does not repeat the row"):
        await upstream.sweep(0, 99)


async def test_a_page_that_is_empty_where_a_row_was_seen_is_no_answer() -> None:
    upstream = Upstream(rows_at(10, 20, 30), page_rows=3)
    upstream.change = lambda rows: rows if len(upstream.requests) == 1 else []
    with pytest.raises(SourceDown, match="after 30"):
        await upstream.sweep()


async def test_a_full_page_in_no_order_is_no_answer() -> None:
    upstream = Upstream(rows_at(10, 20, 30), page_rows=3)
    upstream.change = lambda rows: [rows[1], rows[0], rows[2]] if len(rows) == 3 else rows
    with pytest.raises(SourceDown, match="no order of time"):
        await upstream.sweep()


async def test_rows_of_a_page_that_is_not_full_may_come_in_any_order() -> None:
    upstream = Upstream(rows_at(10, 20), page_rows=3)
    upstream.change = lambda rows: rows[::-1]
    assert keys(await upstream.sweep()) == {(10, 0), (20, 1)}


@pytest.mark.parametrize("body", [{"error": "so"}, "text", 7, None])
async def test_an_answer_that_is_no_list_is_no_answer(body: object) -> None:
    upstream = Upstream([], page_rows=3)
    upstream.change = lambda _: body  # type: ignore[assignment,return-value]
    with pytest.raises(SourceDown, match=r"info\.userFillsByTime is not a list"):
        await upstream.sweep()


@pytest.mark.parametrize("time", [None, "soon", -1, 2.5, True, 10**30])
async def test_a_row_without_a_usable_time_does_not_stop_the_sweep(time: object) -> None:
    upstream = Upstream(rows_at(10, 20, 30, 40), page_rows=3)
    upstream.change = lambda rows: [*rows[:2], {"time": time}, *rows[2:]][:3]
    pages = await upstream.sweep()
    assert {found["oid"] for page in pages for found in page.rows if "oid" in found} == {0, 1, 2, 3}


@pytest.mark.parametrize("written", [str, Decimal, lambda time: f"{time / 1000:.3f}e3"])
@pytest.mark.parametrize("newest_first", [False, True])
async def test_a_time_counts_however_its_number_is_written(
    written: Callable[[int], object], *, newest_first: bool
) -> None:
    rows = rows_at(10, 20, 20, 30, 40, 50)
    upstream = Upstream(rows, page_rows=3, newest_first=newest_first)
    upstream.change = lambda shown: [{**each, "time": written(each["time"])} for each in shown]
    pages = await upstream.sweep(0, 99)
    assert {found["oid"] for page in pages for found in page.rows} == {0, 1, 2, 3, 4, 5}
    assert (pages[0].covers_from_ms, pages[-1].covers_to_ms) == (0, 99)


async def test_a_full_page_without_any_time_is_no_answer() -> None:
    upstream = Upstream(rows_at(10, 20, 30), page_rows=3)
    upstream.change = lambda rows: ["row" for _ in rows]
    with pytest.raises(SourceDown, match="no row with a time"):
        await upstream.sweep()


# Steps of 0 put rows into one millisecond; enough of them fill more than a page of it.
STEPS = st.lists(st.sampled_from([0, 0, 0, 1, 1, 5, 1000]), max_size=40)


@given(
    steps=STEPS,
    later_steps=st.lists(st.sampled_from([0, 1, 7]), max_size=6),
    page_rows=st.integers(2, 7),
    newest_first=st.booleans(),
    is_open=st.booleans(),
    from_step=st.integers(0, 50),
)
def test_the_pages_hold_every_row_in_closed_contiguous_ranges(
    steps: list[int],
    later_steps: list[int],
    page_rows: int,
    *,
    newest_first: bool,
    is_open: bool,
    from_step: int,
) -> None:
    times = [1000]
    for step in [*steps, *later_steps]:
        times.append(times[-1] + step)
    rows = rows_at(*times)
    # What comes meanwhile can push the known row off a newest-first page: that is tried later.
    there = rows if newest_first else rows[: len(steps) + 1]
    coming = rows[len(there) :]
    upstream = Upstream(there, page_rows=page_rows, newest_first=newest_first, coming=coming)
    from_ms = times[0] + from_step
    until_ms = None if is_open else there[-1]["time"]

    pages = asyncio.run(upstream.sweep(from_ms, until_ms))

    in_window = [found for found in there if found["time"] >= from_ms]
    missing = {key(found) for found in in_window} - keys(pages)
    full = {page.limit.from_ms for page in pages if page.limit}
    a_millisecond = Counter(found["time"] for found in rows)
    assert {time for time, _ in missing} <= full
    assert all(a_millisecond[time] >= page_rows for time in full)
    _require_in_order(pages, from_ms, ASKED_MS if is_open else until_ms)


def _require_in_order(pages: list[ProvenPage], from_ms: int, to_ms: int | None) -> None:
    """Each page starts where the one before it ended, and holds nothing from before."""
    assert pages[0].covers_from_ms == from_ms
    assert pages[-1].covers_to_ms == to_ms
    for before, after in pairwise(pages):
        assert after.covers_from_ms - before.covers_to_ms in (0, 1)
    for page in pages:
        for found in page.rows:
            assert page.covers_from_ms <= found["time"] <= page.covers_to_ms
