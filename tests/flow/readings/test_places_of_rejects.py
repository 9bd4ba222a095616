"""Where a fill belongs that cannot be read: a time that nobody believes is no time."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from tests.flow.books import Books, milliseconds
from tests.flow.handmade import ALICE, Row, fill, ms
from tests.flow.scripted import Scripted, scripted

from hypertally.clock import at, system_clock

HOUR_MS = 3_600_000
SECOND_READING = timedelta(hours=1, minutes=2)
TWO_OF_THREE = Decimal("0.666666")


@pytest.fixture
def alice() -> Iterator[Scripted]:
    with scripted() as exchange:
        yield exchange


def noon() -> int:
    day = system_clock().date() - timedelta(days=3)
    return milliseconds(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))


def spot(time_ms: int) -> Row:
    """A fill that no chain connects to others."""
    return fill(time_ms, coin="#30", dir="Buy")


async def read_twice(books: Books, alice: Scripted) -> None:
    await books.settle(alice.exchange)
    books.later += SECOND_READING
    await books.run_kind(alice.exchange, "confirm_fills")


def ahead(**duration: int) -> Callable[[], Row]:
    """A time ahead of the clocks, also when the second reading is asked for."""
    return lambda: {"time": milliseconds(system_clock() + SECOND_READING + timedelta(**duration))}


UNBELIEVED: dict[str, Callable[[], Row]] = {
    "the end of all times": lambda: {"time": ms("9999-12-31T00:00")},
    "6 minutes ahead": ahead(minutes=6),
    "23 hours ahead": ahead(hours=23),
}


@pytest.mark.parametrize("case", UNBELIEVED)
async def test_a_row_whose_time_nobody_believes_lowers_the_day_it_stands_in(
    books: Books, alice: Scripted, case: str
) -> None:
    times = [noon() + hour * HOUR_MS for hour in range(3)]
    first, middle, last = (spot(time_ms) for time_ms in times)
    alice.fills = [first, middle | UNBELIEVED[case](), last]
    await books.track([ALICE])
    await read_twice(books, alice)
    (window,) = await books.read("select from_at, to_at from facts.reject_windows")
    assert (window["from_at"], window["to_at"]) == (at(times[0]), at(times[2]))
    (day,) = await books.read("select completeness, reasons from metrics.wallet_day_metrics")
    assert day["completeness"] == TWO_OF_THREE
    assert [reason["kind"] for reason in day["reasons"]] == ["reject"]


async def test_an_unreadable_row_from_before_the_exchange_may_have_been_at_any_time(
    books: Books, alice: Scripted
) -> None:
    first, middle, last = (spot(noon() + hour * HOUR_MS) for hour in range(3))
    alice.fills = [first, middle | {"time": ms("2022-12-31T23:59"), "sz": "many"}, last]
    await books.track([ALICE])
    await read_twice(books, alice)
    (window,) = await books.read("select from_at, to_at from facts.reject_windows")
    assert window["from_at"] <= at(first["time"]) < at(last["time"]) <= window["to_at"]
    (day,) = await books.read("select completeness from metrics.wallet_day_metrics")
    assert day["completeness"] == TWO_OF_THREE


async def test_a_row_dated_ahead_at_the_end_belongs_between_the_last_fill_and_the_question(
    books: Books, alice: Scripted
) -> None:
    first, last = spot(noon()), spot(noon() + HOUR_MS)
    alice.fills = [first, last | UNBELIEVED["6 minutes ahead"]()]
    await books.track([ALICE])
    await read_twice(books, alice)
    (window,) = await books.read("select from_at, to_at from facts.reject_windows")
    asked_at = await books.value(
        "select p.asked_at from facts.pages as p join facts.rejects as r on r.page_id = p.id"
    )
    assert window["from_at"] == at(first["time"])
    assert timedelta(0) <= asked_at - window["to_at"] < timedelta(milliseconds=1)
    (day,) = await books.read("select completeness from metrics.wallet_day_metrics")
    assert day["completeness"] == Decimal("0.5")
