"""A page that is not full is no end by itself: a server may give less than it has."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.sources.test_pagination import ASKED_MS, Upstream, covers, keys, row, rows_at

from hypertally.errors import SourceDown
from hypertally.records import Answer
from hypertally.sources import pagination
from hypertally.sources.weights import PAGE_ROWS

HISTORY = rows_at(*range(1000, 2500))  # 1,500 rows


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("cap", [100, 487, 500, 999])
async def test_a_server_that_caps_its_pages_hides_nothing_of_a_history(
    cap: int, *, newest_first: bool
) -> None:
    upstream = Upstream(HISTORY, page_rows=cap, newest_first=newest_first)
    pages = [page async for page in pagination.sweep(upstream.fetch, 0)]
    assert len(keys(pages)) == len(HISTORY)
    assert pages[0].covers_from_ms == 0
    assert pages[-1].covers_to_ms == ASKED_MS


@pytest.mark.parametrize("cap", [100, 500, 1000])
async def test_a_round_page_of_a_later_pull_is_not_the_end_either(cap: int) -> None:
    upstream = Upstream(HISTORY, page_rows=cap)
    pages = [page async for page in pagination.sweep(upstream.fetch, 1000)]
    assert len(keys(pages)) == len(HISTORY)


async def test_the_first_page_of_a_history_is_asked_for_once_more_from_its_last_row() -> None:
    upstream = Upstream(rows_at(10, 20, 30), page_rows=PAGE_ROWS)
    pages = [page async for page in pagination.sweep(upstream.fetch, 0)]
    assert upstream.requests == [(0, None), (30, None)]
    assert covers(pages) == [(0, 30), (30, ASKED_MS)]


async def test_an_ordinary_page_of_a_later_pull_costs_one_question() -> None:
    upstream = Upstream(rows_at(*range(10, 17)), page_rows=PAGE_ROWS)
    pages = [page async for page in pagination.sweep(upstream.fetch, 5)]
    assert upstream.requests == [(5, None)]
    assert covers(pages) == [(5, ASKED_MS)]


@pytest.mark.parametrize("newest_first", [False, True])
async def test_a_millisecond_that_a_capped_page_cannot_hold_is_reported(
    *, newest_first: bool
) -> None:
    rows = rows_at(10, *[20] * 150, 30)
    upstream = Upstream(rows, page_rows=100, newest_first=newest_first)
    pages = [page async for page in pagination.sweep(upstream.fetch, 0)]
    (limit,) = [page.limit for page in pages if page.limit]
    assert (limit.kind, limit.from_ms) == ("millisecond_overflow", 20)
    assert {(10, 0), (30, 151)} <= keys(pages)


async def test_a_page_that_its_repetition_does_not_confirm_is_no_answer() -> None:
    upstream = Upstream(rows_at(10, 20), page_rows=PAGE_ROWS)
    upstream.change = lambda rows: rows if len(upstream.requests) == 1 else []
    with pytest.raises(SourceDown, match="after 20"):
        await upstream.sweep()


async def test_a_row_dated_ahead_proves_nothing_of_what_is_still_to_come() -> None:
    ahead = ASKED_MS + 10**12
    upstream = Upstream(rows_at(10, 20, ahead), page_rows=3)
    pages = await upstream.sweep()
    assert max(page.covers_to_ms for page in pages) == ASKED_MS


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("number", range(5))
async def test_a_row_that_is_shown_with_a_time_ahead_stops_no_sweep(
    number: int, *, newest_first: bool
) -> None:
    """The server chooses rows by their true time."""
    upstream = Upstream(rows_at(10, 20, 30, 40, 50), page_rows=3, newest_first=newest_first)
    ahead = ASKED_MS + 10**12
    upstream.change = lambda rows: [
        row | {"time": ahead} if row["oid"] == number else row for row in rows
    ]
    pages = await upstream.sweep()
    assert {oid for _, oid in keys(pages)} == set(range(5))
    assert max(page.covers_to_ms for page in pages) == ASKED_MS


async def test_a_page_of_rows_dated_ahead_alone_is_passed() -> None:
    ahead = ASKED_MS + 10**12
    upstream = Upstream(rows_at(10, 20, 30, *range(ahead, ahead + 5)), page_rows=3)
    assert len(keys(await upstream.sweep())) == 8


async def test_a_server_without_an_end_is_given_up_in_time() -> None:
    async def fetch(from_ms: int, until_ms: int | None) -> Answer:
        rows = [row(time, time) for time in range(from_ms, from_ms + 100)]
        return await Upstream(rows, page_rows=PAGE_ROWS).fetch(from_ms, until_ms)

    with pytest.raises(SourceDown, match="not at its end after 1000 answers"):
        async for _ in pagination.sweep(fetch, 0):
            pass


@given(
    steps=st.lists(st.sampled_from([0, 1, 1, 5, 1000]), max_size=400),
    cap=st.integers(60, 130),
    newest_first=st.booleans(),
)
def test_whatever_the_cap_a_history_is_whole_but_for_full_milliseconds(
    steps: list[int], cap: int, *, newest_first: bool
) -> None:
    times = [1000]
    for step in steps:
        times.append(times[-1] + step)
    upstream = Upstream(rows_at(*times), page_rows=cap, newest_first=newest_first)

    async def swept() -> set[tuple[int, int]]:
        pages = [page async for page in pagination.sweep(upstream.fetch, 0)]
        return keys(pages)

    assert asyncio.run(swept()) == {(time, number) for number, time in enumerate(times)}
