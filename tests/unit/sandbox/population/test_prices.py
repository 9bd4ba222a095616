"""Candles and trade prices come from one walk."""

from decimal import Decimal

from hypertally.sandbox.population.coin_volume import CoinVolumes
from hypertally.sandbox.population.markets import Market, find_market
from hypertally.sandbox.population.price_walk import HOUR_MS
from hypertally.sandbox.population.prices import CandleJson, Prices

START_MS = 1_790_000_000_000


def market(coin: str) -> Market:
    found = find_market(coin)
    assert found is not None
    return found


def candles(prices: Prices, coin: str, hours: int) -> list[CandleJson]:
    return prices.candles(
        market(coin), "1h", start_ms=START_MS, end_ms=START_MS + hours * HOUR_MS - 1
    )


def test_a_candle_opens_where_the_one_before_closed() -> None:
    rows = candles(Prices(seed=1, start_ms=START_MS), "@107", 50)
    assert [row["o"] for row in rows[1:]] == [row["c"] for row in rows[:-1]]
    for row in rows:
        low, high = Decimal(str(row["l"])), Decimal(str(row["h"]))
        assert low <= Decimal(str(row["o"])) <= high


def test_a_candle_is_the_same_in_every_window() -> None:
    late = Prices(seed=1, start_ms=START_MS)
    last = candles(late, "@142", 90)[-1]
    whole = candles(Prices(seed=1, start_ms=START_MS), "@142", 90)
    assert whole[-1] == last
    assert len(whole) == 91  # the window touches the candle it starts in and the one it ends in


def test_a_day_candle_sums_up_its_hours() -> None:
    prices = Prices(seed=1, start_ms=START_MS)
    day_ms = START_MS // (24 * HOUR_MS) * 24 * HOUR_MS
    hours = prices.candles(market("@107"), "1h", start_ms=day_ms, end_ms=day_ms + 24 * HOUR_MS - 1)
    (day,) = prices.candles(market("@107"), "1d", start_ms=day_ms, end_ms=day_ms)
    assert (day["o"], day["c"]) == (hours[0]["o"], hours[-1]["c"])
    assert Decimal(str(day["h"])) == max(Decimal(str(row["h"])) for row in hours)
    assert day["T"] == hours[-1]["T"]


def test_the_volumes_of_minutes_hours_and_days_add_up() -> None:
    prices = Prices(seed=1, start_ms=START_MS)
    day_ms = START_MS // (24 * HOUR_MS) * 24 * HOUR_MS
    rows = {
        interval: prices.candles(
            market("BTC"),
            interval,
            start_ms=day_ms,
            end_ms=day_ms + 24 * HOUR_MS - 1,
            coin_volumes=CoinVolumes(),
        )
        for interval in ("1m", "15m", "1h", "1d")
    }
    assert [len(listed) for listed in rows.values()] == [24 * 60, 24 * 4, 24, 1]
    volumes = {sum(Decimal(row["v"]) for row in listed) for listed in rows.values()}
    counts = {sum(row["n"] for row in listed) for listed in rows.values()}
    assert len(volumes) == len(counts) == 1
    (volume,) = volumes
    assert Decimal(10_000) < volume < Decimal(40_000), "some billion USD a day"


def test_the_dollar_token_stays_near_a_dollar() -> None:
    rows = candles(Prices(seed=1, start_ms=START_MS), "@230", 24 * 90)
    assert all(Decimal("0.97") < Decimal(str(row["o"])) < Decimal("1.03") for row in rows)


def test_a_price_lies_on_the_line_between_open_and_close() -> None:
    prices = Prices(seed=1, start_ms=START_MS)
    (row,) = candles(prices, "@107", 1)[:1]
    opened_ms = int(str(row["t"]))
    middle = prices.price(market("@107"), opened_ms + HOUR_MS // 2)
    ends = sorted((Decimal(str(row["o"])), Decimal(str(row["c"]))))
    assert ends[0] <= middle <= ends[1]
    assert str(prices.price(market("@107"), opened_ms)) == row["o"]
