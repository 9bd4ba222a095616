"""Objects that are read again with other content, and what may be read at all."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from psycopg.rows import dict_row
from tests.flow.twaps.objects import START_MS, as_parquet, requester_pays_store, statuses

from hypertally.clock import system_clock
from hypertally.jobs.runtime.resources import TwapSource
from hypertally.jobs.twaps.ingest_log import Reading
from hypertally.jobs.twaps.object_choice import Choice
from hypertally.jobs.twaps.object_import import import_objects
from hypertally.jobs.twaps.rollup import rollup_marked
from hypertally.jobs.twaps.status_objects import STATUSES
from hypertally.sources.object_store import ObjectStore
from hypertally.store.postgres import Pool

COMMAND = Path(sys.executable).with_name("hypertally")
STATE = "select size_executed, notional_executed, status, conflicts from metrics.twaps"
MOVED = "select changes, wallet_id, twap_wallet, cause from metrics.restatements order by id"


def rows(database_url: str, statement: str) -> list[dict[str, Any]]:
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        return connection.execute(statement).fetchall()


def ended(size: str, **columns: Any) -> pa.Table:
    """One TWAP that has ended with a total."""
    return statuses(1, state_sz=["20"] * 2, state_executedSz=["0", size], **columns)


async def ingest(pool: Pool, database_url: str, folder: Path) -> dict[str, Reading]:
    source = TwapSource(database_url=database_url, store=ObjectStore(folder.as_uri()))
    readings = await import_objects(
        pool, source, Choice(incremental=True), kind=STATUSES, clock=system_clock
    )
    await rollup_marked(pool, clock=system_clock)
    return {reading.s3_object_key: reading for reading in readings}


@pytest.mark.parametrize("totals", [*product(("3", "9"), repeat=3), ("3", "9", "4", "9", "3")])
async def test_what_an_object_says_last_is_what_counts(
    totals: tuple[str, ...], tmp_path: Path, worker_pool: Pool, database_url: str
) -> None:
    for number, total in enumerate(totals):
        # Another column changes each time, so that the content is another one.
        (tmp_path / "a.parquet").write_bytes(as_parquet(ended(total, note=[number] * 2)))
        await ingest(worker_pool, database_url, tmp_path)
        (state,) = rows(database_url, STATE)
        assert (state["size_executed"], state["conflicts"]) == (Decimal(total), None)
    changes = [row["changes"]["size_executed"] for row in rows(database_url, MOVED)]
    assert changes == [
        [before, after] for before, after in pairwise(totals)
        if before != after
    ]  # fmt: skip


async def test_a_corrected_word_and_start_replace_what_was_said(
    tmp_path: Path, worker_pool: Pool, database_url: str
) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(as_parquet(ended("9")))
    await ingest(worker_pool, database_url, tmp_path)
    path.write_bytes(
        as_parquet(
            ended("4", status=["activated", "terminated"], state_timestamp=[START_MS + 60_001] * 2)
        )
    )
    await ingest(worker_pool, database_url, tmp_path)
    (state,) = rows(database_url, STATE)
    assert (state["status"], state["size_executed"], state["conflicts"]) == ("terminated", 4, None)
    (moved,) = rows(database_url, MOVED)
    assert moved["changes"] == {"size_executed": ["9", "4"]}
    assert (moved["wallet_id"], moved["cause"]) == (None, "late facts")
    assert moved["twap_wallet"] == f"0x{1:040x}"


async def test_objects_that_disagree_are_a_conflict(
    tmp_path: Path, worker_pool: Pool, database_url: str
) -> None:
    for name, total in (("a", "9"), ("b", "4")):
        (tmp_path / f"{name}.parquet").write_bytes(as_parquet(ended(total)))
    await ingest(worker_pool, database_url, tmp_path)
    (state,) = rows(database_url, STATE)
    assert state["size_executed"] == 9
    assert [final["source"] for final in state["conflicts"]] == ["b.parquet", "a.parquet"]


async def test_an_object_is_told_by_how_it_begins_and_not_by_its_name(
    tmp_path: Path, worker_pool: Pool, database_url: str
) -> None:
    (tmp_path / "part-0000").write_bytes(as_parquet(statuses(2)))
    (tmp_path / "2026").mkdir()
    (tmp_path / "2026" / "data.snappy.bin").write_bytes(as_parquet(statuses(2, first_id=50)))
    (tmp_path / "_SUCCESS").write_bytes(b"")
    (tmp_path / "notes.txt").write_bytes(b"not for us")
    (tmp_path / "odd.parquet").write_bytes(b"a note")
    readings = await ingest(worker_pool, database_url, tmp_path)
    assert {key: reading.rows_ingested for key, reading in readings.items()} == {
        "part-0000": 4, "2026/data.snappy.bin": 4, "_SUCCESS": 0, "notes.txt": 0, "odd.parquet": 0,
    }  # fmt: skip
    assert readings["notes.txt"].skipped == "no Parquet: it begins with b'not '"
    assert readings["_SUCCESS"].skipped == "no Parquet: it begins with b''"
    assert "no readable Parquet" in (readings["odd.parquet"].error_text or "")
    # What was skipped is not asked for again; what promised Parquet and failed is.
    assert list(await ingest(worker_pool, database_url, tmp_path)) == ["odd.parquet"]


@pytest.mark.parametrize(
    "key", ["a b.parquet", "date=2026-01-01%2F.parquet", "día#1.parquet.x", "[x]{}*~?.parquet"]
)
def test_an_object_is_found_by_its_key_as_it_is_listed(
    key: str, tmp_path: Path, database_url: str
) -> None:
    (tmp_path / key).write_bytes(as_parquet(statuses(1)))
    done = command(database_url, "--object-key", key, "--json", url=tmp_path.as_uri())
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["s3_object_key"] == key
    again = command(database_url, "--local-file", str(tmp_path / key), url=tmp_path.as_uri())
    assert "0 new, 2 repeated" in again.stdout


@pytest.mark.parametrize("content", [b"", b"no columns at all"])
def test_a_file_that_was_named_and_is_none_to_read_is_one_line_and_code_2(
    content: bytes, tmp_path: Path, database_url: str
) -> None:
    path = tmp_path / "statuses.bin"
    path.write_bytes(content)
    done = command(database_url, "--local-file", str(path), url=tmp_path.as_uri())
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert f"{path}: nothing to read, " in line


def test_a_broken_file_that_was_named_is_one_line_and_code_2(
    tmp_path: Path, database_url: str
) -> None:
    path = tmp_path / "statuses.parquet"
    whole = as_parquet(statuses(2))
    for content in (b"a note", whole[:-9], b"PAR1", b""):
        path.write_bytes(content)
        done = command(database_url, "--local-file", str(path), url=tmp_path.as_uri())
        assert (done.returncode, done.stdout) == (2, "")
        (line,) = done.stderr.splitlines()
        beginning = f"{path} cannot be read to its end, nothing of it is stored: "
        assert f"{beginning}no readable Parquet: " in line
    path.write_bytes(whole)
    done = command(database_url, "--local-file", str(path), url=tmp_path.as_uri())
    assert (done.returncode, done.stderr) == (0, "")
    assert "4 new" in done.stdout


def test_a_file_that_breaks_in_its_middle_is_refused_with_what_is_stored(
    tmp_path: Path, database_url: str
) -> None:
    path = tmp_path / "statuses.parquet"
    content = bytearray(
        as_parquet(statuses(60_000), row_group_size=50_000, write_page_checksum=True)
    )
    content[len(content) * 5 // 6] ^= 0xFF
    path.write_bytes(content)
    done = command(database_url, "--local-file", str(path), url=tmp_path.as_uri())
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    (log,) = rows(database_url, "select rows_ingested from ops.etl_s3_ingest_log")
    assert f"after {log['rows_ingested']:,} rows, which are stored: no readable Parquet: " in line
    assert log["rows_ingested"] > 0


def test_an_object_is_found_by_the_key_its_bucket_lists_and_by_its_address(
    database_url: str,
) -> None:
    with requester_pays_store() as store:
        store.put("2026/one.parquet", statuses(1))
        for key in ("2026/one.parquet", "raw/twap_statuses/2026/one.parquet",
                    f"{store.url}/2026/one.parquet"):  # fmt: skip
            done = command(
                database_url, "--object-key", key, "--json", url=store.url, **store.environment
            )
            assert done.returncode == 0, done.stderr
            reading = json.loads(done.stdout)
            assert reading["s3_object_key"] == "2026/one.parquet"
            # Two requests, and the bytes at list prices.
            cost = Decimal("0.0000008") + Decimal("0.09") * reading["bytes_read"] / 10**9
            assert Decimal(str(reading["cost_usd"])) == cost


def test_an_object_of_which_every_row_was_refused_is_a_failure_with_the_reasons(
    tmp_path: Path, database_url: str
) -> None:
    path = tmp_path / "all.parquet"
    path.write_bytes(as_parquet(statuses(2, state_side=["buy", "sell", "buy", "B"],
                                         state_minutes=[30, 30, 30, 99_999])))  # fmt: skip
    done = command(database_url, "--local-file", str(path), url=tmp_path.as_uri())
    assert done.returncode == 1
    assert "3 rejected: state_side is neither A nor B" in done.stdout
    assert "1 rejected: state_minutes is over 10080 minutes" in done.stdout
    assert "every row was refused" in done.stdout
    (log,) = rows(database_url, "select * from ops.etl_s3_ingest_log")
    assert sum(log["reject_reasons"].values()) == log["rows_rejected"] == 4
    path.write_bytes(as_parquet(statuses(2, state_side=["buy", "A", "B", "B"])))
    assert command(database_url, "--local-file", str(path), url=tmp_path.as_uri()).returncode == 0


@pytest.mark.parametrize(
    ("since", "names"),
    [
        ("2026-10-01T00:00:00.500Z", "bc"),
        ("2026-10-01T00:00:00.501+00:00", "c"),
        ("2026-10-01T02:00:00.5+02:00", "bc"),
        ("2026-09-30T19:00:00.5-05:00", "bc"),
        ("2026-10-01", "bc"),
        ("2026-09-30", "abc"),
        ("20261001T000000Z", "bc"),
        ("2026-10-02T00:00:01", ""),
    ],
)
def test_since_takes_a_zone_a_fraction_and_incremental(
    since: str, names: str, tmp_path: Path, database_url: str
) -> None:
    for place, (name, at) in enumerate(
        [("a", "2026-09-30T23:59:59.9"), ("b", "2026-10-01T00:00:00.5"), ("c", "2026-10-02")]
    ):
        path = tmp_path / f"{name}.parquet"
        path.write_bytes(as_parquet(statuses(1, first_id=place + 1)))
        moment = datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()
        os.utime(path, (moment, moment))
    command(database_url, "--object-key", "c.parquet", url=tmp_path.as_uri())
    for more, expected in ((["--incremental"], names.replace("c", "")), ([], names)):
        done = command(database_url, "--since", since, *more, "--json", url=tmp_path.as_uri())
        assert done.returncode == 0, done.stderr
        keys = [json.loads(line)["s3_object_key"] for line in done.stdout.splitlines()]
        assert sorted(keys) == [f"{name}.parquet" for name in expected]


def command(
    database_url: str, *arguments: str, url: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    ours = {"HYPERTALLY_DATABASE_URL": database_url, "HYPERTALLY_TWAP_URL": url}
    return subprocess.run(
        [COMMAND, "twap", "ingest", *arguments],
        env=others | ours | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
