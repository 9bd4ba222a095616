"""A price that follows a script instead of chance: straight lines from minute to minute."""

from bisect import bisect_right
from collections.abc import Sequence
from decimal import Decimal
from typing import final

from hypertally.sandbox.population.prices import HOUR_MS, Span

MINUTE_MS = 60_000


@final
class ScriptedPath:
    """Repeats after its last point; before it starts the price stands still."""

    def __init__(self, points: Sequence[tuple[int, Decimal]], *, start_ms: int) -> None:
        assert points[0][0] == 0, "a path begins at its first minute"
        self._times = [minute * MINUTE_MS for minute, _ in points]
        self._prices = [price for _, price in points]
        self._start_ms = start_ms

    def at(self, time_ms: int) -> Decimal:
        """Give the price on the line that holds the time."""
        since_ms = max(time_ms - self._start_ms, 0) % self._times[-1]
        place = bisect_right(self._times, since_ms)
        from_ms, to_ms = self._times[place - 1], self._times[place]
        start, end = self._prices[place - 1], self._prices[place]
        return start + (end - start) * (since_ms - from_ms) / (to_ms - from_ms)

    def part(self, from_ms: int, width_ms: int) -> Span:
        """Give the span of some time; its extremes are those of its minutes."""
        start, end = self.at(from_ms), self.at(from_ms + width_ms)
        inside = [self.at(at) for at in range(from_ms, from_ms + width_ms, MINUTE_MS)]
        return Span(open=start, high=max(*inside, end), low=min(*inside, end), close=end)

    def hour(self, hour: int) -> Span:
        """Give an hour's span."""
        return self.part(hour * HOUR_MS, HOUR_MS)
