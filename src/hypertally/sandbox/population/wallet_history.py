"""One wallet's fills in the order of execution, and the pages answered from them."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import final

PAGE_ROWS_MAX = 2_000
HORIZON_ROWS = 10_000


class SortOrder(StrEnum):
    """Which end of a window an answer starts with."""

    OLDEST = "oldest"
    NEWEST = "newest"

    def reversed(self) -> "SortOrder":
        """Give the other one."""
        return SortOrder.NEWEST if self is SortOrder.OLDEST else SortOrder.OLDEST


class Feed(StrEnum):
    """Which list of a wallet is asked for."""

    FILLS = "fills"  # every fill, slices of TWAPs among them
    ORDINARY = "ordinary"  # the fills that are no slices
    SLICES = "slices"
    STATUSES = "statuses"  # what became of its TWAPs


@dataclass(frozen=True, slots=True)
class Row:
    """One fill as it goes over the wire."""

    time_ms: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What a request may see: two inclusive times, and how many newest fills still exist."""

    start_ms: int
    end_ms: int
    horizon_rows: int = HORIZON_ROWS
    keep: Callable[[Row], bool] | None = None


@final
class Tape:
    """Fills of one wallet; rows are appended in execution order, times never fall."""

    def __init__(self) -> None:
        self._times = array("q")
        self._bodies: list[bytes] = []

    def __len__(self) -> int:
        return len(self._bodies)

    def append(self, time_ms: int, body: bytes) -> None:
        """Add the newest fill."""
        assert not self._times or time_ms >= self._times[-1], "fills arrive in time order"
        self._times.append(time_ms)
        self._bodies.append(body)

    def rows(self) -> Iterator[Row]:
        """Give every row ever executed, oldest first."""
        return map(Row, self._times, self._bodies)

    def page(self, window: Window, *, order: SortOrder, rows_max: int) -> list[Row]:
        """Answer at most `rows_max` rows from the end of the window that `order` names."""
        oldest = max(len(self) - window.horizon_rows, 0)
        first = max(bisect_left(self._times, window.start_ms), oldest)
        last = bisect_right(self._times, window.end_ms)
        if order is SortOrder.OLDEST:
            return list(islice(self._kept(range(first, last), window), rows_max))
        return self._newest_page(range(first, last), window, rows_max)

    def _newest_page(self, indices: range, window: Window, rows_max: int) -> list[Row]:
        # A millisecond is taken whole before the cut: newest first keeps execution order
        # inside it, so the page may need its early rows and not its late ones.
        taken: list[Row] = []
        for row in self._kept(indices[::-1], window):
            if len(taken) >= rows_max and row.time_ms != taken[-1].time_ms:
                break
            taken.append(row)
        return newest_first(taken[::-1])[:rows_max]

    def _kept(self, indices: range, window: Window) -> Iterator[Row]:
        rows = (Row(self._times[i], self._bodies[i]) for i in indices)
        return rows if window.keep is None else filter(window.keep, rows)


def newest_first(rows: Sequence[Row]) -> list[Row]:
    """Turn execution order into newest first; inside a millisecond the order stays."""
    return sorted(rows, key=lambda row: -row.time_ms)
