"""Objects of an archive of fills, in each form that such archives have, and their import."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hypertally.clock import system_clock
from hypertally.jobs.runtime.resources import TwapSource
from hypertally.jobs.twaps.fill_objects import FILLS
from hypertally.jobs.twaps.ingest_log import Reading
from hypertally.jobs.twaps.object_choice import Choice
from hypertally.jobs.twaps.object_import import import_objects
from hypertally.jobs.twaps.rollup import rollup_marked
from hypertally.sources.object_store import ObjectStore
from hypertally.store.postgres import Pool

Event = tuple[str, Mapping[str, Any]]  # a user and a fill


def as_lines(events: Iterable[Event]) -> bytes:
    """An object of `node_fills`: a fill a line."""
    return b"".join(json.dumps(list(event)).encode() + b"\n" for event in events)


def as_blocks(events: Iterable[Event], *, size: int = 3) -> bytes:
    """An object of `node_fills_by_block`: a block a line; some blocks are empty."""
    rows = [list(event) for event in events]
    lines = [
        {
            "local_time": "2025-07-28T00:00:00.430",
            "block_time": "2025-07-28T00:00:00.000",
            "block_number": 676_000_000 + place,
            "events": rows[place : place + size] if place % size == 0 else [],
        }
        for place in range(len(rows) + 2)
    ]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def as_parquet(events: Iterable[Event], **columns: Any) -> bytes:
    """An object of a third party: a column for each field, in its own spelling."""
    rows = [{"user": user, **fill} for user, fill in events]
    spelled = {
        "startPosition": "start_position",
        "closedPnl": "closed_pnl",
        "feeToken": "fee_token",
        "twapId": "twap_id",
    }
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = {spelled.get(name, name): [row.get(name) for row in rows] for name in names}
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({**table, **columns}), sink)
    return sink.getvalue().to_pybytes()


def packed(content: bytes) -> bytes:
    """The bytes in the frame of LZ4."""
    return pa.compress(content, codec="lz4", asbytes=True)


def put(folder: Path, key: str, content: bytes) -> None:
    path = folder / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


async def ingest(
    pool: Pool, database_url: str, folder: Path, choice: Choice | None = None
) -> dict[str, Reading]:
    """Import the objects that were not read yet, and compute what they change."""
    readings = await import_objects(
        pool,
        TwapSource(database_url=database_url, store=ObjectStore(folder.as_uri())),
        choice or Choice(incremental=True),
        kind=FILLS,
        clock=system_clock,
    )
    await rollup_marked(pool, clock=system_clock)
    return {reading.s3_object_key: reading for reading in readings}
