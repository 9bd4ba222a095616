"""The actions scheduled in a population, in the order of their times."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import final

Action = Callable[[int], None]  # called with its time in ms
Schedule = Callable[[int, Action], None]  # called with a time in ms and the action


@dataclass(frozen=True, slots=True, order=True)
class _ScheduledAction:
    """`number` keeps actions of the same time in the order in which they were scheduled."""

    time_ms: int
    number: int
    action: Action = field(compare=False)


@final
class Timeline:
    """Scheduled actions, the earliest first."""

    def __init__(self) -> None:
        self._scheduled: list[_ScheduledAction] = []
        self._count = 0

    @property
    def next_ms(self) -> int | None:
        """The time of the next action; None without any."""
        return self._scheduled[0].time_ms if self._scheduled else None

    def schedule(self, time_ms: int, action: Action) -> None:
        """Run an action at a time."""
        self._count += 1
        heapq.heappush(self._scheduled, _ScheduledAction(time_ms, self._count, action))

    def run_next(self) -> None:
        """Run the next action."""
        scheduled = heapq.heappop(self._scheduled)
        scheduled.action(scheduled.time_ms)
