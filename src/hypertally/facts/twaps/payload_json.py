"""The rows of a TWAP source as JSON, whole: what was read of them can be checked."""

import json
import math
from typing import Any

import pyarrow as pa

from hypertally.facts.twaps.arrow_columns import Array, as_text, in_one_piece, pc


def payloads(table: pa.Table) -> Array:
    """Each row as JSON with all its columns; decimals as texts, timestamps as their raw number."""
    parts: list[Any] = []
    for place, name in enumerate(table.column_names):
        key = ("{" if place == 0 else ",") + json.dumps(name) + ":"
        parts += [pa.scalar(key), _as_json(in_one_piece(table.column(name)))]
    return pc.binary_join_element_wise(*parts, pa.scalar("}"), "")


def _as_json(column: Array) -> Array:
    kind = column.type
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.int64())
    if pa.types.is_integer(column.type) or pa.types.is_boolean(column.type):
        return pc.fill_null(column.cast(pa.string()), "null")
    if pa.types.is_nested(kind):
        return pa.array([json.dumps(_storable(value)) for value in column.to_pylist()])
    text = as_text(column)
    odd = pc.fill_null(pc.match_substring_regex(text, r'["\\\x00-\x1f]'), False)
    quoted = pc.binary_join_element_wise('"', text, '"', "")
    if pc.any(odd).as_py():
        escaped = [json.dumps(_storable(value)) for value in text.filter(odd).to_pylist()]
        quoted = pc.replace_with_mask(quoted, odd, pa.array(escaped, pa.string()))
    return pc.fill_null(quoted, "null")


def _storable(value: Any) -> Any:
    """A value as a database takes it: a zero byte and what is no number are written out."""
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case dict():
            return {_storable(key): _storable(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_storable(inner) for inner in value]
        case _:
            return str(value).replace("\x00", r"\x00")
