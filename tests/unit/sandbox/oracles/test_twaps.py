"""The oracle of TWAPs against figures worked out by hand."""

from decimal import Decimal

import pytest

from hypertally.sandbox.oracles.inputs import (
    population_candles,
    population_fills,
    population_statuses,
    population_usd_prices,
)
from hypertally.sandbox.oracles.twaps import (
    ExecutionTotals,
    TwapBook,
    arrival_price,
    market_price,
    twap_books,
)
from hypertally.sandbox.oracles.usd_prices import Fill, UsdPrices
from hypertally.sandbox.population.coin_volume import CoinVolumes, TradedVolume
from hypertally.sandbox.population.population import Population

A, B = "0xa", "0xb"
START_MS = 1_795_000_000_250
UNTIL_MS = START_MS
MINUTE_MS = 60_000


def quotes(*, hype: str | None = "40") -> UsdPrices:
    return UsdPrices(
        pairs={"@107": ("HYPE", "USDC"), "@230": ("USDH", "USDC"), "@232": ("HYPE", "USDH")},
        collateral={"xyz": "USDC"},
        open_at=lambda coin, _ms: Decimal(hype) if coin == "@107" and hype else None,
    )


def part(at_ms: int, *, oid: int, **changes: object) -> Fill:
    usual: dict[str, object] = {"coin": "BTC", "px": "10.0", "sz": "2.0", "side": "B"}
    usual |= {"time": START_MS + at_ms, "oid": oid, "twapId": 7, "fee": "0.5", "feeToken": "USDC"}
    return usual | changes


