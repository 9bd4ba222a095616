"""The rows of one wallet in the order of execution, and the pages cut from them."""

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
    """Which end of the time range a page starts with."""

    OLDEST = "oldest"
    NEWEST = "newest"

    def reversed(self) -> "SortOrder":
        """Return the opposite order."""
        return SortOrder.NEWEST if self is SortOrder.OLDEST else SortOrder.OLDEST


class HistoryKind(StrEnum):
    """Which rows of a wallet a request asks for."""

    FILLS = "fills"  # every fill, those of TWAP slices included
    FILLS_WITHOUT_SLICES = "fills_without_slices"
    TWAP_SLICES = "twap_slices"  # the fills of TWAP slices
    TWAP_STATUSES = "twap_statuses"


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it is sent."""

    time_ms: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFilter:
    """The rows that a request may see: a time range with both ends, and the newest rows alone."""

    start_ms: int
    end_ms: int
    horizon_rows: int = HORIZON_ROWS  # the newest rows that the exchange still returns
    is_visible: Callable[[Row], bool] | None = None


@final
class WalletHistory:
    """Rows of one kind of one wallet, appended in execution order: times never decrease."""

    def __init__(self) -> None:
        self._times = array("q")
        self._bodies: list[bytes] = []

    def __len__(self) -> int:
        return len(self._bodies)

    def append(self, time_ms: int, body: bytes) -> None:
        """Add the newest row."""
        assert not self._times or time_ms >= self._times[-1], "rows arrive in time order"
        self._times.append(time_ms)
        self._bodies.append(body)

    def rows(self) -> Iterator[Row]:
        """Return every row, oldest first."""
        return map(Row, self._times, self._bodies)

    def page(self, row_filter: RowFilter, *, order: SortOrder, rows_max: int) -> list[Row]:
        """Return at most `rows_max` rows, starting with the oldest or the newest."""
        oldest = max(len(self) - row_filter.horizon_rows, 0)
        first = max(bisect_left(self._times, row_filter.start_ms), oldest)
        last = bisect_right(self._times, row_filter.end_ms)
        if order is SortOrder.OLDEST:
            return list(islice(self._visible_rows(range(first, last), row_filter), rows_max))
        return self._newest_page(range(first, last), row_filter, rows_max)

    def _newest_page(self, indices: range, row_filter: RowFilter, rows_max: int) -> list[Row]:
        # The rows of one millisecond are collected whole before the page is cut: they keep
        # execution order, so the page may need the early rows and not the late ones.
        collected: list[Row] = []
        for row in self._visible_rows(indices[::-1], row_filter):
            if len(collected) >= rows_max and row.time_ms != collected[-1].time_ms:
                break
            collected.append(row)
        return newest_first(collected[::-1])[:rows_max]

    def _visible_rows(self, indices: range, row_filter: RowFilter) -> Iterator[Row]:
        rows = (Row(self._times[i], self._bodies[i]) for i in indices)
        return rows if row_filter.is_visible is None else filter(row_filter.is_visible, rows)


def newest_first(rows: Sequence[Row]) -> list[Row]:
    """Sort rows newest first; the rows of one millisecond keep their order."""
    return sorted(rows, key=lambda row: -row.time_ms)
