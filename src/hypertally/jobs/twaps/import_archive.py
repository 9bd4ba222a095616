"""Reading the TWAP archive: list, choose, fetch, decode, insert, log; an object at a time.

A batch of rows commits whole, with the page it came in, so a kill loses at most the batch in hand.
An object is done when its log says so; one that is read again adds nothing.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import structlog

from hypertally.clock import now
from hypertally.errors import HypertallyError
from hypertally.facts import pages
from hypertally.facts.twaps import statuses as twaps_statuses
from hypertally.facts.twaps.arrow_columns import flatten, name_columns
from hypertally.facts.twaps.statuses import Statuses
from hypertally.jobs.activity.store_fill_page import enqueue_twap_rollup
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.queue import Job
from hypertally.records import Record
from hypertally.sources.object_store import CREDENTIALS, ObjectStore, StoredObject, may_be_read
from hypertally.store.bulk import BulkLoader
from hypertally.store.postgres import Pool, transaction
from hypertally.store.queries import load

log = structlog.get_logger()

QUERIES = load(__file__)
DOOR = "twap_archive"
SUFFIXES = (".parquet", ".pq")
BATCH_ROWS = 50_000  # a batch takes 40 MB on its way
PARALLEL = 2  # objects side by side: one is decoded while the other is stored
DAILY_AT = timedelta(minutes=30)  # UTC: half an hour after the day that it reads has ended
AGAIN_SECONDS = 3600  # after objects that could not be read
PRIORITY = 15  # after the fills of wallets that trade


class Archive(Record, frozen=True, kw_only=True):
    """What the daily job reads, and where it puts it."""

    database_url: str
    store: ObjectStore | None  # None: there is none that we may read


class Choice(Record, frozen=True, kw_only=True):
    """Which objects to read: those not read yet, those changed since, or the one of a key."""

    incremental: bool = False
    since: datetime | None = None
    key: str | None = None


class Reading(Record, frozen=True, kw_only=True):
    """How the reading of an object went: a row of ops.etl_s3_ingest_log."""

    s3_object_key: str
    etag: str
    last_modified: datetime
    size_bytes: int
    rows_ingested: int = 0  # new ones
    rows_repeated: int = 0
    rows_rejected: int = 0
    warnings: tuple[str, ...] = ()
    error_text: str | None = None
    seconds: float = 0


Progress = Callable[[Reading], None]  # told after every batch


def tell_nobody(reading: Reading) -> None:
    """Show no progress."""
    del reading


async def read_archive(
    pool: Pool,
    database_url: str,
    store: ObjectStore,
    choice: Choice,
    *,
    progress: Progress = tell_nobody,
    parallel: int = PARALLEL,
) -> list[Reading]:
    """Read the chosen objects; one that cannot be read is logged, and the rest goes on.

    Errors: `Refused` when the store will not let us, or has no object of that key;
    `SourceDown` when it does not answer.
    """
    chosen = await choose(pool, store, choice)
    slots = asyncio.Semaphore(parallel)

    async def one(found: StoredObject) -> Reading:
        async with slots:
            return await _read(pool, database_url, store, found, progress)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(found)) for found in chosen]
    return [task.result() for task in tasks]


async def choose(pool: Pool, store: ObjectStore, choice: Choice) -> list[StoredObject]:
    """The objects that a choice means, in the order of their keys."""
    if choice.key is not None:
        return [await store.find(choice.key)]
    listed = [found async for found in store.list() if found.key.endswith(SUFFIXES)]
    if choice.since is not None:
        return [found for found in listed if found.last_modified >= choice.since]
    async with transaction(pool) as connection:
        rows = await (await connection.execute(QUERIES["list_read_objects"].text)).fetchall()
    done = {(row["s3_object_key"], row["etag"]) for row in rows}
    return [found for found in listed if (found.key, found.etag) not in done]


def open_archive(url: str, database_url: str) -> Archive:
    """The archive at an address; of S3 only with credentials, as its readers pay.

    Errors: `Refused` for a folder that is not there.
    """
    if not may_be_read(url):
        log.info("the TWAP archive is not read: no credentials", url=url, any_of=CREDENTIALS)
        return Archive(database_url=database_url, store=None)
    return Archive(database_url=database_url, store=ObjectStore(url))


async def ingest_objects(pool: Pool, archive: Archive | None, job: Job) -> None:
    """Read what is new in the archive, once a day."""
    readings: Sequence[Reading] = []
    if archive and archive.store:
        readings = await read_archive(
            pool, archive.database_url, archive.store, Choice(incremental=True)
        )
    failed = [reading for reading in readings if reading.error_text]
    for reading in failed:
        log.warning("object not read", key=reading.s3_object_key, problem=reading.error_text)
    async with queue.finishing(pool, job) as connection:
        await queue.enqueue(
            connection,
            "ingest_twap_objects",
            dedupe_key="ingest_twap_objects",
            priority=PRIORITY,
            delay_seconds=AGAIN_SECONDS if failed else seconds_to_next_run(now()),
        )


def seconds_to_next_run(at: datetime) -> int:
    """How long it is to the next 00:30 UTC."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    today = midnight + DAILY_AT
    next_run = today if at < today else today + timedelta(days=1)
    return int((next_run - at).total_seconds()) + 1


