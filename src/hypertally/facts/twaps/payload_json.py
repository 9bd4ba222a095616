"""The rows of a TWAP source as JSON, with all columns, so that the decoding can be checked."""

import json
import math
from collections.abc import Sequence
from typing import Any, TypeGuard

import pyarrow as pa

from hypertally.facts.twaps.arrow_columns import as_text
from hypertally.records import is_object
from hypertally.store.arrow import Array, array, compute, in_one_piece, select_values


def payloads(table: pa.Table) -> Array:
    """Each row as JSON with all its columns; decimals as texts, timestamps as their raw number."""
    parts: list[Any] = []
    for place, name in enumerate(table.column_names):
        key = ("{" if place == 0 else ",") + json.dumps(name) + ":"
        parts += [pa.scalar(key), _as_json(in_one_piece(table.column(name)))]
    return compute.binary_join_element_wise(*parts, pa.scalar("}"), "")


def _as_json(column: Array) -> Array:
    kind = column.type
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.int64())
    if pa.types.is_integer(column.type) or pa.types.is_boolean(column.type):
        return compute.fill_null(column.cast(pa.string()), "null")
    if pa.types.is_nested(kind):
        return array([json.dumps(_storable(value)) for value in column.to_pylist()], pa.string())
    text = as_text(column)
    odd = compute.fill_null(compute.match_substring_regex(text, r'["\\\x00-\x1f]'), False)
    quoted = compute.binary_join_element_wise('"', text, '"', "")
    if compute.any(odd).as_py():
        escaped = [json.dumps(_storable(value)) for value in select_values(text, odd).to_pylist()]
        quoted = compute.replace_with_mask(quoted, odd, array(escaped, pa.string()))
    return compute.fill_null(quoted, "null")


def _storable(value: object) -> Any:
    """A value as the database takes it: NUL characters and NaN become text."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if is_object(value):
        return {_storable(key): _storable(inner) for key, inner in value.items()}
    if _is_sequence(value):
        return [_storable(inner) for inner in value]
    return str(value).replace("\x00", r"\x00")


def _is_sequence(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, list | tuple)