def told(status: str, seconds: int, size: str, notional: str, **changes: object) -> Fill:
    state = {"coin": "BTC", "side": "B", "sz": "9.0", "executedSz": size, "minutes": 5}
    state |= {"executedNtl": notional, "timestamp": START_MS}
    row = {"time": START_MS // 1000 + seconds, "state": state, "twapId": 7}
    return row | {"status": {"status": status} | changes}


ACTIVATED = told("activated", 0, "0.0", "0.0")
SLICES = [
    part(30_000, oid=1),
    part(30_000, oid=1, px="11.0", sz="1.0", fee="-0.1"),
    part(60_900, oid=2, fee="0.2", feeToken="HYPE"),
]


def book(*, statuses: list[Fill], fills: list[Fill] = SLICES, hype: str | None = "40") -> TwapBook:
    rows = [(A, fill) for fill in fills]
    books = twap_books(rows, [(A, row) for row in statuses], quotes(hype=hype))
    assert books.keys() == {(7, A)}
    return books[7, A]


def test_a_slice_is_the_fills_of_one_order() -> None:
    first, second = book(statuses=[ACTIVATED]).slices
    assert (first.fills, first.size, first.notional) == (2, Decimal(3), Decimal(31))
    assert (first.fees, first.fees_usd) == ({"USDC": Decimal("0.4")}, Decimal("0.4"))
    assert (second.oid, second.fees_usd) == (2, Decimal(8))


def test_executed_in_a_window_is_what_its_slices_add_up_to() -> None:
    made = book(statuses=[ACTIVATED, told("finished", 300, "5.0", "51.0")])
    whole = made.executed()
    assert (whole.slices, whole.fills, whole.size, whole.notional) == (2, 3, Decimal(5), 51)
    assert whole.fees == {"USDC": Decimal("0.4"), "HYPE": Decimal("0.2")}
    assert (whole.fees_usd, whole.average_price) == (Decimal("8.4"), Decimal("10.2"))
    second_ms = START_MS + 60_900
    assert made.executed(0, second_ms).size == Decimal(3)
    assert made.executed(second_ms, second_ms + 1).size == Decimal(2)
    assert made.executed(second_ms + 1) == ExecutionTotals()
    assert made.executed(second_ms + 1).average_price is None


def test_a_missing_price_empties_the_fees_in_usd_alone() -> None:
    done = book(statuses=[ACTIVATED], hype=None).executed()
    assert (done.fees_usd, done.fees["HYPE"], done.size) == (None, Decimal("0.2"), Decimal(5))


def test_the_residual_is_slices_less_final_totals() -> None:
    finished = [ACTIVATED, told("finished", 300, "6.0", "51.5")]
    assert book(statuses=finished).residual == (Decimal(-1), Decimal("-0.5"))
    assert book(statuses=[ACTIVATED]).residual is None
    assert book(statuses=[]).residual is None
    assert book(statuses=finished, fills=[]).residual == (Decimal(-6), Decimal("-51.5"))


def test_a_twap_that_ended_never_runs_again_whatever_its_second() -> None:
    failed = told("error", 0, "0.0", "0.0", description="Insufficient margin")
    for statuses in ([ACTIVATED, failed], [failed, ACTIVATED]):
        state = book(statuses=statuses, fills=[]).state
        assert state
        assert (state.status, state.statuses) == ("error:Insufficient margin", 2)
        assert not state.runs
    state = book(statuses=[ACTIVATED]).state
    assert state
    assert state.runs
    assert state.ends_ms == START_MS + 5 * MINUTE_MS


def test_fills_without_a_twap_are_nobodys_slices() -> None:
    assert twap_books([(A, part(0, oid=1, twapId=None))], [], quotes()) == {}


def test_the_same_number_of_two_wallets_is_two_twaps() -> None:
    rows = [(A, part(0, oid=1)), (B, part(0, oid=2, side="A"))]
    books = twap_books(rows, [], quotes())
    assert {key: made.side for key, made in books.items()} == {(7, A): "B", (7, B): "A"}


def candle(minute: int, **figures: str) -> Fill:
    opened_ms = START_MS // MINUTE_MS * MINUTE_MS + minute * MINUTE_MS
    return {
        "t": opened_ms,
        "T": opened_ms + MINUTE_MS - 1,
        "o": "1.0",
        "h": "3.0",
        "l": "1.0",
        "c": "2.0",
        "v": "4.0",
    } | figures


def test_arrival_is_the_open_of_the_finest_candle_or_the_first_slice() -> None:
    rows = [candle(-1, o="5.0"), candle(0, o="6.0"), candle(1, o="7.0")]
    sliced = book(statuses=[ACTIVATED])
    coin = sliced.coin
    assert arrival_price(sliced, {"1m": rows}) == (6, f"candle:{coin}:1m:open")
    wide = candle(-3, o="8.0") | {"T": START_MS + MINUTE_MS}
    assert arrival_price(sliced, {"1m": rows[:1], "5m": [wide]}) == (8, f"candle:{coin}:5m:open")
    first = sliced.slices[0]
    price, source = arrival_price(sliced, {"1m": rows[:1]}) or (Decimal(0), "")
    assert (round(price * first.size, 20), source) == (first.notional, "first slice")
    assert arrival_price(book(statuses=[ACTIVATED], fills=[]), {}) is None
    assert arrival_price(book(statuses=[]), {"1m": rows}) == (price, "first slice")


def test_the_markets_price_weighs_typical_prices_by_volume() -> None:
    rows = [candle(0), candle(1, h="6.0", l="6.0", c="6.0", v="1.0")]
    assert market_price(rows) == Decimal("2.8")
    assert market_price([candle(0, v="0.0")]) is market_price([]) is None


def test_in_a_population_own_prices_are_close_to_the_markets() -> None:
    world = Population(seed=2, wallets=6, days=5, until_ms=UNTIL_MS, fills=1_500)
    books = twap_books(
        population_fills(world), population_statuses(world), population_usd_prices(world)
    )
    compared = 0
    for made in books.values():
        assert made.state
        if not made.slices:
            continue
        minutes = population_candles(
            world, made.coin, from_ms=made.state.started_ms, to_ms=made.slices[-1].at_ms
        )
        arrival, market = arrival_price(made, {"1m": minutes}), market_price(minutes)
        assert arrival
        assert market == pytest.approx(made.executed().average_price, rel=Decimal("0.02"))
        assert arrival[0] == pytest.approx(market, rel=Decimal("0.05"))
        compared += 1
    assert compared > 5


def test_volume_is_of_one_coin_and_both_ends_are_inclusive() -> None:
    volumes = CoinVolumes()
    for time_ms, price in ((10, 5), (20, 9), (20, 2), (30, 4)):
        volumes.add("BTC", time_ms, price=Decimal(price), size=Decimal(time_ms))
    volumes.add("ETH", 20, price=Decimal(1), size=Decimal(1))
    assert volumes.total_between("BTC", 10, 20) == TradedVolume(
        volume=Decimal(50), trades=3, high=Decimal(9), low=Decimal(2)
    )
    assert (
        volumes.total_between("BTC", 21, 29)
        == volumes.total_between("SOL", 0, 99)
        == TradedVolume()
    )
