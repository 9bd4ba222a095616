"""The rate of events over time: constant between changes."""

from bisect import bisect_right
from typing import final


@final
class Pace:
    """A rate that changes in steps; only times after the last result may change."""

    def __init__(self, from_ms: int, per_ms: float) -> None:
        self._starts = [from_ms]
        self._rates = [per_ms]

    def set_rate(self, from_ms: int, per_ms: float) -> None:
        """Use a rate from a time on; later changes are dropped."""
        kept_count = bisect_right(self._starts, from_ms - 1)
        del self._starts[kept_count:], self._rates[kept_count:]
        if self._rates and self._rates[-1] == per_ms:
            return  # equal rates must be one step: two steps would sum up to other bits
        self._starts.append(from_ms)
        self._rates.append(per_ms)

    def time_when(self, time_ms: int, rate_sum: float) -> int | None:
        """Return when the rate summed up since a time reaches `rate_sum`; None if it never does."""
        index = max(bisect_right(self._starts, time_ms) - 1, 0)
        now_ms = float(time_ms)
        while True:
            rate = self._rates[index]
            end_ms = self._starts[index + 1] if index + 1 < len(self._starts) else None
            if end_ms is None:
                return None if rate <= 0 else int(now_ms + rate_sum / rate)
            if (end_ms - now_ms) * rate >= rate_sum:
                return int(now_ms + rate_sum / rate)
            rate_sum -= (end_ms - now_ms) * rate
            now_ms, index = float(end_ms), index + 1
