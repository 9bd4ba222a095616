"""A list as CSV, a page of its answer at a time."""

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from hypertally.api.http.answer_names import with_all_names
from hypertally.api.http.csv_text import Row, csv_cells, csv_lines
from hypertally.api.resource.lists import Listing, Place
from hypertally.errors import InvariantBroken

Fields: TypeAlias = dict[str, msgspec.Raw]


class CsvTable:
    """Turns pages of a list into lines; `after` is the cursor of the page after the last one."""

    def __init__(self, listing: Listing) -> None:
        self.after: str | None = None
        self.page_rows = listing.page_rows
        self._listing = listing
        self._columns = listing.columns
        self._is_begun = False
        self._held: list[Row] = []  # rows that come after those of all pages

    def add_page(self, body: bytes) -> str:
        """Return the lines of a page; before those of the first, the names of the columns."""
        first, *others = self._listing.rows
        rows = _rows_at(body, first)
        for place in others:
            self._held += _rows_at(body, place)
        if self.page_rows is not None:
            self.after = msgspec.json.decode(_value_at(body, self._listing.next), type=str | None)
        if rows and not self._is_begun:
            self._columns = _in_order(self._columns, list(rows[0]))
        return self._head() + self._lines(rows)

    def finish(self) -> str:
        """Return the lines that come after those of all pages."""
        return self._lines(self._held)

    def _head(self) -> str:
        if self._is_begun or self._columns is None:
            return ""
        self._is_begun = True
        return csv_lines([[".".join(place) for place in self._columns]])

    def _lines(self, rows: Sequence[Row]) -> str:
        columns = self._columns or ()
        names = {place[0] for place in columns}
        for row in rows:
            if set(row) != names:
                raise InvariantBroken(f"a row has the fields {sorted(row)}, not {sorted(names)}")
        return csv_lines(csv_cells(row, columns) for row in rows)


def _in_order(columns: tuple[Place, ...] | None, names: list[str]) -> tuple[Place, ...]:
    """Return the columns in the order of the answer's fields, which shapes do not know."""
    if columns is None:
        return tuple((name,) for name in names)
    return tuple(sorted(columns, key=lambda place: names.index(place[0])))


def _rows_at(body: bytes, place: Place) -> list[Fields]:
    rows = msgspec.json.decode(_value_at(body, place), type=list[Fields])
    return [with_all_names(row) for row in rows]


def _value_at(body: bytes, place: Place) -> msgspec.Raw:
    value = msgspec.Raw(body)
    for name in place:
        value = msgspec.json.decode(value, type=Fields)[name]
    return value
