"""A price that follows a script: straight lines from minute to minute."""

from bisect import bisect_right
from collections.abc import Sequence
from decimal import Decimal
from typing import final

from hypertally.sandbox.population.price_walk import HOUR_MS, Ohlc

MINUTE_MS = 60_000


@final
class ScriptedPath:
    """A path that repeats after its last point; before its start the price is constant."""

    def __init__(self, points: Sequence[tuple[int, Decimal]], *, start_ms: int) -> None:
        assert points[0][0] == 0, "a path begins at its first minute"
        self._times = [minute * MINUTE_MS for minute, _ in points]
        self._prices = [price for _, price in points]
        self._start_ms = start_ms

    def price_at(self, time_ms: int) -> Decimal:
        """Return the price at a time."""
        since_ms = max(time_ms - self._start_ms, 0) % self._times[-1]
        index = bisect_right(self._times, since_ms)
        from_ms, to_ms = self._times[index - 1], self._times[index]
        start, end = self._prices[index - 1], self._prices[index]
        return start + (end - start) * (since_ms - from_ms) / (to_ms - from_ms)

    def part_ohlc(self, from_ms: int, width_ms: int) -> Ohlc:
        """Return the OHLC of a time range; high and low are those of its minutes."""
        start, end = self.price_at(from_ms), self.price_at(from_ms + width_ms)
        minute_prices = [
            self.price_at(time_ms) for time_ms in range(from_ms, from_ms + width_ms, MINUTE_MS)
        ]
        return Ohlc(
            open=start, high=max(*minute_prices, end), low=min(*minute_prices, end), close=end
        )

    def hour_ohlc(self, hour: int) -> Ohlc:
        """Return the OHLC of an hour."""
        return self.part_ohlc(hour * HOUR_MS, HOUR_MS)
