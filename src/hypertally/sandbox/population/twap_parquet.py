"""The daily Parquet objects of a TWAP source, written from the statuses of a population.

The column types of the real source are documented nowhere, so every possible one is available.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, final

import pyarrow as pa
import pyarrow.parquet as pyarrow_parquet

from hypertally.sandbox.population.calendar import DAY_MS
from hypertally.sandbox.population.parquet_columns import (
    ObjectVariant,
    status_columns,
    utc_time,
)
from hypertally.sandbox.population.population import Population
from hypertally.sandbox.population.twaps import TwapStatus

OBJECT_NAME = "twap_statuses.parquet"
PLAIN = ObjectVariant()
_pyarrow: Any = pa  # the stubs of pyarrow leave some types unknown
_parquet: Any = pyarrow_parquet


def write_new_days(folder: Path, population: Population, until_ms: int) -> list[Path]:
    """Write an object for every finished UTC day without one; returns the new objects."""
    until_ms = min(until_ms, population.time_ms)
    by_day: dict[int, list[TwapStatus]] = {
        day: [] for day in range(population.start_ms // DAY_MS, until_ms // DAY_MS)
    }
    for status in population.twap_statuses():
        if (day := status.time_ms // DAY_MS) in by_day:
            by_day[day].append(status)
    new_objects: list[Path] = []
    for day, statuses in by_day.items():
        path = folder / f"{utc_time(day * DAY_MS):%Y/%m/%d}" / OBJECT_NAME
        if not path.exists():
            write_object(path, statuses)
            new_objects.append(path)
    return new_objects


def write_object(
    path: Path, statuses: Sequence[TwapStatus], variant: ObjectVariant = PLAIN
) -> None:
    """Write one object; a file of its name is always complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new_file = path.with_name(f"{path.name}#1")  # a name that stores of folders do not list
    table = status_table(statuses, variant)
    _parquet.write_table(table, new_file, row_group_size=variant.row_group_rows)
    if variant.truncated:
        content = new_file.read_bytes()
        _ = new_file.write_bytes(content[: len(content) // 2])
    _ = new_file.replace(path)


def status_table(statuses: Sequence[TwapStatus], variant: ObjectVariant = PLAIN) -> pa.Table:
    """Return the statuses as the table of an object."""
    return _pyarrow.table(status_columns(statuses, variant))


@final
class TwapSourceFolder:
    """A folder of daily objects, extended while a population goes on."""

    def __init__(self, folder: Path, population: Population) -> None:
        self._folder = folder
        self._population = population
        self._next_day_ms = 0

    def advance(self, now_ms: int) -> None:
        """Write the days that ended since the last call."""
        if now_ms >= self._next_day_ms:
            _ = write_new_days(self._folder, self._population, now_ms)
            self._next_day_ms = (now_ms // DAY_MS + 1) * DAY_MS
