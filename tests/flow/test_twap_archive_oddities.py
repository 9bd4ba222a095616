"""Objects no reader expects: each is stored or logged, and none stops the others."""

import asyncio
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from psycopg.rows import dict_row
from tests.flow.objects import as_parquet, statuses

from hypertally.jobs.twap_archive import Choice, Reading, read_archive
from hypertally.sources.objects import ObjectStore
from hypertally.store.postgres import Pool


def rows(database_url: str, statement: str) -> list[dict[str, Any]]:
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        return connection.execute(statement).fetchall()


async def ingest(pool: Pool, database_url: str, folder: Path) -> dict[str, Reading]:
    store = ObjectStore(folder.as_uri())
    readings = await read_archive(pool, database_url, store, Choice(incremental=True))
    return {reading.s3_object_key: reading for reading in readings}


def named_twice(table: pa.Table, name: str) -> pa.Table:
    return table.append_column(name, table.column(name))


def no_text() -> pa.Array:
    """Two texts that are no UTF-8, as a careless writer leaves them."""
    ends = pa.array([0, 2, 4], pa.int32()).buffers()[1]
    return pa.StringArray.from_buffers(2, ends, pa.py_buffer(b"\xff\xfe\xfa\xc3"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no readable Parquet"),
        (b"a note", "no readable Parquet"),
        (as_parquet(named_twice(statuses(1), "status")), "named twice: status"),
        (
            as_parquet(statuses(1).append_column("note", no_text())),
            "could not be stored",
        ),
    ],
    ids=["empty", "text", "a column twice", "bytes that are no text"],
)
async def test_an_object_that_cannot_be_read_stops_no_other(
    content: bytes, words: str, tmp_path: Path, worker_pool: Pool, database_url: str
) -> None:
    (tmp_path / "a.parquet").write_bytes(content)
    (tmp_path / "b.parquet").write_bytes(as_parquet(statuses(2)))
    readings = await ingest(worker_pool, database_url, tmp_path)
    assert words in (readings["a.parquet"].error_text or "")
    assert readings["b.parquet"].rows_ingested == 4
    logged = rows(database_url, "select s3_object_key from ops.etl_s3_ingest_log where "
                  "error_text is not null")  # fmt: skip
    assert logged == [{"s3_object_key": "a.parquet"}]


async def test_an_object_without_rows_is_read_to_its_end(
    tmp_path: Path, worker_pool: Pool, database_url: str
) -> None:
    (tmp_path / "none.parquet").write_bytes(as_parquet(statuses(0)))
    reading = (await ingest(worker_pool, database_url, tmp_path))["none.parquet"]
    assert (reading.rows_ingested, reading.error_text) == (0, None)
    assert await ingest(worker_pool, database_url, tmp_path) == {}


async def test_what_no_database_takes_is_kept_written_out(
    tmp_path: Path, worker_pool: Pool, database_url: str
) -> None:
    odd = {"tags": [["a\x00b"], None], "rates": [[float("nan"), 1.5], [float("-inf")]]}
    (tmp_path / "a.parquet").write_bytes(as_parquet(statuses(1, **odd)))
    reading = (await ingest(worker_pool, database_url, tmp_path))["a.parquet"]
    assert (reading.rows_ingested, reading.error_text) == (2, None)
    [first, second] = rows(
        database_url, "select raw_payload as raw from facts.twap_status order by status"
    )
    assert (first["raw"]["tags"], first["raw"]["rates"]) == ([r"a\x00b"], ["nan", 1.5])
    assert (second["raw"]["tags"], second["raw"]["rates"]) == (None, ["-inf"])


async def test_a_row_that_stands_twice_in_an_object_is_stored_once(
    tmp_path: Path, worker_pool: Pool, database_url: str
) -> None:
    twice = pa.concat_tables([statuses(3), statuses(3)])
    (tmp_path / "a.parquet").write_bytes(as_parquet(twice))
    reading = (await ingest(worker_pool, database_url, tmp_path))["a.parquet"]
    assert (reading.rows_ingested, reading.rows_repeated) == (6, 6)


async def test_objects_of_the_same_rows_in_other_orders_are_read_side_by_side(
    tmp_path: Path, worker_pool: Pool, database_url: str
) -> None:
    table = statuses(20_000)
    backwards = table.take(list(range(table.num_rows - 1, -1, -1)))
    for name, content in (("a", table), ("b", backwards), ("c", table), ("d", backwards)):
        (tmp_path / f"{name}.parquet").write_bytes(as_parquet(content))
    readings = await asyncio.wait_for(ingest(worker_pool, database_url, tmp_path), 120)
    assert [reading.error_text for reading in readings.values()] == [None] * 4
    assert sum(reading.rows_ingested for reading in readings.values()) == table.num_rows
    assert sum(reading.rows_repeated for reading in readings.values()) == 3 * table.num_rows
