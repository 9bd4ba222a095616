"""The exchange's rate limit: the weight that one address may spend in any minute."""

from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import final

WEIGHT_LIMIT = 1_200
WINDOW_SECONDS = 60.0


@final
class WeightWindow:
    """A sliding window: the weight of each answer counts for exactly one window."""

    def __init__(
        self,
        *,
        limit: int = WEIGHT_LIMIT,
        window_s: float = WINDOW_SECONDS,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.limit = limit
        self.window_s = window_s
        self.total = 0
        self.peak = 0
        self._clock = clock
        self._spent: deque[tuple[float, int]] = deque()
        self._used = 0

    def used(self) -> int:
        """Return the weight spent within the last window."""
        now = self._clock()
        while self._spent and now - self._spent[0][0] >= self.window_s:
            self._used -= self._spent.popleft()[1]
        return self._used

    def admit(self, weight: int) -> bool:
        """Spend the weight, unless the window would exceed its limit."""
        used = self.used() + weight
        if used > self.limit:
            return False
        self._spent.append((self._clock(), weight))
        self._used = used
        self.total += weight
        self.peak = max(self.peak, used)
        return True
