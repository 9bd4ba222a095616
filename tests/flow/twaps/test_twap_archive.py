"""Statuses from an S3 server whose readers pay, into the table, whatever happens on the way."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from tests.flow.twaps.objects import RequesterPaysStore, as_parquet, requester_pays_store, statuses

from hypertally.clock import system_clock
from hypertally.errors import Refused
from hypertally.jobs.runtime.resources import TwapSource
from hypertally.jobs.twaps import source_import
from hypertally.jobs.twaps.ingest_log import Reading
from hypertally.jobs.twaps.object_choice import Choice, choose
from hypertally.jobs.twaps.object_import import import_objects
from hypertally.jobs.twaps.status_objects import STATUSES
from hypertally.sources.object_store import ObjectStore
from hypertally.store.postgres import Pool

COMMAND = Path(sys.executable).with_name("hypertally")
ROWS = (
    "select twap_id, wallet, ts, asset, side, size_requested, size_executed, notional_executed, "
    "status, duration_minutes, raw_payload, s3_object_key from facts.twap_status "
    "order by twap_id, status"
)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[RequesterPaysStore]:
    with requester_pays_store() as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        yield made


def rows(database_url: str, statement: str = ROWS) -> list[dict[str, Any]]:
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        return connection.execute(statement).fetchall()


async def ingest(
    pool: Pool, database_url: str, url: str, choice: Choice | None = None
) -> list[Reading]:
    wanted = choice or Choice(incremental=True)
    return await import_objects(
        pool,
        TwapSource(database_url=database_url, store=ObjectStore(url)),
        wanted,
        kind=STATUSES,
        clock=system_clock,
    )


async def test_every_status_of_every_object_is_stored(
    store: RequesterPaysStore, worker_pool: Pool, database_url: str
) -> None:
    store.put("2026/07/17/one.parquet", statuses(40), row_group_size=7)
    store.put("2026/07/18/two.parquet", statuses(30, first_id=1_000))
    store.put("2026/07/18/notes.txt", b"not for us")
    readings = await ingest(worker_pool, database_url, store.url)
    assert [reading.rows_ingested for reading in readings] == [80, 0, 60]
    assert readings[1].skipped == "no Parquet: it begins with b'not '"
    assert store.refused == []
    stored = rows(database_url)
    assert len(stored) == 140
    first, last = stored[0], stored[-1]
    assert (first["twap_id"], first["status"], first["size_executed"]) == (1, "activated", 0)
    assert (last["twap_id"], last["status"]) == (1_029, "finished")
    assert last["s3_object_key"] == "2026/07/18/two.parquet"
    assert last["raw_payload"]["state_executedNtl"] == "1029.25"
    assert last["ts"] == datetime(2026, 7, 17, 6, 14, 0, 523000, UTC) + timedelta(minutes=1_029)


async def test_reading_again_adds_nothing_and_reads_no_object_twice(
    store: RequesterPaysStore, worker_pool: Pool, database_url: str
) -> None:
    store.put("one.parquet", statuses(20))
    await ingest(worker_pool, database_url, store.url)
    before = rows(database_url)
    assert await ingest(worker_pool, database_url, store.url) == []
    [reading] = await ingest(worker_pool, database_url, store.url, Choice(key="one.parquet"))
    assert (reading.rows_ingested, reading.rows_repeated) == (0, 40)
    assert rows(database_url) == before
    store.put("one.parquet", statuses(21))
    [reading] = await ingest(worker_pool, database_url, store.url)
    assert (reading.rows_ingested, reading.rows_repeated) == (2, 40)


async def test_since_means_the_objects_changed_since(
    store: RequesterPaysStore, worker_pool: Pool
) -> None:
    store.put("one.parquet", statuses(1))
    [found] = await choose(worker_pool, ObjectStore(store.url), Choice(incremental=True))
    after = found.last_modified + timedelta(seconds=1)
    assert await choose(worker_pool, ObjectStore(store.url), Choice(since=after)) == []
    at = Choice(since=found.last_modified)
    assert await choose(worker_pool, ObjectStore(store.url), at) == [found]


async def test_a_broken_object_is_logged_and_the_rest_goes_on(
    store: RequesterPaysStore, worker_pool: Pool, database_url: str
) -> None:
    store.put("a.parquet", as_parquet(statuses(50))[:-200])
    store.put("b.parquet", statuses(3).drop_columns(["state_user", "status"]))
    store.put("c.parquet", statuses(4))
    readings = {reading.s3_object_key: reading for reading in
                await ingest(worker_pool, database_url, store.url)}  # fmt: skip
    assert "no readable Parquet" in (readings["a.parquet"].error_text or "")
    assert "no column for status, wallet" in (readings["b.parquet"].error_text or "")
    assert readings["c.parquet"].error_text is None
    assert len(rows(database_url)) == 8
    logged = rows(database_url, "select * from ops.etl_s3_ingest_log order by s3_object_key")
    assert [row["error_text"] is None for row in logged] == [False, False, True]
    assert logged[2]["rows_ingested"] == 8
    # It is tried again when it is next the time, and when it was mended it is read.
    store.put("a.parquet", statuses(50))
    again = await ingest(worker_pool, database_url, store.url)
    assert [reading.s3_object_key for reading in again] == ["a.parquet", "b.parquet"]


async def test_a_bad_row_is_kept_with_its_reason(
    store: RequesterPaysStore, worker_pool: Pool, database_url: str
) -> None:
    sides = ["B", "A", "sell", "A"]
    store.put("odd.parquet", statuses(2, state_side=sides))
    [reading] = await ingest(worker_pool, database_url, store.url)
    assert (reading.rows_ingested, reading.rows_rejected) == (3, 1)
    [reject] = rows(database_url, "select * from facts.rejects")
    assert reject["reason"] == "state_side is neither A nor B"
    assert '"state_side":"sell"' in reject["payload"]
    assert reject["ordinal"] == 2


async def test_a_reader_who_may_not_is_told_what_is_needed(
    store: RequesterPaysStore, worker_pool: Pool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from obstore.store import S3Store

    def unpaid(*arguments: Any, request_payer: bool, **options: Any) -> Any:
        assert request_payer
        return S3Store(*arguments, **options)

    store.put("one.parquet", statuses(1))
    monkeypatch.setattr("hypertally.sources.object_store.S3Store", unpaid)
    with pytest.raises(Refused, match="the reader pays there"):
        await ingest(worker_pool, database_url, store.url)
    assert store.refused
    assert rows(database_url) == []


async def test_an_object_that_is_not_there_is_named(
    store: RequesterPaysStore, worker_pool: Pool, database_url: str
) -> None:
    with pytest.raises(Refused, match=r"there is no s3://.*/gone\.parquet"):
        await ingest(worker_pool, database_url, store.url, Choice(key="gone.parquet"))


async def test_a_folder_is_an_archive_too(
    tmp_path: Path, worker_pool: Pool, database_url: str
) -> None:
    (tmp_path / "2026").mkdir()
    (tmp_path / "2026" / "a.parquet").write_bytes(as_parquet(statuses(5)))
    [reading] = await ingest(worker_pool, database_url, tmp_path.as_uri())
    assert (reading.s3_object_key, reading.rows_ingested) == ("2026/a.parquet", 10)


async def test_both_statuses_of_one_moment_and_a_correction_are_kept(
    tmp_path: Path, worker_pool: Pool, database_url: str
) -> None:
    (tmp_path / "a.parquet").write_bytes(as_parquet(statuses(1)))
    corrected = statuses(1, state_executedNtl=["0.0", "1.26"])
    (tmp_path / "b.parquet").write_bytes(as_parquet(corrected))
    await ingest(worker_pool, database_url, tmp_path.as_uri())
    stored = rows(database_url)
    assert [row["status"] for row in stored] == ["activated", "finished", "finished"]
    assert {row["ts"] for row in stored} == {stored[0]["ts"]}


@pytest.mark.parametrize("at_batch", [1, 3])
def test_killed_in_the_middle_of_an_object_the_next_run_ends_with_the_same_rows(
    at_batch: int, tmp_path: Path, make_database: Any
) -> None:
    count = 30_000
    table = statuses(count)
    (tmp_path / "big.parquet").write_bytes(as_parquet(table, row_group_size=10_000))
    whole, killed = make_database(), make_database()
    _run(whole, tmp_path).wait(60)
    process = _run(killed, tmp_path, BATCH_ROWS="5000")
    _wait_for(killed, at_batch * 5_000)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    part = rows(killed, "select count(*) as rows from facts.twap_status")[0]["rows"]
    assert 0 < part < 2 * count
    _run(killed, tmp_path).wait(60)
    assert rows(killed) == rows(whole)
    assert len(rows(killed)) == 2 * count
    [log] = rows(killed, "select * from ops.etl_s3_ingest_log")
    assert log["rows_ingested"] + log["rows_repeated"] == 2 * count
    assert log["rows_repeated"] >= part


def _run(database_url: str, folder: Path, **changes: str) -> subprocess.Popen[bytes]:
    """The command in a process of its own; with smaller batches if so asked."""
    program = (
        "import sys; from hypertally.jobs.twaps import source_import; "
        "from hypertally.cli import main; "
    )
    program += "".join(f"source_import.{name} = {value}; " for name, value in changes.items())
    program += "sys.argv = ['hypertally', 'twap', 'ingest', '--incremental']; main()"
    return subprocess.Popen(
        [sys.executable, "-c", program],
        env=os.environ
        | {"HYPERTALLY_DATABASE_URL": database_url, "HYPERTALLY_TWAP_URL": folder.as_uri()},
        stdout=subprocess.DEVNULL,
    )


def _wait_for(database_url: str, least: int) -> None:
    until = time.monotonic() + 30
    while rows(database_url, "select count(*) as rows from facts.twap_status")[0]["rows"] < least:
        assert time.monotonic() < until, "the reading did not begin"
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "choose one of --incremental"),
        (("--incremental", "--object-key", "a"), "choose one of --incremental"),
        (("--since", "yesterday"), "yesterday"),
        (("--local-file", "/nowhere/a.parquet"), "/nowhere/a.parquet"),
    ],
)
def test_a_command_that_makes_no_sense_is_one_line_and_code_2(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [COMMAND, "twap", "ingest", *arguments],
        env=os.environ | {"HYPERTALLY_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("at", "seconds"),
    [
        ("2026-11-20T00:00:00", 1_801),
        ("2026-11-20T00:30:00", 86_401),
        ("2026-11-20T23:30:00", 3_601),
    ],
)
def test_the_archive_is_read_half_an_hour_after_midnight(at: str, seconds: int) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert source_import.seconds_to_next_run(moment) == seconds
