"""TWAP statuses: from a Parquet object into the table, by our import and by the first version's."""

import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import BigInteger, DateTime, Integer, Numeric, String, create_engine
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from bench.database import fresh_database
from bench.machine import announce
from bench.measuring import Claim, report_claims, run_interleaved, show_rates
from hypertally.clock import system_clock
from hypertally.jobs.runtime.resources import TwapSource
from hypertally.jobs.twaps.object_choice import Choice
from hypertally.jobs.twaps.object_import import import_objects
from hypertally.jobs.twaps.status_objects import STATUSES
from hypertally.sources.object_store import ObjectStore
from hypertally.store.postgres import open_pool

arrow: Any = pa  # their types are not all known
parquet: Any = pq
START_MS = 1_755_000_000_000
COINS = ("BTC", "ETH", "HYPE", "SOL", "xyz:TSLA", "@107")
ORM_ROWS = 1_000  # the first version's batch


def status_object(count: int, *, first_id: int) -> pa.Table:
    """`count` statuses as the archive writes them: two of each TWAP."""
    ids = [first_id + index // 2 for index in range(count)]
    finished = [index % 2 == 1 for index in range(count)]
    return arrow.table(
        {
            "twap_id": ids,
            "state_user": [f"0x{twap_id * 2654435761 % 2**160:040x}" for twap_id in ids],
            "state_timestamp": [START_MS + twap_id * 1_700 for twap_id in ids],
            "state_coin": [COINS[twap_id % len(COINS)] for twap_id in ids],
            "state_side": ["B" if twap_id % 2 else "A" for twap_id in ids],
            "state_sz": [f"{twap_id % 9_973}.25" for twap_id in ids],
            "state_executedSz": [
                f"{twap_id % 9_973}.25" if done else "0.0"
                for twap_id, done in zip(ids, finished, strict=True)
            ],
            "state_executedNtl": [
                f"{twap_id % 99_991}.125467" if done else "0.0"
                for twap_id, done in zip(ids, finished, strict=True)
            ],
            "state_minutes": [5 + twap_id % 715 for twap_id in ids],
            "status": ["finished" if done else "activated" for done in finished],
        }
    )


class _Base(DeclarativeBase):
    pass


class _Status(_Base):
    """The first version's table; its key drops one of two statuses, so it stores fewer rows."""

    __tablename__ = "first_twap_status"

    twap_id: Mapped[str] = mapped_column(String, primary_key=True)
    wallet: Mapped[str] = mapped_column(String, primary_key=True)
    ts: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    asset: Mapped[str] = mapped_column(String)
    side: Mapped[str] = mapped_column(String)
    size_requested: Mapped[Decimal] = mapped_column(Numeric)
    size_executed: Mapped[Decimal] = mapped_column(Numeric)
    notional_executed: Mapped[Decimal] = mapped_column(Numeric)
    status: Mapped[str] = mapped_column(String)
    duration_minutes: Mapped[int] = mapped_column(Integer)
    s3_object_key: Mapped[str] = mapped_column(String)
    raw_payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    rows: Mapped[int] = mapped_column(BigInteger, default=0)


def by_orm(url: str, path: Path) -> float:
    """Row by row through dicts, statements of 1,000 mapped rows; rows a second.

    The first version iterated over a data frame, which is slower than these dicts.
    """
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    _Base.metadata.create_all(engine)
    started = time.perf_counter()
    rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    with Session(engine) as session:
        for first in range(0, len(rows), ORM_ROWS):
            batch = [_mapped(row, path.name) for row in rows[first : first + ORM_ROWS]]
            session.execute(insert(_Status).values(batch).on_conflict_do_nothing())
            session.commit()
    seconds = time.perf_counter() - started
    engine.dispose()
    return len(rows) / seconds


def _mapped(row: dict[str, Any], key: str) -> dict[str, Any]:
    return {
        "twap_id": str(row["twap_id"]),
        "wallet": row["state_user"].lower(),
        "ts": datetime.fromtimestamp(row["state_timestamp"] / 1000, tz=UTC),
        "asset": row["state_coin"],
        "side": row["state_side"],
        "size_requested": Decimal(row["state_sz"]),
        "size_executed": Decimal(row["state_executedSz"]),
        "notional_executed": Decimal(row["state_executedNtl"]),
        "status": row["status"],
        "duration_minutes": row["state_minutes"],
        "s3_object_key": key,
        "raw_payload": json.loads(json.dumps(row)),
    }


def by_us(url: str, paths: Sequence[Path], *, repeated: bool = False) -> float:
    """Import as the program does, objects in parallel; rows a second."""
    return asyncio.run(_by_us(url, paths, repeated=repeated))


async def _by_us(url: str, paths: Sequence[Path], *, repeated: bool) -> float:
    folder = paths[0].parent
    async with open_pool(url, role="hypertally_worker", size=3) as pool:
        await pool.wait()
        store = ObjectStore(folder.as_uri())
        choice = Choice(since=datetime(2000, 1, 1, tzinfo=UTC))
        started = time.perf_counter()
        readings = await import_objects(
            pool,
            TwapSource(database_url=url, store=store),
            choice,
            kind=STATUSES,
            clock=system_clock,
        )
        seconds = time.perf_counter() - started
    assert not any(reading.error_text for reading in readings), readings
    rows = sum(reading.rows_ingested + reading.rows_repeated for reading in readings)
    assert sum(reading.rows_repeated for reading in readings) == (rows if repeated else 0)
    return rows / seconds


class _ObjectFiles:
    """Objects on disk, made once for each round and method."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._next_id = 1

    def make(self, name: str, *, objects: int, rows: int) -> list[Path]:
        folder = self._folder / name
        folder.mkdir()
        paths = [folder / f"{index}.parquet" for index in range(objects)]
        for path in paths:
            statuses = status_object(rows, first_id=self._next_id)
            parquet.write_table(statuses, path, compression="zstd")
            self._next_id += rows
        return paths


async def run(*, rows: int, rounds: int) -> None:
    """Measure new and repeated statuses, and print the ratio."""
    async with fresh_database() as url:
        announce("TWAP statuses, from Parquet objects to the table", url)
        with tempfile.TemporaryDirectory(prefix="hypertally-objects-") as folder:
            await asyncio.to_thread(_measure, url, _ObjectFiles(folder), rows, rounds)


def _measure(url: str, objects: _ObjectFiles, rows: int, rounds: int) -> None:
    ours = [objects.make(f"ours{index}", objects=1, rows=rows) for index in range(rounds)]
    pairs = [objects.make(f"pair{index}", objects=2, rows=rows) for index in range(rounds)]
    theirs = [objects.make(f"orm{index}", objects=1, rows=rows // 10) for index in range(rounds)]
    names = ("first version: row by row, ORM batches of 1,000", "ours: one object",
             "ours: two objects side by side", "ours: one object, all of it repeated")  # fmt: skip
    figures = run_interleaved(
        {
            names[0]: lambda index: by_orm(url, theirs[index][0]),
            names[1]: lambda index: by_us(url, ours[index]),
            names[2]: lambda index: by_us(url, pairs[index]),
        },
        rounds=rounds,
    )
    figures |= run_interleaved(
        {names[3]: lambda index: by_us(url, ours[index], repeated=True)}, rounds=rounds
    )
    show_rates("statuses", figures, unit="rows/s")
    middle = {name: sorted(values)[len(values) // 2] for name, values in figures.items()}
    report_claims(
        [
            Claim(
                text=f"{name.removeprefix('ours: ')} / first version",
                measured=middle[name] / middle[names[0]],
                bound=20,
                unit="x",
                at_least=True,
            )
            for name in names[1:3]
        ]
    )
