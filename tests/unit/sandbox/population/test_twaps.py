"""TWAPs of a population: slices by the clock, statuses that agree with them, every way to end."""

from collections import defaultdict
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from hypertally.sandbox.oracles.inputs import (
    Fill,
    population_candles,
    population_fills,
    population_statuses,
    population_usd_prices,
)
from hypertally.sandbox.oracles.twaps import TwapBook, TwapKey, twap_books
from hypertally.sandbox.oracles.usd_prices import market_kind
from hypertally.sandbox.population.coin_volume import traded_by_strangers
from hypertally.sandbox.population.markets import find_market
from hypertally.sandbox.population.population import Population
from hypertally.sandbox.population.twaps import SLICE_LATE_MS_MAX, SLICE_MS, TwapStatus

UNTIL_MS = 1_795_000_000_000
HOUR_MS = 3_600_000


def population(seed: int = 11, **sizes: Any) -> Population:
    made = {"wallets": 30, "days": 30, "until_ms": UNTIL_MS, "fills": 20_000}
    return Population(seed=seed, **(made | sizes))


def books_of(world: Population) -> dict[TwapKey, TwapBook]:
    return twap_books(
        population_fills(world, tracked_only=False),
        population_statuses(world, tracked_only=False),
        population_usd_prices(world),
    )


@pytest.fixture(scope="module")
def world() -> Population:
    return population()


@pytest.fixture(scope="module")
def books(world: Population) -> dict[TwapKey, TwapBook]:
    return books_of(world)


@pytest.fixture(scope="module")
def events(world: Population) -> dict[int, list[TwapStatus]]:
    found: defaultdict[int, list[TwapStatus]] = defaultdict(list)
    for event in world.twap_statuses():
        found[event.twap_id].append(event)
    return found


@pytest.fixture(scope="module")
def fills(world: Population) -> dict[int, list[Fill]]:
    found: defaultdict[int, list[Fill]] = defaultdict(list)
    for _, fill in population_fills(world, tracked_only=False):
        if fill["twapId"]:
            found[int(str(fill["twapId"]))].append(fill)
    return found


def test_a_twap_is_activated_and_ends_at_most_once(events: dict[int, list[TwapStatus]]) -> None:
    for told in events.values():
        first, *later = told
        assert (first.status, first.executed_size, first.executed_notional) == ("activated", 0, 0)
        assert 0 < first.time_ms - first.started_ms < 1_000
        assert [event.status for event in later] in (
            [],
            ["finished"],
            ["terminated"],
            ["error"],
        )


def test_every_status_of_a_twap_says_the_same_of_the_order(
    events: dict[int, list[TwapStatus]],
) -> None:
    for told in events.values():
        orders = {
            (e.user, e.coin, e.buys, e.size, e.minutes, e.started_ms, e.randomize, e.reduce_only)
            for e in told
        }
        assert len(orders) == 1


def test_the_last_status_tells_the_totals_of_the_slices(books: dict[TwapKey, TwapBook]) -> None:
    over = [book for book in books.values() if book.state and not book.state.runs]
    assert len(over) > 150
    assert {book.residual for book in over} == {(Decimal(0), Decimal(0))}
    assert all(book.state for book in books.values())


def test_slices_leave_every_thirty_seconds_each_as_one_order(
    books: dict[TwapKey, TwapBook],
) -> None:
    oids = [slice_.oid for book in books.values() for slice_ in book.slices]
    assert len(oids) == len(set(oids)) > 2_000
    for book in books.values():
        assert book.state
        for slice_ in book.slices:
            number, late_ms = divmod(slice_.at_ms - book.state.started_ms, SLICE_MS)
            assert 1 <= number <= 2 * book.state.minutes
            assert late_ms <= SLICE_LATE_MS_MAX
            assert 1 <= slice_.fills <= 3


def test_slices_are_taken_with_a_zero_hash_and_no_name_of_the_clients(
    fills: dict[int, list[Fill]],
) -> None:
    for fill in (fill for parts in fills.values() for fill in parts):
        assert fill["crossed"]
        assert set(str(fill["hash"])[2:]) == {"0"}
        assert "cloid" not in fill


def test_every_way_to_end_appears(books: dict[TwapKey, TwapBook]) -> None:
    ends: defaultdict[str, list[TwapBook]] = defaultdict(list)
    for book in books.values():
        assert book.state
        ends[book.state.status].append(book)
    assert ends.keys() == {"activated", "finished", "terminated", "error:Insufficient margin"}
    failed = ends["error:Insufficient margin"]
    assert any(not book.slices for book in failed)
    assert any(book.slices for book in failed)
    assert any(book.slices for book in ends["terminated"])
    whole = [book for book in ends["finished"] if book.executed().size == size_of(book)]
    assert 0.7 < len(whole) / len(ends["finished"]) < 1


def size_of(book: TwapBook) -> Decimal:
    assert book.state
    return book.state.size_requested


def test_some_slices_find_nobody_and_the_next_ones_make_up_for_them(
    books: dict[TwapKey, TwapBook],
) -> None:
    caught_up = 0
    for book in books.values():
        assert book.state
        expected = 2 * book.state.minutes
        if book.state.status == "finished" and len(book.slices) < expected:
            largest = max(slice_.size for slice_ in book.slices)
            assert largest * expected <= 3 * size_of(book)
            caught_up += book.executed().size == size_of(book)
    assert caught_up > 10


