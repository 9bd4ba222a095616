"""CSV as RFC 4180 writes it, of values that stay as JSON wrote them.

Numbers and decimals keep their digits, null is an empty cell, objects and arrays are JSON. A text
that a spreadsheet would run as a formula begins with an apostrophe, unless it is a number: some
names are chosen by strangers.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

# What spreadsheets take for the beginning of a formula, in the full width of Asian fonts too.
_FORMULA: Final = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_HARMLESS: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?|@[0-9]+")  # a number; the coin @107

Row = Mapping[str, msgspec.Raw]


def csv_lines(rows: Iterable[Sequence[str]]) -> str:
    """Return rows of cells as lines."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def csv_cells(row: Row, columns: Sequence[tuple[str, ...]]) -> list[str]:
    """Return the cells of a row; a field of an object that is null is empty."""
    objects: dict[str, Row | None] = {}
    return [_cell(_value_at(row, place, objects)) for place in columns]


def _value_at(row: Row, place: Sequence[str], objects: dict[str, Row | None]) -> bytes:
    """Return the JSON at a place of a row; `objects` are its fields that were read before."""
    name, *rest = place
    if not rest:
        return bytes(row[name])
    if name not in objects:
        objects[name] = msgspec.json.decode(row[name], type=dict[str, msgspec.Raw] | None)
    inner = objects[name]
    return b"null" if inner is None else _value_at(inner, rest, {})


def _cell(value: bytes) -> str:
    if value == b"null":
        return ""
    if not value.startswith(b'"'):
        return value.decode()
    text = msgspec.json.decode(value, type=str)
    if _FORMULA.match(text) and not _HARMLESS.fullmatch(text):
        return f"'{text}"
    return text
