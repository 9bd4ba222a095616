"""The columns of a Parquet object of TWAP statuses, in every type that a real one may have."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from hypertally.sandbox.population.decimals import decimal_text
from hypertally.sandbox.population.twaps import TwapStatus

if TYPE_CHECKING:
    Array: TypeAlias = pa.Array[Any]
else:  # pyarrow's classes take no type arguments at run time
    Array = pa.Array

NULL_EVERY = 3  # in a column with nulls: the first row, and each third row after it
MS = 1_000
NS_PER_MS = 1_000_000
_pyarrow: Any = pa  # its stubs name types of numpy, which is not installed


class IdFormat(StrEnum):
    """The types of a column of TWAP numbers."""

    INT64 = "int64"
    TEXT = "string"
    DECIMAL = "decimal128"


class SizeFormat(StrEnum):
    """The types of a column of sizes or notionals."""

    TEXT = "string"
    DECIMAL = "decimal128"
    FLOAT = "float64"


class TimeFormat(StrEnum):
    """The types of a column of times."""

    INT_S = "int64 s"
    INT_MS = "int64 ms"
    INT_US = "int64 us"
    INT_NS = "int64 ns"
    TEXT_ISO = "text iso"
    TEXT_MS = "text ms"
    STAMP_S = "timestamp s"
    STAMP_MS = "timestamp ms"
    STAMP_US = "timestamp us"
    STAMP_NS = "timestamp ns"
    STAMP_S_UTC = "timestamp s UTC"
    STAMP_MS_UTC = "timestamp ms UTC"
    STAMP_US_UTC = "timestamp us UTC"
    STAMP_NS_UTC = "timestamp ns UTC"
    MS_AS_NS = "timestamp ns holding ms"  # its times read as 1970


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectVariant:
    """The format of an object; the default is the simplest."""

    ids: IdFormat = IdFormat.INT64
    sizes: SizeFormat = SizeFormat.TEXT
    times: TimeFormat = TimeFormat.STAMP_MS_UTC
    nulls: tuple[str, ...] = ()  # columns with nulls
    extra: tuple[str, ...] = ()  # names of EXTRA_COLUMNS
    missing: tuple[str, ...] = ()  # columns left out
    nested: bool = False  # one column `state` with fields, not columns named state_...
    row_group_rows: int | None = None
    truncated: bool = False  # the second half of the file is cut off


Value = str | int | bool | Decimal
Values = list[Value | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: its value in a status, and how its array is built."""

    read: Callable[[TwapStatus], Value]
    build: Callable[[Values, ObjectVariant], Array]


def status_columns(statuses: Sequence[TwapStatus], variant: ObjectVariant) -> dict[str, Array]:
    """Build the columns of an object, by name; raises ValueError for an unknown name."""
    unknown = {*variant.nulls, *variant.missing, *variant.extra} - {*COLUMNS, *EXTRA_COLUMNS}
    if unknown:
        message = f"no column {sorted(unknown)}: there are {[*COLUMNS, *EXTRA_COLUMNS]}"
        raise ValueError(message)
    extra = {name: column for name, column in EXTRA_COLUMNS.items() if name in variant.extra}
    arrays = {
        name: column.build(_values(name, column, statuses, variant), variant)
        for name, column in (COLUMNS | extra).items()
        if name not in variant.missing
    }
    return _nested(arrays) if variant.nested else arrays


def _values(
    name: str, column: Column, statuses: Sequence[TwapStatus], variant: ObjectVariant
) -> Values:
    has_nulls = name in variant.nulls
    return [
        None if has_nulls and index % NULL_EVERY == 0 else column.read(status)
        for index, status in enumerate(statuses)
    ]


def _array(values: Sequence[object], kind: pa.DataType) -> Array:
    return _pyarrow.array(values, kind)


def _text_status(status: TwapStatus) -> str:
    if status.description is None:
        return status.status
    return f"{status.status}:{status.description}"


def _id_array(values: Values, variant: ObjectVariant) -> Array:
    match variant.ids:
        case IdFormat.INT64:
            return _array(values, pa.int64())
        case IdFormat.TEXT:
            return _array(_mapped(values, str), pa.string())
        case IdFormat.DECIMAL:
            return _array(_mapped(values, Decimal), pa.decimal128(20, 0))


