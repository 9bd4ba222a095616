"""An answer that lacks a known fill is thin: that shows at the end of a sweep, and may pass."""

from pathlib import Path
from typing import Any

import pytest
from tests.flow.books import Books, serving
from tests.flow.handmade import ALICE, Row, fill, ms, world

from hypertally.clock import system_clock
from hypertally.jobs.activity.pull_fills import OVERLAP_MS
from hypertally.jobs.activity.store_fill_page import THIN_TRIES

NOON = ms("2025-10-04T12:00")
MINUTE_MS = 60_000


def spot(time_ms: int, **fields: Any) -> Row:
    """A fill that no chain connects to others."""
    return fill(time_ms, coin="#30", **fields)


async def test_a_wallet_of_many_fills_in_two_days_has_no_thin_answer(
    books: Books, tmp_path: Path
) -> None:
    rows = [spot(NOON + number * 30_000) for number in range(2_500)]  # within 21 hours
    async with serving(world(tmp_path / "world", {ALICE: rows})) as exchange:
        await books.track([ALICE])
        await books.settle(exchange)
        await books.pull_deep(exchange)
        await books.read_again(exchange)
    pages = "select count(*) from facts.pages where (request ->> 'startTime')::bigint > 0"
    assert await books.value(pages) >= 2  # the known fill is not on the first page
    assert await books.value("select count(*) from facts.limits_met") == 0
    assert await books.value("select min(completeness) from metrics.wallet_day_metrics") == 1


async def thin_books(books: Books, tmp_path: Path, *, later: Row) -> Row:
    """Books whose last known fill is missing in the answers that followed; that fill."""
    first = spot(NOON)
    async with serving(world(tmp_path / "whole", {ALICE: [first]})) as exchange:
        await books.track([ALICE])
        await books.settle(exchange)
    async with serving(world(tmp_path / "thin", {ALICE: [later]})) as exchange:
        await books.pull(exchange)
    return first


async def test_a_thin_answer_is_taken_at_the_third_try_with_its_hole_recorded(
    books: Books, tmp_path: Path
) -> None:
    later = spot(NOON + 5 * MINUTE_MS)
    await thin_books(books, tmp_path, later=later)
    tries = await books.value(
        "select count(*) from facts.pages where (request ->> 'startTime')::bigint = %s",
        NOON - OVERLAP_MS,
    )
    assert tries == THIN_TRIES == 3
    assert await books.read("select kind, from_ms, to_ms from facts.limits_met") == [
        {"kind": "thin_answer", "from_ms": NOON, "to_ms": later["time"]}
    ]
    assert await books.value("select min(completeness) from metrics.wallet_day_metrics") < 1


async def test_a_later_whole_answer_lifts_a_thin_one(books: Books, tmp_path: Path) -> None:
    later = spot(NOON + 5 * MINUTE_MS)
    first = await thin_books(books, tmp_path, later=later)
    between = spot(NOON + MINUTE_MS)
    async with serving(world(tmp_path / "again", {ALICE: [first, between, later]})) as exchange:
        await books.pull(exchange)
        await books.read_again(exchange)
    assert await books.value("select count(*) from metrics.fill_gaps") == 0
    assert await books.value("select count(*) from facts.limits_lifted") == 1
    assert await books.value("select min(completeness) from metrics.wallet_day_metrics") == 1


async def test_an_ordinary_pull_asks_for_what_came_late_within_its_overlap(
    books: Books, tmp_path: Path
) -> None:
    first, late = spot(NOON), spot(NOON - OVERLAP_MS + MINUTE_MS)
    async with serving(world(tmp_path / "before", {ALICE: [first]})) as exchange:
        await books.track([ALICE])
        await books.settle(exchange)
    async with serving(world(tmp_path / "after", {ALICE: [late, first]})) as exchange:
        await books.pull(exchange)
    assert (await books.facts_digest())[0] == 2


@pytest.mark.parametrize("minutes_ahead", [6, 23 * 60])
async def test_a_fill_dated_ahead_moves_no_cursor(
    books: Books, tmp_path: Path, minutes_ahead: int
) -> None:
    now_ms = int(system_clock().timestamp() * 1000)
    first = spot(now_ms - 60 * MINUTE_MS)
    ahead = spot(now_ms + minutes_ahead * MINUTE_MS)
    async with serving(world(tmp_path / "before", {ALICE: [first, ahead]})) as exchange:
        await books.track([ALICE])
        await books.settle(exchange)
    assert await books.value("select cursor_ms from ops.hl_ingest_cursor") == first["time"]
    following = spot(now_ms - MINUTE_MS)
    async with serving(world(tmp_path / "after", {ALICE: [first, following, ahead]})) as exchange:
        await books.pull(exchange)
    assert await books.value("select cursor_ms from ops.hl_ingest_cursor") == following["time"]
