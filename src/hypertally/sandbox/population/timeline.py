"""What will happen later in a population, in the order of its time."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import final

Action = Callable[[int], None]  # told the time in ms
Plan = Callable[[int, Action], None]  # (time in ms, what happens then)


@dataclass(frozen=True, slots=True, order=True)
class _Planned:
    """The number keeps equal times in the order they were planned."""

    time_ms: int
    number: int
    action: Action = field(compare=False)


@final
class Agenda:
    """Plans, the earliest first."""

    def __init__(self) -> None:
        self._planned: list[_Planned] = []
        self._plans = 0

    @property
    def next_ms(self) -> int | None:
        """When the next plan is due; None when there is none."""
        return self._planned[0].time_ms if self._planned else None

    def plan(self, time_ms: int, action: Action) -> None:
        """Let something happen at a time."""
        self._plans += 1
        heapq.heappush(self._planned, _Planned(time_ms, self._plans, action))

    def run_next(self) -> None:
        """Do what is planned next."""
        planned = heapq.heappop(self._planned)
        planned.action(planned.time_ms)
