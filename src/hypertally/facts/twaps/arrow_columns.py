"""TWAP statuses as Arrow columns: whatever types a source chose, read column by column.

The archive's objects are written by third parties: sizes come as decimals, texts or floats, times
in seconds to nanoseconds, as texts, or as timestamps whose unit is wrong (milliseconds kept in a
column of nanoseconds read as 1970). So every column becomes text or a whole number first, the unit
of a time is told by its size row by row, and what then makes no sense is a reject.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pyarrow as pa

from hypertally.errors import BadPayload
from hypertally.records import Record
from hypertally.store.arrow import (
    Array,
    Column,
    array,
    compute,
    field_types,
    in_one_piece,
    plain_values,
    select_values,
)

# Our name -> the names sources use, lower case, without underscores and dots.
SOURCES: Mapping[str, tuple[str, ...]] = {
    "twap_id": ("twapid",),
    "wallet": ("stateuser", "user"),
    "ts": ("statetimestamp",),
    "asset": ("statecoin", "coin"),
    "side": ("stateside", "side"),
    "size_requested": ("statesz", "sz"),
    "duration_minutes": ("stateminutes", "minutes"),
    "status": ("status", "statusstatus"),
    "size_executed": ("stateexecutedsz", "executedsz"),
    "notional_executed": ("stateexecutedntl", "executedntl"),
    "event_at": ("time", "eventtime", "blocktime"),
    "error": ("statuserror", "statusdescription"),
}
REQUIRED = frozenset(tuple(SOURCES)[:8])
SELDOM = frozenset(("event_at", "error"))  # most sources have none: nothing to warn of

_DECIMAL = r"^-?[0-9]{1,20}(\.[0-9]{1,18})?$"
# Other ways to write a decimal: 1e-05, +1, .5, 1. A longer exponent is no size of anything.
_ODD_DECIMAL = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
_FRACTION = re.compile(r"[0-9]{9,19}\.[0-9]+$")
_WHOLE = r"^[0-9]{1,18}(\.0+)?$"
# The least and the greatest time of each unit: 2001 to 5138, and so no two overlap.
_UNITS = ((10**9, 10**11, 10**6, 1), (10**12, 10**14, 10**3, 1), (10**15, 10**17, 1, 1),
          (10**18, 2**63 - 1, 1, 10**3))  # fmt: skip


class ColumnNames(Record, frozen=True, kw_only=True):
    """The source's column for each of ours, and warnings about them."""

    columns: dict[str, str]  # ours -> the source's
    warnings: list[str]


def name_columns(schema: pa.Schema) -> ColumnNames:
    """Find our columns among those of a source, flattened.

    Errors: `BadPayload` that names the required columns it lacks, and those that stand twice.
    """
    _refuse_twins(schema.names)
    plain = {_plain_name(name): name for name in schema.names}
    columns = {
        ours: plain[theirs]
        for ours, names in SOURCES.items()
        if (theirs := next((name for name in names if name in plain), None))
    }
    if missing := sorted(REQUIRED - set(columns)):
        raise BadPayload(
            f"no column for {', '.join(missing)}; there are {', '.join(schema.names) or 'none'}"
        )
    warnings = [
        f"no column for {ours}: it is stored as unknown"
        for ours in SOURCES
        if ours not in columns and ours not in SELDOM
    ]
    if extra := sorted(set(schema.names) - set(columns.values())):
        warnings.append(f"columns kept in the payload alone: {', '.join(extra)}")
    types = field_types(schema)
    floats = [name for name in columns.values() if pa.types.is_floating(types[name])]
    if floats:
        warnings.append(f"floats, exact to 15 digits only: {', '.join(floats)}")
    return ColumnNames(columns=columns, warnings=warnings)


def _plain_name(name: str) -> str:
    return name.lower().replace("_", "").replace(".", "")


def _refuse_twins(names: Sequence[str]) -> None:
    """Refuse two columns of the same meaning: which one is right is unknown."""
    ours = {name for theirs in SOURCES.values() for name in theirs}
    meant = [_plain_name(name) if _plain_name(name) in ours else name for name in names]
    counts = Counter(meant)
    twins = {name for name, meaning in zip(names, meant, strict=True) if counts[meaning] > 1}
    if twins:
        raise BadPayload(f"columns named twice: {', '.join(sorted(twins))}")


def flatten(batch: pa.RecordBatch) -> pa.Table:
    """A batch whose structs are columns of their own, as far down as they go."""
    table = pa.Table.from_batches([batch])
    while any(map(pa.types.is_struct, field_types(table.schema).values())):
        table = table.flatten()
    return table.combine_chunks()


def as_text(column: Column) -> Array:
    """A column as text, numbers with a plain point; null where it has none."""
    values = plain_values(in_one_piece(column))
    if pa.types.is_null(values.type):
        return pa.nulls(len(values), pa.string())
    if _is_binary(values.type):
        return array([_bytes_as_text(value) for value in values.to_pylist()], pa.string())
    text = values.cast(pa.string())
    if pa.types.is_decimal(values.type) or pa.types.is_floating(values.type):
        return _without_exponent(text)
    return text


