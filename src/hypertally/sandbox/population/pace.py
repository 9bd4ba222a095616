"""How fast the population trades at each time, as steps of a constant rate."""

from bisect import bisect_right
from typing import final


@final
class Pace:
    """A piecewise constant rate; only the future of whoever asks it may be changed."""

    def __init__(self, from_ms: int, per_ms: float) -> None:
        self._starts = [from_ms]
        self._rates = [per_ms]

    def step(self, from_ms: int, per_ms: float) -> None:
        """Use a rate from a time on; later steps already planned are forgotten."""
        keep = bisect_right(self._starts, from_ms - 1)
        del self._starts[keep:], self._rates[keep:]
        if self._rates and self._rates[-1] == per_ms:
            return  # one long step and two short ones must give the same sums, bit for bit
        self._starts.append(from_ms)
        self._rates.append(per_ms)

    def after(self, time_ms: int, hazard: float) -> int | None:
        """Find when the summed rate since a time reaches `hazard`; None if it never does."""
        at = max(bisect_right(self._starts, time_ms) - 1, 0)
        now = float(time_ms)
        while True:
            rate = self._rates[at]
            ends = self._starts[at + 1] if at + 1 < len(self._starts) else None
            if ends is None:
                return None if rate <= 0 else int(now + hazard / rate)
            if (ends - now) * rate >= hazard:
                return int(now + hazard / rate)
            hazard -= (ends - now) * rate
            now, at = float(ends), at + 1
