"""Differences between a stored row and its recomputation, short enough to be read."""

import json
from collections.abc import Iterator, Mapping
from itertools import islice, zip_longest
from typing import Any, TypeAlias

from hypertally.records import is_array, is_object

# Columns of the key by the names that are shown, and `fields`: path -> [stored, recomputed].
Difference: TypeAlias = dict[str, Any]
Row: TypeAlias = Mapping[str, Any]

FIELDS_SHOWN_MAX = 10
VALUE_CHARACTERS_MAX = 120
SHOWN_COLUMNS = {"wallet_id": "wallet", "org_id": "org"}


def describe(
    stored: Row | None, recomputed: Row | None, *, key: Mapping[str, str | None]
) -> Difference:
    """Say which row differs and in which fields; at most ten of them, long values cut.

    `key`: what names the row. Of a row that is missing on one side nothing else is told.
    """
    changes = _list_changes(stored, recomputed, "")
    shown = list(islice(changes, FIELDS_SHOWN_MAX))
    rest = sum(1 for _ in changes)
    fields = {path: [_cut(before), _cut(after)] for path, before, after in shown}
    named = {SHOWN_COLUMNS.get(column, column): value for column, value in key.items()}
    return {**named, "fields": fields, **({"more_fields": rest} if rest else {})}


def _list_changes(
    stored: object, recomputed: object, path: str
) -> Iterator[tuple[str, object, object]]:
    """The places that differ, down to the values themselves."""
    if is_object(stored) and is_object(recomputed):
        for name in dict.fromkeys((*stored, *recomputed)):
            below = f"{path}.{name}" if path else name
            yield from _list_changes(stored.get(name), recomputed.get(name), below)
    elif is_array(stored) and is_array(recomputed):
        for place, (before, after) in enumerate(zip_longest(stored, recomputed)):
            yield from _list_changes(before, after, f"{path}[{place}]")
    elif not path:
        yield "row", _presence(stored), _presence(recomputed)
    elif stored != recomputed:
        yield path, stored, recomputed


def _presence(row: object) -> str:
    return "missing" if row is None else "present"


def _cut(value: object) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(text) <= VALUE_CHARACTERS_MAX:
        return text
    return f"{text[:VALUE_CHARACTERS_MAX]}... ({len(text):,} characters)"
