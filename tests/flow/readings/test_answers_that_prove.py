"""What an answer proves: nothing where it lacks what the books hold, or what it could not show."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from tests.flow.books import Books, milliseconds
from tests.flow.handmade import ALICE, Row, fill, holding
from tests.flow.scripted import Answer, Scripted, scripted

from hypertally.clock import at, system_clock
from hypertally.errors import SourceDown
from hypertally.jobs.activity import tracked_wallets
from hypertally.jobs.activity.end_positions import CHECK_SECONDS
from hypertally.jobs.activity.pull_fills import pull_window

MINUTE_MS = 60_000
SECOND_READING = timedelta(hours=1, minutes=2)
ONCE = Decimal("0.999999")


@pytest.fixture
def alice() -> Iterator[Scripted]:
    with scripted() as exchange:
        yield exchange


def noon(*, days_ago: int) -> int:
    day = system_clock().date() - timedelta(days=days_ago)
    return milliseconds(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))


def spot(time_ms: int, **fields: Any) -> Row:
    """A fill that no chain connects to others."""
    return fill(time_ms, coin="#30", dir="Buy", **fields)


async def day(books: Books) -> tuple[Decimal, list[str]]:
    """The lowest completeness of a day, and its reasons."""
    rows = await books.read(
        "select completeness, reasons from metrics.wallet_day_metrics order by completeness limit 1"
    )
    return rows[0]["completeness"], [reason["kind"] for reason in rows[0]["reasons"]]


async def confirm(books: Books, alice: Scripted) -> None:
    books.later += SECOND_READING
    await books.run_kind(alice.exchange, "confirm_fills")


async def test_a_reading_from_before_the_fills_says_nothing_of_their_beginning(
    books: Books, alice: Scripted
) -> None:
    await books.track([ALICE])
    await books.settle(alice.exchange)
    assert await books.value("select max(rows_shown) from facts.history_readings") == 0
    start = milliseconds(books.clock()) + MINUTE_MS
    alice.fills = [spot(start + number) for number in range(12_000)]
    books.later += timedelta(minutes=5)
    await books.pull(alice.exchange)
    await confirm(books, alice)
    assert (await books.facts_digest())[0] == 10_000
    begins = await books.read("select kind, to_at from metrics.fill_gaps")
    assert [(row["kind"], milliseconds(row["to_at"])) for row in begins] == [
        ("history_begins", alice.fills[2_000]["time"])
    ]
    completeness, reasons = await day(books)
    assert completeness < 1
    assert "history_begins" in reasons


SPOILED = ["empty", "newest alone", "one hidden"]


def spoil(alice: Scripted, how: str) -> None:
    """Have the answers lack fills that the books hold."""

    def answer(request: Row) -> Answer | None:
        if request["type"] != "userFillsByTime":
            return None
        rows = alice.rows(request)
        but_first = [row for row in rows if row is not alice.fills[0]]
        spoiled = {"empty": rows[:0], "newest alone": rows[-1:], "one hidden": but_first}
        return 200, spoiled[how]

    alice.script = answer


@pytest.mark.parametrize("how", SPOILED)
async def test_a_second_reading_that_lacks_known_fills_confirms_nothing(
    books: Books, alice: Scripted, how: str
) -> None:
    at = noon(days_ago=3)
    first, late, *others = [spot(at + minutes * MINUTE_MS) for minutes in (0, 10, 20, 120)]
    alice.fills = [first, *others]
    await books.track([ALICE])
    await books.settle(alice.exchange)
    assert await day(books) == (ONCE, ["read_once"])
    alice.fills = [first, late, *others]
    spoil(alice, how)
    await confirm(books, alice)
    completeness, reasons = await day(books)
    assert completeness < 1
    assert "thin_answer" in reasons

    alice.script = None
    await confirm(books, alice)
    assert (await books.facts_digest())[0] == 4
    if how != "one hidden":  # only now did the late one come, and is read twice again
        assert (await day(books))[0] == ONCE
    await confirm(books, alice)
    assert await day(books) == (Decimal(1), [])


async def test_a_window_that_lacks_known_fills_proves_nothing(
    books: Books, alice: Scripted
) -> None:
    at = noon(days_ago=3)
    alice.fills = [spot(at), spot(at + MINUTE_MS)]
    await books.track([ALICE])
    await books.settle(alice.exchange)
    spoil(alice, "empty")
    books.later += SECOND_READING
    (wallet,) = await tracked_wallets.list_tracked(books.pool, [ALICE])
    async with books._info(alice.exchange) as info:
        with pytest.raises(SourceDown, match="does not hold the known fill"):
            await pull_window(
                books.pool, info, wallet, from_ms=at - 12 * 60 * MINUTE_MS,
                until_ms=at + 12 * 60 * MINUTE_MS,
            )  # fmt: skip
    await books.settle(alice.exchange)
    assert await day(books) == (ONCE, ["read_once"])


async def test_older_fills_that_the_exchange_keeps_no_more_are_no_thin_answer(
    books: Books, alice: Scripted
) -> None:
    """10,000 are kept: a hundred new ones push out a hundred old ones."""
    start = noon(days_ago=2)
    rows = [spot(start + number * 1_000) for number in range(10_100)]
    alice.fills = rows[:10_000]
    await books.track([ALICE])
    await books.settle(alice.exchange)
    alice.fills = rows
    await confirm(books, alice)
    assert (await books.facts_digest())[0] == 10_100
    assert await books.read("select kind from facts.limits_met where kind = 'thin_answer'") == []
    first_page = await books.read(
        "select covers_from_ms from facts.pages where closed order by asked_at desc, id limit 100"
    )
    assert rows[100]["time"] in {row["covers_from_ms"] for row in first_page}


FAILING = {
    "500": (500, None),
    "unreadable": (200, {"assetPositions": [{"position": {"coin": "BTC", "szi": 3}}], "time": 1}),
    "stale": (200, holding(1, BTC="1.0")),
}


@pytest.mark.parametrize("failing", FAILING)
async def test_a_day_is_not_complete_before_its_end_was_checked(
    books: Books, alice: Scripted, failing: str
) -> None:
    alice.fills = [fill(noon(days_ago=3))]

    def answer(request: Row) -> Answer | None:
        return FAILING[failing] if request["type"] == "clearinghouseState" else None

    alice.script = answer
    await books.track([ALICE])
    await books.settle(alice.exchange)
    await books.run_kind(alice.exchange, "check_positions")
    await confirm(books, alice)
    await books.run_kind(alice.exchange, "check_positions")
    assert await day(books) == (ONCE, ["end_not_checked"])

    pauses = [
        row["seconds"]
        for _ in range(9)
        for row in await check_again(books, alice)
    ]  # fmt: skip
    assert all(later >= earlier - 1 for earlier, later in pairwise(pauses))  # rounded seconds
    assert CHECK_SECONDS < pauses[0] < pauses[3] < pauses[-1] <= 6 * 3600 + 1

    alice.script, alice.state = None, holding(milliseconds(books.clock()), BTC="1.0")
    await books.run_kind(alice.exchange, "check_positions")
    assert await day(books) == (ONCE, ["end_not_checked"])  # no reading since then
    books.later += timedelta(minutes=2)
    await books.pull(alice.exchange)
    await books.run_kind(alice.exchange, "check_positions")
    assert await day(books) == (Decimal(1), [])
    queued = "select count(*) from ops.jobs where kind = 'check_positions' and status = 'queued'"
    assert await books.value(queued) == 0


async def check_again(books: Books, alice: Scripted) -> list[dict[str, Any]]:
    await books.run_kind(alice.exchange, "check_positions")
    return await books.read(
        "select round(extract(epoch from run_at - now()))::integer as seconds from ops.jobs "
        "where kind = 'check_positions' and status = 'queued'"
    )


async def test_a_later_day_on_the_dex_takes_the_check_over(books: Books, alice: Scripted) -> None:
    first, second = noon(days_ago=3), noon(days_ago=2)
    alice.fills = [fill(first)]
    await books.track([ALICE])
    await books.settle(alice.exchange)
    alice.fills.append(fill(second, startPosition="1.0"))
    await books.pull(alice.exchange)
    await confirm(books, alice)
    reasons = await books.read("select reasons from metrics.wallet_day_metrics order by day")
    kinds = [[reason["kind"] for reason in row["reasons"]] for row in reasons]
    assert kinds == [[], ["end_not_checked"]]
    assert await books.unfinished_work() == []


async def test_an_empty_answer_says_nothing_of_a_cut_history(books: Books, alice: Scripted) -> None:
    """12,000 fills, the first answer empty: of the newest 10,000 the beginning is not known."""
    start = noon(days_ago=13)
    alice.fills = [spot(start + number * 86_400) for number in range(12_000)]
    alice.script = lambda request: (200, []) if request["type"] == "userFillsByTime" else None
    await books.track([ALICE])
    await books.settle(alice.exchange)
    alice.script = None
    books.later += SECOND_READING
    await books.pull(alice.exchange)
    await confirm(books, alice)
    await confirm(books, alice)
    assert (await books.facts_digest())[0] == 10_000
    kinds = await books.read("select distinct kind from metrics.fill_gaps")
    assert [row["kind"] for row in kinds] == ["history_begins"]
    lowered = "select max(completeness) from metrics.wallet_day_metrics where day <= %s"
    first_shown = at(alice.fills[2_000]["time"]).date()
    assert await books.value(lowered, first_shown) < 1


async def test_a_window_that_the_exchange_keeps_no_more_proves_nothing(
    books: Books, alice: Scripted
) -> None:
    """12,000 fills came while nobody asked: 2,000 are gone, and asking for them brings nothing."""
    old = noon(days_ago=9)
    alice.fills = [spot(old)]
    await books.track([ALICE])
    await books.settle(alice.exchange)
    start = noon(days_ago=8)
    alice.fills += [spot(start + number * 40_000) for number in range(12_000)]
    await books.pull(alice.exchange)
    await confirm(books, alice)
    (wallet,) = await tracked_wallets.list_tracked(books.pool, [ALICE])
    lost_ms, shown_ms = start, alice.fills[2_001]["time"]
    for _ in range(2):
        books.later += SECOND_READING
        async with books._info(alice.exchange) as info:
            await pull_window(books.pool, info, wallet, from_ms=lost_ms, until_ms=shown_ms - 1)
        await books.settle(alice.exchange)
    readings = await books.read("select closed from facts.pages where covers_from_ms = %s", lost_ms)
    assert readings == [{"closed": False}] * 2
    completeness = "select completeness from metrics.wallet_day_metrics where day = %s"
    assert await books.value(completeness, at(shown_ms).date()) < Decimal("0.99")