async def _read(
    pool: Pool,
    database_url: str,
    store: ObjectStore,
    found: StoredObject,
    progress: Progress,
) -> Reading:
    start = time.monotonic()
    reader = _Reader(database_url, found, progress)
    try:
        with tempfile.TemporaryDirectory(prefix="hypertally-object-") as folder:
            path = Path(folder, "object")
            digest = await store.fetch(found, path)
            await pages.ensure_months(pool, "pages", {reader.asked_at})
            async with transaction(pool) as connection:
                # Should we be killed meanwhile, what was stored is computed all the same.
                await enqueue_twap_rollup(connection, delay_seconds=AGAIN_SECONDS)
            await asyncio.to_thread(reader.load, path, digest)
    except (HypertallyError, pa.ArrowException, OSError, ValueError) as problem:
        reader.note(error_text=_said(problem))
    reader.note(seconds=round(time.monotonic() - start, 3))
    async with transaction(pool) as connection:
        await connection.execute(
            QUERIES["insert_log"].text,
            msgspec.structs.asdict(reader.reading) | {"warnings": list(reader.reading.warnings)},
        )
        await enqueue_twap_rollup(connection)
    progress(reader.reading)
    return reader.reading


def _said(problem: Exception) -> str:
    words = " ".join(str(problem).split())
    return words if isinstance(problem, HypertallyError) else f"no readable Parquet: {words}"


class _Reader:
    """One object on its way into the database; blocking, on a connection of its own."""

    def __init__(self, database_url: str, found: StoredObject, progress: Progress) -> None:
        self._database_url = database_url
        self._progress = progress
        self.asked_at = now()
        self.reading = Reading(
            s3_object_key=found.key,
            etag=found.etag,
            last_modified=found.last_modified,
            size_bytes=found.size_bytes,
        )

    def note(self, **changes: Any) -> None:
        self.reading = msgspec.structs.replace(self.reading, **changes)

    def load(self, path: Path, digest: bytes) -> None:
        """Store every batch of the object.

        Errors: `BadPayload` when a column is missing; what pyarrow raises for a broken file.
        """
        import pyarrow.parquet as pq

        # Memory-mapped: the pages of the file are the cache.
        with pq.ParquetFile(path, memory_map=True) as file:
            empty = pa.RecordBatch.from_pylist([], schema=file.schema_arrow)
            self.note(warnings=tuple(name_columns(flatten(empty).schema).warnings))
            batches = file.iter_batches(batch_size=BATCH_ROWS)
            with (
                BulkLoader(self._database_url, role="hypertally_facts") as loader,
                ThreadPoolExecutor(1) as ahead,  # the next batch is read while one is stored
            ):
                first = 0
                following = ahead.submit(_decode_next, batches, first)
                while (statuses := following.result()) is not None:
                    rows = len(statuses) + len(statuses.rejects)
                    following = ahead.submit(_decode_next, batches, first + rows)
                    self._store(loader, statuses, first, digest)
                    first += rows

    def _store(self, loader: BulkLoader, statuses: Statuses, first: int, digest: bytes) -> None:
        page_id = pages.insert_batch(
            loader,
            source=DOOR,
            request={
                "object": self.reading.s3_object_key,
                "etag": self.reading.etag,
                "first_row": first,
            },
            asked_at=self.asked_at,
            row_count=len(statuses) + len(statuses.rejects),
            body_sha256=digest,
        )
        source = twaps_statuses.Source(
            page_id=page_id, wallet_id=None, object_key=self.reading.s3_object_key
        )
        added = twaps_statuses.insert_bulk(loader, statuses, source, door=DOOR)
        loader.commit()
        self.note(
            rows_ingested=self.reading.rows_ingested + added,
            rows_repeated=self.reading.rows_repeated + len(statuses) - added,
            rows_rejected=self.reading.rows_rejected + len(statuses.rejects),
        )
        self._progress(self.reading)


def _decode_next(batches: Iterator[pa.RecordBatch], first_ordinal: int) -> Statuses | None:
    """Read the next batch of a file; None at its end."""
    batch = next(batches, None)
    if batch is None:
        return None
    return twaps_statuses.decode_batch(flatten(batch), first_ordinal=first_ordinal)