def decimals(column: Column) -> tuple[Array, Array]:
    """Decimals in their shortest form, and which of them are valid."""
    plain = _plain_decimals(compute.utf8_trim_whitespace(as_text(column)))
    whole = compute.replace_substring_regex(plain, r"^(-?[0-9]+)\.0+$", r"\1")
    short = compute.replace_substring_regex(whole, r"^(-?[0-9]+\.[0-9]*?[1-9])0+$", r"\1")
    short = compute.replace_substring_regex(short, "^-0$", "0")
    return short, compute.fill_null(compute.match_substring_regex(short, _DECIMAL), False)


def whole_numbers(column: Column) -> tuple[Array, Array]:
    """Whole numbers from 0 up, and which of them are valid."""
    text = _plain_decimals(compute.utf8_trim_whitespace(as_text(column)))
    good = compute.fill_null(compute.match_substring_regex(text, _WHOLE), False)
    digits = compute.replace_substring_regex(text, r"\.0+$", "")
    return compute.if_else(good, digits, None).cast(pa.int64()), good


def times(column: Column) -> tuple[Array, Array]:
    """Microseconds since 1970, the unit detected row by row, and which of them are valid."""
    raw = _raw_times(in_one_piece(column))
    result: Any = pa.nulls(len(raw), pa.int64())
    for least, most, factor, divisor in _UNITS:
        inside = compute.and_(compute.greater_equal(raw, least), compute.less_equal(raw, most))
        scaled = compute.divide(
            compute.multiply(compute.if_else(inside, raw, None), factor), divisor
        )
        result = compute.if_else(compute.fill_null(inside, False), scaled, result)
    return result, compute.is_valid(result)


def _is_binary(kind: pa.DataType) -> bool:
    return (
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_binary_view(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def _bytes_as_text(value: bytes | None) -> str | None:
    """Bytes as the text that a writer without text types meant, else as hex: an address."""
    if not value:
        return None
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = ""
    return text if text.isprintable() and text else f"0x{value.hex()}"


def _without_exponent(text: Array) -> Array:
    """Numbers written without an exponent; most have none."""
    exponent = compute.fill_null(compute.match_substring_regex(text, "^[0-9.+-]+[eE]"), False)
    if not compute.any(exponent).as_py():
        return text
    return replace_chosen(text, exponent, lambda value: f"{Decimal(value):f}")


def _plain_decimals(text: Array) -> Array:
    """Decimals written out, digits on both sides of a point; other texts stay as they are."""
    plain = compute.fill_null(compute.match_substring_regex(text, _DECIMAL), True)
    if compute.all(plain).as_py() in (True, None):
        return text
    odd = compute.fill_null(compute.match_substring_regex(text, _ODD_DECIMAL), False)
    chosen = compute.and_(compute.invert(plain), odd)
    return replace_chosen(text, chosen, lambda value: f"{Decimal(value):f}")


def replace_chosen(text: Array, chosen: Array, change: Callable[[str], str | None]) -> Array:
    """Texts, the chosen ones changed."""
    chosen_texts = msgspec.convert(select_values(text, chosen).to_pylist(), list[str])
    changed = [change(value) for value in chosen_texts]
    return compute.replace_with_mask(text, chosen, array(changed, pa.string()))


def _raw_times(column: Array) -> Array:
    """Whole numbers as the source kept them, whatever unit it claims."""
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.int64())
    if pa.types.is_integer(column.type):
        return column.cast(pa.int64(), safe=False)
    text = as_text(column)
    digits = compute.fill_null(compute.match_substring_regex(text, r"^[0-9]{9,19}(\.0*)?$"), False)
    numbers = compute.if_else(digits, compute.replace_substring_regex(text, r"\..*$", ""), None)
    written = compute.and_(compute.invert(digits), compute.is_valid(text))
    if compute.any(written).as_py():
        numbers = compute.if_else(written, replace_chosen(text, written, _microseconds), numbers)
    return numbers.cast(pa.int64())


def _microseconds(text: str) -> str | None:
    if _FRACTION.match(text):
        return _scaled(Decimal(text))
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    since = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return str((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


def _scaled(number: Decimal) -> str | None:
    """Microseconds, cut off, of a number with a fraction in any unit."""
    for least, most, factor, divisor in _UNITS:
        if least <= number <= most:
            return str(int(number * factor / divisor))
    return None


def first_reasons(reasons: Sequence[tuple[Array, str]]) -> Array:
    """For each row the first reason against it, null where none is: [(good, reason)]."""
    result: Any = pa.nulls(len(reasons[0][0]), pa.string())
    for good, reason in reversed(reasons):
        result = compute.if_else(good, result, reason)
    return result
