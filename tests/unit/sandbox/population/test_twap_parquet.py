"""Daily objects of TWAP statuses: whole days, each once, in whatever types are asked for."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from socket import socket
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from hypertally.cli.sandbox import sandbox_command
from hypertally.sandbox.launch import build_exchange
from hypertally.sandbox.population.parquet_columns import (
    NULL_EVERY,
    IdFormat,
    ObjectVariant,
    SizeFormat,
    TimeFormat,
)
from hypertally.sandbox.population.population import Population
from hypertally.sandbox.population.twap_parquet import (
    OBJECT_NAME,
    TwapSourceFolder,
    status_table,
    write_new_days,
    write_object,
)
from hypertally.sandbox.population.twaps import TwapStatus

UNTIL_MS = 1_795_000_000_000
DAY_MS = 86_400_000
COLUMNS = [
    *("twap_id", "state_user", "state_timestamp", "state_coin", "state_side", "state_sz"),
    *("state_executedSz", "state_executedNtl", "state_minutes", "status"),
]
SIZES = ("state_sz", "state_executedSz", "state_executedNtl")


def small() -> Population:
    sizes = {"wallets": 6, "days": 8, "until_ms": UNTIL_MS, "fills": 4_000}
    return Population(seed=4, live_per_second=0.001, **sizes)


@pytest.fixture(scope="module")
def world() -> Population:
    return small()


@pytest.fixture(scope="module")
def events(world: Population) -> Sequence[TwapStatus]:
    return world.twap_statuses()


def written(folder: Path, events: Sequence[TwapStatus], **variation: Any) -> pa.Table:
    path = folder / "object.parquet"
    write_object(path, events, ObjectVariant(**variation))
    return pq.read_table(path)


def objects(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_an_object_holds_the_archives_columns_and_every_status(
    tmp_path: Path, events: Sequence[TwapStatus]
) -> None:
    table = written(tmp_path, events)
    assert table.column_names == COLUMNS
    rows = table.to_pylist()
    assert len(rows) == len(events)
    for row, event in zip(rows, events, strict=True):
        assert row["twap_id"] == event.twap_id
        assert row["state_timestamp"] == moment(event.started_ms)
        assert Decimal(row["state_executedNtl"]) == event.executed_notional
    assert {row["status"] for row in rows} == {
        *("activated", "finished", "terminated", "error:Insufficient margin"),
    }


def moment(time_ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms)


@pytest.mark.parametrize(
    ("sizes", "of"),
    [
        (SizeFormat.TEXT, pa.string()),
        (SizeFormat.DECIMAL, pa.decimal128(38, 12)),
        (SizeFormat.FLOAT, pa.float64()),
    ],
)
def test_sizes_in_any_type_are_the_same_numbers(
    tmp_path: Path, events: Sequence[TwapStatus], sizes: SizeFormat, of: pa.DataType
) -> None:
    table = written(tmp_path, events, sizes=sizes)
    assert {table.schema.field(name).type for name in SIZES} == {of}
    read = [Decimal(str(value)) for value in table["state_sz"].to_pylist()]
    assert read == [event.size for event in events]


@pytest.mark.parametrize(
    ("ids", "of"),
    [
        (IdFormat.INT64, pa.int64()),
        (IdFormat.TEXT, pa.string()),
        (IdFormat.DECIMAL, pa.decimal128(20, 0)),
    ],
)
def test_numbers_of_twaps_in_any_type(
    tmp_path: Path, events: Sequence[TwapStatus], ids: IdFormat, of: pa.DataType
) -> None:
    column = written(tmp_path, events, ids=ids)["twap_id"]
    assert column.type == of
    assert [int(value) for value in column.to_pylist()] == [event.twap_id for event in events]


@pytest.mark.parametrize(
    ("times", "of", "per_s"),
    [
        (TimeFormat.INT_S, pa.int64(), 1),
        (TimeFormat.INT_MS, pa.int64(), 1_000),
        (TimeFormat.INT_US, pa.int64(), 1_000_000),
        (TimeFormat.INT_NS, pa.int64(), 1_000_000_000),
        (TimeFormat.TEXT_MS, pa.string(), 1_000),
        (TimeFormat.STAMP_S, pa.timestamp("ms"), 1_000),  # Parquet knows no seconds
        (TimeFormat.STAMP_MS, pa.timestamp("ms"), 1_000),
        (TimeFormat.STAMP_US, pa.timestamp("us"), 1_000_000),
        (TimeFormat.STAMP_NS, pa.timestamp("ns"), 1_000_000_000),
        (TimeFormat.STAMP_S_UTC, pa.timestamp("ms", "UTC"), 1_000),
        (TimeFormat.STAMP_MS_UTC, pa.timestamp("ms", "UTC"), 1_000),
        (TimeFormat.STAMP_US_UTC, pa.timestamp("us", "UTC"), 1_000_000),
        (TimeFormat.STAMP_NS_UTC, pa.timestamp("ns", "UTC"), 1_000_000_000),
        (TimeFormat.MS_AS_NS, pa.timestamp("ns"), 1_000),
    ],
)
def test_times_in_any_type_count_from_1970(
    tmp_path: Path, events: Sequence[TwapStatus], times: TimeFormat, of: pa.DataType, per_s: int
) -> None:
    column = written(tmp_path, events, times=times)["state_timestamp"]
    assert column.type == of
    counts = [int(value) for value in column.cast(pa.int64()).to_pylist()]
    in_s = times in (TimeFormat.INT_S, TimeFormat.STAMP_S, TimeFormat.STAMP_S_UTC)
    known_ms = [event.started_ms // 1000 * 1000 if in_s else event.started_ms for event in events]
    assert [count * 1_000 for count in counts] == [ms * per_s for ms in known_ms]


def test_times_can_be_iso_texts(tmp_path: Path, events: Sequence[TwapStatus]) -> None:
    texts = written(tmp_path, events, times=TimeFormat.TEXT_ISO)["state_timestamp"].to_pylist()
    read = [datetime.fromisoformat(text) for text in texts]
    assert read == [moment(event.started_ms) for event in events]


def test_every_third_value_of_a_named_column_is_null(
    tmp_path: Path, events: Sequence[TwapStatus]
) -> None:
    table = written(tmp_path, events, nulls=("state_sz", "twap_id"))
    for name in ("state_sz", "twap_id"):
        holes = [at for at, value in enumerate(table[name].to_pylist()) if value is None]
        assert holes == list(range(0, len(events), NULL_EVERY))
    assert table["status"].null_count == 0


def test_columns_can_be_added_and_left_out(tmp_path: Path, events: Sequence[TwapStatus]) -> None:
    extra = ("state_reduceOnly", "state_randomize", "time")
    table = written(tmp_path, events, extra=extra, missing=("state_minutes",))
    assert table.column_names == [*(name for name in COLUMNS if name != "state_minutes"), *extra]
    assert table["time"].to_pylist() == [moment(event.time_ms) for event in events]


def test_a_column_that_does_not_exist_is_refused(events: Sequence[TwapStatus]) -> None:
    with pytest.raises(ValueError, match=r"no column \['state_size'\]: there are"):
        status_table(events, ObjectVariant(missing=("state_size",)))


def test_the_state_can_be_one_nested_column(tmp_path: Path, events: Sequence[TwapStatus]) -> None:
    flat = written(tmp_path, events, sizes=SizeFormat.DECIMAL)
    nested = written(tmp_path, events, sizes=SizeFormat.DECIMAL, nested=True)
    assert nested.column_names == ["twap_id", "state", "status"]
    assert nested.flatten().column_names == [name.replace("state_", "state.") for name in COLUMNS]
    assert [column.to_pylist() for column in nested.flatten()] == [
        column.to_pylist() for column in flat
    ]


def test_row_groups_have_the_size_asked_for(tmp_path: Path, events: Sequence[TwapStatus]) -> None:
    written(tmp_path, events, row_group_rows=7)
    file = pq.ParquetFile(tmp_path / "object.parquet")
    groups = [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
    assert set(groups[:-1]) == {7}
    assert sum(groups) == len(events)


def test_a_truncated_object_cannot_be_read(tmp_path: Path, events: Sequence[TwapStatus]) -> None:
    with pytest.raises(pa.ArrowInvalid):
        written(tmp_path, events, truncated=True)
    assert (tmp_path / "object.parquet").stat().st_size > 100


def test_every_finished_day_has_one_object_with_the_events_of_that_day(
    tmp_path: Path, world: Population, events: Sequence[TwapStatus]
) -> None:
    paths = write_new_days(tmp_path, world, UNTIL_MS)
    days = range(world.start_ms // DAY_MS, UNTIL_MS // DAY_MS)
    assert [path.parent.relative_to(tmp_path).as_posix() for path in paths] == [
        f"{moment(day * DAY_MS):%Y/%m/%d}" for day in days
    ]
    assert {path.name for path in paths} == {OBJECT_NAME}
    for day, path in zip(days, paths, strict=True):
        of_day = [event for event in events if event.time_ms // DAY_MS == day]
        assert pq.read_table(path).equals(status_table(of_day))
    assert any(event.time_ms // DAY_MS != event.started_ms // DAY_MS for event in events)
    assert sum(map(len, map(pq.read_table, paths))) == sum(
        event.time_ms < UNTIL_MS // DAY_MS * DAY_MS for event in events
    )


def test_a_day_once_written_is_never_written_again(tmp_path: Path, world: Population) -> None:
    first = write_new_days(tmp_path, world, UNTIL_MS - 3 * DAY_MS)
    first[0].write_bytes(b"as it was")
    later = write_new_days(tmp_path, world, UNTIL_MS)
    assert len(later) == 3
    assert not {*first} & {*later}
    assert first[0].read_bytes() == b"as it was"
    assert write_new_days(tmp_path, world, UNTIL_MS) == []


def test_a_day_the_population_has_not_reached_is_not_written(
    tmp_path: Path, world: Population
) -> None:
    assert len(write_new_days(tmp_path, world, UNTIL_MS + 9 * DAY_MS)) == 8


def test_days_are_written_as_they_end(tmp_path: Path) -> None:
    late, whole, steps = small(), small(), small()
    midnight_ms = (UNTIL_MS // DAY_MS + 1) * DAY_MS
    archive = TwapSourceFolder(tmp_path / "steps", steps)
    for now_ms in (UNTIL_MS, midnight_ms - 1, midnight_ms, midnight_ms + 5):
        steps.advance(now_ms)
        archive.advance(now_ms)
        assert len(objects(tmp_path / "steps")) == (8 if now_ms < midnight_ms else 9)
    for name, world, until_ms in (("late", late, midnight_ms), ("whole", whole, midnight_ms + 5)):
        world.advance(until_ms)
        write_new_days(tmp_path / name, world, until_ms)
        assert objects(tmp_path / name) == objects(tmp_path / "steps")


def test_a_started_sandbox_has_written_its_finished_days_and_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"
    sizes: dict[str, Any] = {"seed": 4, "wallets": 4, "days": 3, "fills": 300}
    exchange = build_exchange(**sizes, until_ms=UNTIL_MS, live_per_second=0.001, twaps_dir=folder)
    begun = objects(folder)
    assert len(begun) == 3
    exchange.advance(UNTIL_MS + DAY_MS)
    assert objects(folder).items() > begun.items()
    assert len(objects(folder)) == 4


def test_a_restarted_sandbox_adds_the_days_it_was_away(tmp_path: Path) -> None:
    folder, state = tmp_path / "twaps", tmp_path / "sandbox.json"
    sizes: dict[str, Any] = {"seed": 4, "wallets": 4, "days": 3, "fills": 300}
    sizes |= {"state": state, "twaps_dir": folder}
    build_exchange(**sizes, until_ms=UNTIL_MS)
    begun = objects(folder)
    build_exchange(**sizes, until_ms=UNTIL_MS + 2 * DAY_MS)
    assert objects(folder).items() > begun.items()
    assert len(objects(folder)) == 5


def test_recordings_have_no_statuses_to_write(tmp_path: Path) -> None:
    options = ["--replay", str(tmp_path), "--twaps-dir", str(tmp_path / "twaps")]
    done = CliRunner().invoke(sandbox_command, options)
    assert done.exit_code == 2
    assert "--twaps-dir" in done.output
    assert "leave out --replay" in done.output


def test_the_folder_of_objects_can_be_named_on_the_command_line(tmp_path: Path) -> None:
    sizes = ["--wallets", "4", "--days", "2", "--fills", "200", "--live-per-second", "0.001"]
    with socket() as taken:  # so that the command ends when it has done all but serve
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = ["--port", str(taken.getsockname()[1])]
        folder = tmp_path / "twaps"
        done = CliRunner().invoke(sandbox_command, [*sizes, *port, "--twaps-dir", str(folder)])
    assert done.exit_code != 0
    assert len(objects(folder)) == 2
