"""How fast the population trades at each time, as steps of a constant rate."""

from bisect import bisect_right
from typing import final


@final
class Pace:
    """A piecewise constant rate; only the future of whoever asks it may be changed."""

    def __init__(self, from_ms: int, per_ms: float) -> None:
        self._starts = [from_ms]
        self._rates = [per_ms]

    def set_rate(self, from_ms: int, per_ms: float) -> None:
        """Use a rate from a time on; later steps already planned are forgotten."""
        kept_count = bisect_right(self._starts, from_ms - 1)
        del self._starts[kept_count:], self._rates[kept_count:]
        if self._rates and self._rates[-1] == per_ms:
            return  # one long step and two short ones must give the same sums, bit for bit
        self._starts.append(from_ms)
        self._rates.append(per_ms)

    def time_when(self, time_ms: int, rate_sum: float) -> int | None:
        """Find when the summed rate since a time reaches `hazard`; None if it never does."""
        index = max(bisect_right(self._starts, time_ms) - 1, 0)
        now = float(time_ms)
        while True:
            rate = self._rates[index]
            ends = self._starts[index + 1] if index + 1 < len(self._starts) else None
            if ends is None:
                return None if rate <= 0 else int(now + rate_sum / rate)
            if (ends - now) * rate >= rate_sum:
                return int(now + rate_sum / rate)
            rate_sum -= (ends - now) * rate
            now, index = float(ends), index + 1
