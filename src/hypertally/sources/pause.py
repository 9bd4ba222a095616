"""The pause of an upstream that is down: what a door asks before a request, and tells after it."""

from enum import StrEnum
from typing import Protocol


class Entry(StrEnum):
    """What may be asked of an upstream now."""

    OPEN = "open"  # everything
    PROBE = "probe"  # this one request: it says whether the upstream is back
    CLOSED = "closed"  # nothing


class Pause(Protocol):
    """A pause shared by every process that asks one upstream host."""

    async def enter(self) -> Entry:
        """What may be asked now; of a pause, one caller at a time gets the probe."""
        ...

    async def look(self) -> Entry:
        """The same, without taking the probe."""
        ...

    async def begin(self, reason: str) -> None:
        """Pause all requests: the upstream is down."""
        ...

    async def end(self) -> None:
        """Let all requests through again: the upstream has answered."""
        ...


class Unpaused:
    """No pause: every request is sent."""

    async def enter(self) -> Entry:
        """Everything may be asked."""
        return Entry.OPEN

    async def look(self) -> Entry:
        """Everything may be asked."""
        return Entry.OPEN

    async def begin(self, reason: str) -> None:
        """Pause nothing."""

    async def end(self) -> None:
        """End nothing."""


FAILURES_MAX = 3  # different requests in a row that fail, of kinds that were answered before


class Outcomes:
    """How the latest requests of a door went: whether the upstream is down, or one request bad.

    An upstream that cannot be reached is down. An answer of no use may be the fault of the request,
    as of one that the exchange does not support; of different requests in a row it is not.
    """

    def __init__(self) -> None:
        self._answers = 0
        self._kinds_answered: set[str] = set()
        self._failed: set[str] = set()

    @property
    def answers(self) -> int:
        """How many requests were answered."""
        return self._answers

    def note_answer(self, kind: str) -> None:
        """A request was answered well."""
        self._answers += 1
        self._kinds_answered.add(kind)
        self._failed.clear()

    def is_down(self, kind: str, request: str, *, unreachable: bool, answers_before: int) -> bool:
        """Whether the upstream is down, after a request failed for good.

        `answers_before`: how many were answered when the request began.
        """
        if self._answers > answers_before:
            return False  # others were answered meanwhile
        if kind in self._kinds_answered:
            self._failed.add(request)
        return unreachable or len(self._failed) >= FAILURES_MAX