def test_twaps_trade_perps_of_both_kinds_and_spot_for_anyone(
    world: Population, books: dict[TwapKey, TwapBook]
) -> None:
    tracked = {count.address for count in world.wallets()}
    seen = {(market_kind(book.coin), book.wallet in tracked) for book in books.values()}
    assert seen == {(kind, own) for kind in ("core", "hip3", "spot") for own in (True, False)}


def test_no_twap_trades_more_than_was_asked_for_or_on_another_side(
    books: dict[TwapKey, TwapBook], fills: dict[int, list[Fill]]
) -> None:
    for (twap_id, _), book in books.items():
        assert book.executed().size <= size_of(book)
        assert {(fill["coin"], fill["side"]) for fill in fills[twap_id]} <= {(book.coin, book.side)}


def test_a_reduce_only_twap_never_adds_to_a_position() -> None:
    # A seed whose wallets also close such positions otherwise, before the TWAP has.
    crowded = population(6, wallets=3, days=10, fills=8_000, twap_share=0.7)
    reducing = {event.twap_id for event in crowded.twap_statuses() if event.reduce_only}
    fills = [fill for _, fill in population_fills(crowded) if fill["twapId"] in reducing]
    assert len(fills) > 100
    for fill in fills:
        start, size = Decimal(str(fill["startPosition"])), Decimal(str(fill["sz"]))
        assert (start < 0) == (fill["side"] == "B")
        assert size <= abs(start)


def test_some_run_when_the_past_ends_and_go_on_live() -> None:
    world = population(3, fills=600, days=5, wallets=6, live_per_second=0.01)
    before = books_of(world)
    running = {key for key, book in before.items() if book.state and book.state.runs}
    assert len(running) >= 3
    assert all(before[key].slices for key in running)
    world.advance(UNTIL_MS + HOUR_MS)
    after = books_of(world)
    for key in running:
        state = after[key].state
        assert state
        assert state.status == "finished" or state.ends_ms > UNTIL_MS + HOUR_MS
        assert len(after[key].slices) > len(before[key].slices)


def test_one_ran_across_the_last_midnight_of_the_past(books: dict[TwapKey, TwapBook]) -> None:
    midnight_ms = UNTIL_MS // (24 * HOUR_MS) * 24 * HOUR_MS
    parts = [
        (book.executed(0, midnight_ms).size, book.executed(midnight_ms).size)
        for book in books.values()
    ]
    assert any(before and after for before, after in parts)


def test_statuses_and_slices_do_not_depend_on_the_steps_of_advance() -> None:
    leap, steps = (population(5, fills=600, days=5, wallets=8) for _ in range(2))
    leap.advance(UNTIL_MS + 900_000)
    random, now_ms = Random(1), UNTIL_MS
    while now_ms < UNTIL_MS + 900_000:
        now_ms = min(now_ms + random.randint(0, 9_000), UNTIL_MS + 900_000)
        steps.advance(now_ms)
    assert leap.twap_statuses() == steps.twap_statuses()
    assert books_of(leap) == books_of(steps)


@pytest.mark.parametrize("share", [0.0, 0.4, 0.9])
def test_the_pace_holds_whatever_the_share_of_twaps(share: float) -> None:
    made = [population(seed, fills=4_000, twap_share=share) for seed in range(6)]
    legs = sum(count.legs for world in made for count in world.wallets())
    assert legs == pytest.approx(6 * 4_000, rel=0.1)
    twaps = sum(len(world.twap_statuses()) for world in made)
    assert (twaps > 0) == (share > 0)


def test_a_minutes_candle_counts_each_trade_once_and_holds_its_price(world: Population) -> None:
    trades: defaultdict[tuple[str, int], dict[object, Fill]] = defaultdict(dict)
    for _, fill in population_fills(world, tracked_only=False):
        if fill["tid"]:
            minute_ms = int(str(fill["time"])) // 60_000 * 60_000
            trades[str(fill["coin"]), minute_ms][fill["time"], fill["tid"]] = fill
    for (coin, minute_ms), known in list(trades.items())[::7]:
        (candle,) = population_candles(world, coin, from_ms=minute_ms, to_ms=minute_ms)
        prices = [Decimal(str(fill["px"])) for fill in known.values()]
        sizes = [Decimal(str(fill["sz"])) for fill in known.values()]
        market = find_market(coin)
        assert market is not None
        strangers = traded_by_strangers(
            market, seed=world.seed, from_ms=minute_ms, to_ms=minute_ms + 60_000
        )
        assert candle["n"] == len(known) + strangers.trades
        assert Decimal(str(candle["v"])) == sum(sizes) + strangers.volume
        assert Decimal(str(candle["l"])) <= min(prices)
        assert max(prices) <= Decimal(str(candle["h"]))


def test_minutes_join_to_the_hour_they_are_in(world: Population) -> None:
    hour_ms = UNTIL_MS // HOUR_MS * HOUR_MS - 5 * HOUR_MS
    minutes = population_candles(world, "BTC", from_ms=hour_ms, to_ms=hour_ms + HOUR_MS - 1)
    assert len(minutes) == 60
    assert [row["o"] for row in minutes[1:]] == [row["c"] for row in minutes[:-1]]
    assert {(int(str(row["T"])) - int(str(row["t"]))) for row in minutes} == {59_999}
