"""Fills of TWAPs in the columns of a Parquet file, under the names that the exchange gives fields.

The files are written by third parties: names with underscores or capitals, sizes as decimals, texts
or floats, times of any unit. Columns of a struct `fill` count as columns of the file.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from hypertally.errors import BadPayload
from hypertally.facts.twaps.arrow_columns import as_text, times
from hypertally.records import JsonObject
from hypertally.store import arrow
from hypertally.store.arrow import Array, compute, field_types, in_one_piece, plain_values

ALWAYS = ("coin", "px", "sz", "side", "time", "startPosition", "dir", "closedPnl", "hash", "oid",
          "crossed", "tid", "twapId")  # fmt: skip
SELDOM = ("fee", "feeToken", "cloid", "builderFee", "deployerFee")
LIQUIDATION = ("liquidatedUser", "markPx", "method")
USERS = ("user", "wallet", "address")
_FIELDS = {name.lower(): name for name in (*ALWAYS, *SELDOM)}
_LIQUIDATION = {f"liquidation{name.lower()}": name for name in LIQUIDATION}


def rows_of(table: pa.Table) -> list[tuple[Any, JsonObject]]:
    """The users and fills of the rows that belong to a TWAP, as the exchange writes fills.

    Errors: `BadPayload` that names the columns that are missing, and those that stand twice.
    """
    columns = _named(table.schema.names)
    of_twap = compute.is_valid(in_one_piece(table.column(columns["twapId"])))
    chosen = arrow.select_rows(table, of_twap).combine_chunks()
    values = {
        field: _values(in_one_piece(chosen.column(name)), is_time=field == "time")
        for field, name in columns.items()
    }
    users = values.pop("user")
    return [
        (user, _fill({field: values[field][place] for field in values}))
        for place, user in enumerate(users)
    ]


def exactness(schema: pa.Schema) -> tuple[str, ...]:
    """Warnings about columns whose digits are not those of the exchange."""
    columns, types = _named(schema.names), field_types(schema)
    floats = [name for name in columns.values() if pa.types.is_floating(types[name])]
    return (f"floats, exact to 15 digits only: {', '.join(floats)}",) if floats else ()


def _named(names: Sequence[str]) -> Mapping[str, str]:
    """The file's column for each field of a fill, other columns under their own names."""
    columns: dict[str, str] = {}
    for name in names:
        field = _field(name)
        if field in columns:
            raise BadPayload(f"columns named twice: {columns[field]}, {name}")
        columns[field] = name
    missing = [field for field in ("user", *ALWAYS) if field not in columns]
    if missing:
        raise BadPayload(f"no column for {', '.join(missing)}; there are {', '.join(names)}")
    return columns


def _field(name: str) -> str:
    plain = name.lower().replace("_", "").replace(".", "")
    plain = plain.removeprefix("fill")
    if plain in USERS:
        return "user"
    if plain in _LIQUIDATION:
        return f"liquidation.{_LIQUIDATION[plain]}"
    return _FIELDS.get(plain, name)


def _values(column: Array, *, is_time: bool) -> list[Any]:
    """Whole numbers and truths as they are, every other value as exact text."""
    if is_time:
        microseconds, _ = times(column)
        return compute.divide(microseconds, 1000).to_pylist()
    values = plain_values(column)
    kind = values.type
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_nested(kind):
        return values.to_pylist()
    return as_text(values).to_pylist()


def _fill(values: Mapping[str, Any]) -> JsonObject:
    fill: JsonObject = {}
    for name, value in values.items():
        parent, _, inner = name.partition(".")
        if value is None:
            continue
        if parent == "liquidation" and inner in LIQUIDATION:
            fill.setdefault("liquidation", {})[inner] = value
        else:
            fill[name] = value
    return fill