def _size_array(values: Values, variant: ObjectVariant) -> Array:
    match variant.sizes:
        case SizeFormat.TEXT:
            return _array(_mapped(values, decimal_text), pa.string())
        case SizeFormat.DECIMAL:
            return _array(values, pa.decimal128(38, 12))
        case SizeFormat.FLOAT:
            return _array(_mapped(values, float), pa.float64())


def _time_array(values: Values, variant: ObjectVariant) -> Array:
    match str(variant.times).split():
        case ["int64", unit]:
            return _unit_counts(values, unit)
        case ["text", "iso"]:
            return _array(_mapped(values, _iso_time), pa.string())
        case ["text", _]:
            return _array(_mapped(values, str), pa.string())
        case ["timestamp", "ns", "holding", _]:
            return _array(values, pa.int64()).cast(pa.timestamp("ns"))
        case [_, unit, *zone]:
            return _unit_counts(values, unit).cast(_timestamps(unit, zone[0] if zone else None))
        case words:
            raise AssertionError(words)


def _timestamps(unit: str, zone: str | None) -> pa.DataType:
    match unit:
        case "s" | "ms" | "us" | "ns":
            return pa.timestamp(unit, zone) if zone else pa.timestamp(unit)
        case _:
            raise AssertionError(unit)


def _unit_counts(values: Values, unit: str) -> Array:
    ns_per_unit = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}[unit]

    def count(time_ms: int) -> int:
        return time_ms * NS_PER_MS // ns_per_unit

    return _array(_mapped(values, count), pa.int64())


def _iso_time(time_ms: int) -> str:
    return utc_time(time_ms).isoformat()


def utc_time(time_ms: int) -> datetime:
    """Return a time in milliseconds as a UTC time."""
    return datetime.fromtimestamp(time_ms // MS, tz=UTC).replace(microsecond=time_ms % MS * MS)


def _fixed_type(kind: pa.DataType) -> Callable[[Values, ObjectVariant], Array]:
    return lambda values, _: _array(values, kind)


def _mapped(values: Values, change: Callable[..., object]) -> list[object]:
    return [None if value is None else change(value) for value in values]


def _nested(columns: dict[str, Array]) -> dict[str, Array]:
    """Make the columns named state_... the fields of one column, at the place of the first."""
    fields = {name: column for name, column in columns.items() if name.startswith("state_")}
    names = [name.removeprefix("state_") for name in fields]
    state: Array = _pyarrow.StructArray.from_arrays(list(fields.values()), names=names)
    nested: dict[str, Array] = {}
    for name, column in columns.items():
        if name in fields:
            nested["state"] = state
        else:
            nested[name] = column
    return nested


COLUMNS = {
    "twap_id": Column(read=lambda status: status.twap_id, build=_id_array),
    "state_user": Column(read=lambda status: status.user, build=_fixed_type(pa.string())),
    "state_timestamp": Column(read=lambda status: status.started_ms, build=_time_array),
    "state_coin": Column(read=lambda status: status.coin, build=_fixed_type(pa.string())),
    "state_side": Column(
        read=lambda status: "B" if status.buys else "A", build=_fixed_type(pa.string())
    ),
    "state_sz": Column(read=lambda status: status.size, build=_size_array),
    "state_executedSz": Column(read=lambda status: status.executed_size, build=_size_array),
    "state_executedNtl": Column(read=lambda status: status.executed_notional, build=_size_array),
    "state_minutes": Column(read=lambda status: status.minutes, build=_fixed_type(pa.int64())),
    "status": Column(read=_text_status, build=_fixed_type(pa.string())),
}
EXTRA_COLUMNS = {
    "state_reduceOnly": Column(
        read=lambda status: status.reduce_only, build=_fixed_type(pa.bool_())
    ),
    "state_randomize": Column(read=lambda status: status.randomize, build=_fixed_type(pa.bool_())),
    "time": Column(read=lambda status: status.time_ms, build=_time_array),  # of the status itself
}
