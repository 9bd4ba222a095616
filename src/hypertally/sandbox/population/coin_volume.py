"""The traded volume of each coin, as candles need it: volume, count, high and low."""

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import final

from hypertally.sandbox.population.decimals import ZERO


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
