"""Objects no reader expects: each is stored or logged, and none stops the others."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from psycopg.rows import dict_row
from tests.flow.twaps.objects import as_parquet, statuses

from hypertally.clock import system_clock
from hypertally.jobs.runtime.resources import TwapSource
from hypertally.jobs.twaps.ingest_log import Reading
from hypertally.jobs.twaps.object_choice import Choice
from hypertally.jobs.twaps.object_import import import_objects
from hypertally.jobs.twaps.status_objects import STATUSES
from hypertally.sources.object_store import ObjectStore
from hypertally.store.postgres import Pool

COMMAND = Path(sys.executable).with_name("hypertally")


def rows(database_url: str, statement: str) -> list[dict[str, Any]]:
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        return connection.execute(statement).fetchall()


async def ingest(pool: Pool, database_url: str, folder: Path) -> dict[str, Reading]:
    store = ObjectStore(folder.as_uri())
    readings = await import_objects(
        pool,
        TwapSource(database_url=database_url, store=store),
        Choice(incremental=True),
        kind=STATUSES,
        clock=system_clock,
    )
    return {reading.s3_object_key: reading for reading in readings}


def named_twice(table: pa.Table, name: str) -> pa.Table:
    return table.append_column(name, table.column(name))


def no_text() -> pa.Array:
    """Two texts that are no UTF-8, as a careless writer leaves them."""
    ends = pa.array([0, 2, 4], pa.int32()).buffers()[1]
    return pa.StringArray.from_buffers(2, ends, pa.py_buffer(b"\xff\xfe\xfa\xc3"))


def damaged() -> bytes:
    """An object whose writer kept checksums of its pages, and one letter of which flipped."""
    whole = as_parquet(
        statuses(2),
        write_page_checksum=True,
        write_statistics=False,
        use_dictionary=False,
        compression="none",
    )
    assert whole.count(b"activated") == 2
    return whole.replace(b"activated", b"activatdd", 1)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (damaged(), "checksum"),
        (b"", "no readable Parquet"),
        (b"a note", "no readable Parquet"),
        (as_parquet(named_twice(statuses(1), "status")), "named twice: status"),
        (
            as_parquet(statuses(1).append_column("note", no_text())),
            "could not be stored",
        ),
    ],
    ids=["a flipped letter", "empty", "text", "a column twice", "bytes that are no text"],
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


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """A server of this machine, and what it was asked."""
    paths: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def parse_request(self) -> bool:
            paths.append(str(self.raw_requestline))
            return False

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", paths
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.mark.parametrize("held", [{}, {"AWS_ACCESS_KEY_ID": "reader"}], ids=["none", "half"])
def test_without_credentials_nobody_is_asked(
    held: dict[str, str], asked: tuple[str, list[str]], database_url: str
) -> None:
    endpoint, paths = asked
    done = command(
        database_url,
        "--incremental",
        url="s3://statuses/raw",
        AWS_ENDPOINT_URL=endpoint,
        AWS_METADATA_ENDPOINT=endpoint,
        **held,
    )
    assert paths == []
    assert done.returncode == 2
    assert "AWS_SECRET_ACCESS_KEY" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_key_that_cannot_be_one_is_named(tmp_path: Path, database_url: str) -> None:
    done = command(database_url, "--object-key", "../a.parquet", url=tmp_path.as_uri())
    assert done.returncode == 2
    assert "'../a.parquet' is no key" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def command(
    database_url: str, *arguments: str, url: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    ours = {"HYPERTALLY_DATABASE_URL": database_url, "HYPERTALLY_TWAP_URL": url}
    return subprocess.run(
        [COMMAND, "twap", "ingest", *arguments],
        env=kept | ours | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
