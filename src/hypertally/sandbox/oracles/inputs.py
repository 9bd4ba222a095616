"""The inputs of the oracles: a population's rows, prices and candles."""

from collections.abc import Iterator
from decimal import Decimal
from functools import cache

import msgspec

from hypertally.sandbox.oracles.usd_prices import UsdPrices
from hypertally.sandbox.population.markets import DEXS, PAIRS, SPOTS, find_market
from hypertally.sandbox.population.population import Population
from hypertally.sandbox.population.price_walk import HOUR_MS
from hypertally.sandbox.population.prices import CandleJson

Fill = dict[str, object]


def population_fills(
    population: Population, *, tracked_only: bool = True
) -> Iterator[tuple[str, Fill]]:
    """Return every (wallet, fill) of a population so far."""
    for wallet, body in population.fills(tracked_only=tracked_only):
        yield wallet, msgspec.json.decode(body, type=Fill)


def population_statuses(
    population: Population, *, tracked_only: bool = True
) -> Iterator[tuple[str, Fill]]:
    """Return every (wallet, row of twapHistory) so far, in the order of their times."""
    for status in population.twap_statuses():
        if not tracked_only or population.by_address[status.user].tracked:
            yield status.user, msgspec.json.decode(status.history_row(), type=Fill)


def population_usd_prices(population: Population) -> UsdPrices:
    """Return the prices of a population's own candles."""
    markets = {market.coin: market for market in SPOTS}

    @cache
    def open_of(coin: str, hour: int) -> Decimal | None:
        candles = population.prices.candles(
            markets[coin], "1h", start_ms=hour * HOUR_MS, end_ms=hour * HOUR_MS
        )
        return Decimal(str(candles[0]["o"])) if candles else None

    return UsdPrices(
        pairs={pair.name: (pair.base, pair.quote) for pair in PAIRS},
        collateral={dex.name: dex.collateral for dex in DEXS},
        open_at=lambda coin, time_ms: open_of(coin, time_ms // HOUR_MS),
    )


def population_candles(
    population: Population, coin: str, *, from_ms: int, to_ms: int, interval: str = "1m"
) -> list[CandleJson]:
    """Return the candles that begin in a time range, both ends inclusive, at any age."""
    market = find_market(coin)
    assert market is not None, f"no market {coin}"
    return population.prices.candles(
        market, interval, start_ms=from_ms, end_ms=to_ms, coin_volumes=population.coin_volumes
    )
