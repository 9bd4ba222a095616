"""Writes the statuses of a population's TWAPs as an archive's daily Parquet objects.

Nobody documents the column types of the real archive, so every one that could be is on offer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import final

import pyarrow as pa
import pyarrow.parquet as pq

from hypertally.sandbox.population.calendar import DAY_MS
from hypertally.sandbox.population.decimals import decimal_text
from hypertally.sandbox.population.population import Population
from hypertally.sandbox.population.twaps import TwapStatus

OBJECT_NAME = "twap_statuses.parquet"
NULL_EVERY = 3  # in a column with nulls: the first row, and each third after it
MS = 1_000
NS_PER_MS = 1_000_000


class IdFormat(StrEnum):
    """How a column may hold the numbers of TWAPs."""

    INT64 = "int64"
    TEXT = "string"
    DECIMAL = "decimal128"


class SizeFormat(StrEnum):
    """How a column may hold sizes and notionals."""

    TEXT = "string"
    DECIMAL = "decimal128"
    FLOAT = "float64"


class TimeFormat(StrEnum):
    """How a column may hold times."""

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
    MS_AS_NS = "timestamp ns holding ms"  # such a time reads as 1970


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectVariant:
    """The shape of an object; the default is the plainest."""

    ids: IdFormat = IdFormat.INT64
    sizes: SizeFormat = SizeFormat.TEXT
    times: TimeFormat = TimeFormat.STAMP_MS_UTC
    nulls: tuple[str, ...] = ()  # columns with nulls in them
    extra: tuple[str, ...] = ()  # some of EXTRA
    missing: tuple[str, ...] = ()  # columns that are not there
    nested: bool = False  # one column `state` with fields, not columns named state_...
    row_group_rows: int | None = None
    truncated: bool = False  # the second half of the object is not there


PLAIN = ObjectVariant()


def write_new_days(folder: Path, population: Population, until_ms: int) -> list[Path]:
    """Write an object for every UTC day that is over and has none yet; gives the new ones."""
    until_ms = min(until_ms, population.time_ms)
    by_day: dict[int, list[TwapStatus]] = {
        day: [] for day in range(population.start_ms // DAY_MS, until_ms // DAY_MS)
    }
    for event in population.twap_statuses():
        if (day := event.time_ms // DAY_MS) in by_day:
            by_day[day].append(event)
    written: list[Path] = []
    for day, events in by_day.items():
        path = folder / f"{_time(day * DAY_MS):%Y/%m/%d}" / OBJECT_NAME
        if not path.exists():
            write_object(path, events)
            written.append(path)
    return written


def write_object(path: Path, events: Sequence[TwapStatus], variant: ObjectVariant = PLAIN) -> None:
    """Write one object; it is there whole under its name, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    begun = path.with_name(f"{path.name}.new")
    pq.write_table(status_table(events, variant), begun, row_group_size=variant.row_group_rows)
    if variant.truncated:
        content = begun.read_bytes()
        _ = begun.write_bytes(content[: len(content) // 2])
    _ = begun.replace(path)


def status_table(events: Sequence[TwapStatus], variant: ObjectVariant = PLAIN) -> pa.Table:
    """Make the columns of an object."""
    unknown = {*variant.nulls, *variant.missing, *variant.extra} - {*COLUMNS, *EXTRA}
    if unknown:
        message = f"no column {sorted(unknown)}: there are {[*COLUMNS, *EXTRA]}"
        raise ValueError(message)
    columns = {
        name: make(_values(name, events, variant), variant)
        for name, (_, make) in (COLUMNS | EXTRA).items()
        if name not in variant.missing and (name in COLUMNS or name in variant.extra)
    }
    return pa.table(_nested(columns) if variant.nested else columns)


@final
class TwapSourceFolder:
    """Keeps a folder of daily objects up to date while a population goes on."""

    def __init__(self, folder: Path, population: Population) -> None:
        self._folder = folder
        self._population = population
        self._due_ms = 0

    def advance(self, now_ms: int) -> None:
        """Write the days that ended since the last call."""
        if now_ms >= self._due_ms:
            _ = write_new_days(self._folder, self._population, now_ms)
            self._due_ms = (now_ms // DAY_MS + 1) * DAY_MS


Value = str | int | bool | Decimal
Make = Callable[[list[Value | None], ObjectVariant], pa.Array]


def _values(name: str, events: Sequence[TwapStatus], variant: ObjectVariant) -> list[Value | None]:
    read, _ = (COLUMNS | EXTRA)[name]
    holes = name in variant.nulls
    return [
        None if holes and index % NULL_EVERY == 0 else read(event)
        for index, event in enumerate(events)
    ]


def _status(event: TwapStatus) -> str:
    return event.status if event.description is None else f"{event.status}:{event.description}"


def _ids(values: list[Value | None], variant: ObjectVariant) -> pa.Array:
    match variant.ids:
        case IdFormat.INT64:
            return pa.array(values, pa.int64())
        case IdFormat.TEXT:
            return pa.array(_each(values, str), pa.string())
        case IdFormat.DECIMAL:
            return pa.array(_each(values, Decimal), pa.decimal128(20, 0))


def _sizes(values: list[Value | None], variant: ObjectVariant) -> pa.Array:
    match variant.sizes:
        case SizeFormat.TEXT:
            return pa.array(_each(values, decimal_text), pa.string())
        case SizeFormat.DECIMAL:
            return pa.array(values, pa.decimal128(38, 12))
        case SizeFormat.FLOAT:
            return pa.array(_each(values, float), pa.float64())


def _times(values: list[Value | None], variant: ObjectVariant) -> pa.Array:
    match str(variant.times).split():
        case ["int64", unit]:
            return pa.array(_each(values, lambda ms: _in_unit(ms, unit)), pa.int64())
        case ["text", "iso"]:
            return pa.array(_each(values, lambda ms: _time(ms).isoformat()), pa.string())
        case ["text", _]:
            return pa.array(_each(values, str), pa.string())
        case ["timestamp", "ns", "holding", _]:
            return pa.array(values, pa.int64()).cast(pa.timestamp("ns"))
        case [_, unit, *zone]:
            counts = pa.array(_each(values, lambda ms: _in_unit(ms, unit)), pa.int64())
            return counts.cast(_timestamps(unit, zone[0] if zone else None))
        case words:
            raise AssertionError(words)


def _timestamps(unit: str, zone: str | None) -> pa.DataType:
    match unit:
        case "s" | "ms" | "us" | "ns":
            return pa.timestamp(unit, zone) if zone else pa.timestamp(unit)
        case _:
            raise AssertionError(unit)


def _in_unit(time_ms: int, unit: str) -> int:
    return time_ms * NS_PER_MS // {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}[unit]


def _plain(of: pa.DataType) -> Make:
    return lambda values, _: pa.array(values, of)


def _each(values: list[Value | None], change: Callable[..., object]) -> list[object]:
    return [None if value is None else change(value) for value in values]


def _nested(columns: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """Gather the columns named state_... as the fields of one, where the first of them stood."""
    inner = {name: column for name, column in columns.items() if name.startswith("state_")}
    names = [name.removeprefix("state_") for name in inner]
    state = pa.StructArray.from_arrays(list(inner.values()), names=names)
    outer: dict[str, pa.Array] = {}
    for name, column in columns.items():
        outer.setdefault("state" if name in inner else name, state if name in inner else column)
    return outer


def _time(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms // MS, tz=UTC).replace(microsecond=time_ms % MS * MS)


#: column -> what it says of an event, and how it is written
COLUMNS: dict[str, tuple[Callable[[TwapStatus], Value], Make]] = {
    "twap_id": (lambda event: event.twap_id, _ids),
    "state_user": (lambda event: event.user, _plain(pa.string())),
    "state_timestamp": (lambda event: event.started_ms, _times),
    "state_coin": (lambda event: event.coin, _plain(pa.string())),
    "state_side": (lambda event: "B" if event.buys else "A", _plain(pa.string())),
    "state_sz": (lambda event: event.size, _sizes),
    "state_executedSz": (lambda event: event.executed_size, _sizes),
    "state_executedNtl": (lambda event: event.executed_notional, _sizes),
    "state_minutes": (lambda event: event.minutes, _plain(pa.int64())),
    "status": (_status, _plain(pa.string())),
}
EXTRA: dict[str, tuple[Callable[[TwapStatus], Value], Make]] = {
    "state_reduceOnly": (lambda event: event.reduce_only, _plain(pa.bool_())),
    "state_randomize": (lambda event: event.randomize, _plain(pa.bool_())),
    "time": (lambda event: event.time_ms, _times),  # of the event itself
}
