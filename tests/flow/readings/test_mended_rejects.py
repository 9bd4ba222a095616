"""A row that could not be read, and that the exchange mends later, lowers its day no longer."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.flow.books import Books, milliseconds
from tests.flow.handmade import ALICE, Row, fill
from tests.flow.scripted import Scripted, scripted

from hypertally.clock import system_clock

HOUR_MS = 3_600_000
SECOND_READING = timedelta(hours=1, minutes=2)


@pytest.fixture
def alice() -> Iterator[Scripted]:
    with scripted() as exchange:
        yield exchange


def three_fills() -> list[Row]:
    day = system_clock().date() - timedelta(days=3)
    noon = milliseconds(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
    return [fill(noon + hour * HOUR_MS, coin="#30", dir="Buy") for hour in range(3)]


async def read_again(books: Books, alice: Scripted) -> None:
    """Two deep readings, an hour and a little apart."""
    for _ in range(2):
        books.later += SECOND_READING
        await books.pull_deep(alice.exchange)


async def day(books: Books) -> tuple[int, Decimal]:
    (row,) = await books.read("select fills, completeness from metrics.wallet_day_metrics")
    return row["fills"], row["completeness"]


async def shown_first(books: Books, alice: Scripted, rows: list[Row]) -> None:
    alice.fills = rows
    await books.track([ALICE])
    await books.settle(alice.exchange)
    await read_again(books, alice)


@pytest.mark.parametrize("bad", [{"sz": "many"}, {"coin": "a\x00b"}, {"side": "b"}])
async def test_a_fill_that_is_mended_lowers_its_day_no_longer(
    books: Books, alice: Scripted, bad: dict[str, Any]
) -> None:
    first, middle, last = three_fills()
    await shown_first(books, alice, [first, middle | bad, last])
    assert await day(books) == (2, Decimal("0.666666"))
    alice.fills = [first, middle, last]
    await read_again(books, alice)
    assert await day(books) == (3, Decimal(1))
    assert await books.value("select count(*) from facts.decoded_rejects") == 1


@pytest.mark.parametrize("ids", ["its own", "those of the first"])
async def test_one_fill_mends_one_of_two_rejects(books: Books, alice: Scripted, ids: str) -> None:
    first, middle, last = three_fills()
    other = fill(middle["time"], coin="#30", dir="Buy", sz="more")
    if ids != "its own":
        other |= {"oid": middle["oid"], "tid": middle["tid"]}
    await shown_first(books, alice, [first, middle | {"sz": "many"}, other, last])
    assert await day(books) == (2, Decimal("0.5"))
    alice.fills = [first, middle, last]
    await read_again(books, alice)
    assert await day(books) == (3, Decimal("0.75"))


@pytest.mark.parametrize("unnamed", [{"oid": None}, {"tid": None}, {"tid": 0}, {"oid": -1}])
async def test_a_row_that_names_no_order_or_no_trade_stays_a_reject(
    books: Books, alice: Scripted, unnamed: dict[str, Any]
) -> None:
    first, middle, last = three_fills()
    await shown_first(books, alice, [first, middle | {"sz": "many"} | unnamed, last])
    alice.fills = [first, middle, last]
    await read_again(books, alice)
    assert await day(books) == (3, Decimal("0.75"))


async def test_a_fill_that_was_known_before_its_bad_row_mends_nothing(
    books: Books, alice: Scripted
) -> None:
    rows = three_fills()
    await shown_first(books, alice, rows)
    alice.fills = [*rows[:2], rows[1] | {"sz": "many"}, rows[2]]
    await read_again(books, alice)
    alice.fills = rows
    await read_again(books, alice)
    assert await day(books) == (3, Decimal("0.75"))
