"""The traded volume of each coin, as candles need it: of the population, and of strangers.

The wallets of a population are a small part of a market. What everybody else trades has a volume
and a number of trades of its own in each hour, spread evenly over its minutes: so the candles of
minutes add up to those of hours and days.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from random import Random
from typing import final

from hypertally.sandbox.population.decimals import ZERO, truncated
from hypertally.sandbox.population.markets import WALKS, Market
from hypertally.sandbox.population.price_walk import HOUR_MS

MINUTE_MS = 60_000
USD_PER_MINUTE = 80_000  # of a market of weight 1; BTC then trades some 100 million USD an hour
BUSY_PERCENT = (50, 150)
TRADES_PER_MINUTE = (2, 12)
HOURS_KEPT = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TradedVolume:
    """The trades of one coin between two times; no high and low without trades."""

    volume: Decimal = ZERO
    trades: int = 0
    high: Decimal | None = None
    low: Decimal | None = None


@final
class _Trades:
    def __init__(self) -> None:
        self.times = array("q")
        self.prices: list[Decimal] = []
        self.volumes = [ZERO]  # cumulative, one more than trades


@final
class CoinVolumes:
    """Every trade of every coin, counted once for both legs; the times of a coin never decrease."""

    def __init__(self) -> None:
        self._coins: defaultdict[str, _Trades] = defaultdict(_Trades)

    def add(self, coin: str, time_ms: int, *, price: Decimal, size: Decimal) -> None:
        """Add the newest trade of a coin."""
        trades = self._coins[coin]
        trades.times.append(time_ms)
        trades.prices.append(price)
        trades.volumes.append(trades.volumes[-1] + size)

    def total_between(self, coin: str, from_ms: int, to_ms: int) -> TradedVolume:
        """Sum up the trades of a time range, both ends inclusive."""
        if coin not in self._coins:
            return TradedVolume()
        trades = self._coins[coin]
        first, end = bisect_left(trades.times, from_ms), bisect_right(trades.times, to_ms)
        if first >= end:
            return TradedVolume()
        return TradedVolume(
            volume=trades.volumes[end] - trades.volumes[first],
            trades=end - first,
            high=max(trades.prices[first:end]),
            low=min(trades.prices[first:end]),
        )


def traded_by_strangers(market: Market, *, seed: int, from_ms: int, to_ms: int) -> TradedVolume:
    """Sum up the trades of strangers between two full minutes; the end is exclusive."""
    volume, trades = ZERO, 0
    for hour in range(from_ms // HOUR_MS, -(-to_ms // HOUR_MS)):
        begin, end = max(from_ms, hour * HOUR_MS), min(to_ms, (hour + 1) * HOUR_MS)
        minutes = (end - begin) // MINUTE_MS
        size, count = _each_minute(market, seed, hour)
        volume += size * minutes
        trades += count * minutes
    return TradedVolume(volume=volume, trades=trades)


@lru_cache(HOURS_KEPT)
def _each_minute(market: Market, seed: int, hour: int) -> tuple[Decimal, int]:
    """The size and the number of trades of each minute of an hour."""
    if not market.weight:
        return ZERO, 0
    random = Random(f"strangers:{seed}:{market.coin}:{hour}")
    first_price, _ = WALKS[market.walk.removesuffix(":no")]
    usd = Decimal(market.weight * USD_PER_MINUTE * random.randint(*BUSY_PERCENT)) / 100
    return truncated(usd / first_price, market.size_decimals), random.randint(*TRADES_PER_MINUTE)
