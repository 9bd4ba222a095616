"""Import of the TWAP source: list, choose, fetch, decode, insert, log; an object at a time.

A batch of rows commits whole, with the page it came in, so a kill loses at most the batch in hand.
An object is done when its log says so; reading an object again adds nothing.
"""

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pyarrow as pa
import structlog
from msgspec.structs import replace

from hypertally.clock import Clock
from hypertally.errors import HypertallyError, Refused
from hypertally.facts import pages
from hypertally.facts.twaps import statuses as twaps_statuses
from hypertally.facts.twaps.arrow_columns import flatten, name_columns
from hypertally.facts.twaps.statuses import Statuses
from hypertally.jobs.activity.store_fill_page import enqueue_twap_rollup
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.kinds import Handlers, Kind, Lane, NoPayload, declare, enqueue
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources, TwapSource
from hypertally.records import Record
from hypertally.sources.object_store import CREDENTIALS, ObjectStore, StoredObject, may_be_read
from hypertally.store.bulk import BulkLoader
from hypertally.store.postgres import Jsonb, Pool, read_row, read_rows, transaction
from hypertally.store.queries import load

log = structlog.get_logger()

QUERIES = load(__file__)
DOOR = "twap_archive"  # the source of these pages, as it has been stored from the beginning
SUFFIXES = (".parquet", ".pq")  # such a name promises Parquet: another content is a failure
MAGIC = b"PAR1"  # what every Parquet file begins with
# List prices of S3 for a reader on the internet, in US dollars; folders cost nothing.
REQUEST_USD = Decimal("0.0000004")
GIGABYTE_USD = Decimal("0.09")
BATCH_ROWS = 50_000  # a batch takes 40 MB on its way
PARALLEL = 2  # objects side by side: one is decoded while the other is stored
REASONS_MAX = 20  # of an object's rejects: there are as many as columns
DAILY_AT = timedelta(minutes=30)  # UTC: half an hour after the day that it reads has ended
RETRY_SECONDS = 3600  # after objects that could not be read

INGEST_TWAP_OBJECTS = declare(
    Kind(
        name="ingest_twap_objects",
        payload_type=NoPayload,
        lane=Lane.COMPUTING,
        leaves_when_killed="the batches stored so far; the object is read again, and adds the rest",
        priority=15,  # after the fills of wallets that trade
        period=timedelta(days=1),
    )
)


class Choice(Record, frozen=True, kw_only=True):
    """Which objects to read: those not read yet, those changed since, both, or that of a key."""

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
    skipped: str | None = None  # why it is no object to read
    reject_reasons: Mapping[str, int] = {}  # reason -> rows
    bytes_read: int = 0
    cost_usd: Decimal = Decimal(0)

    @property
    def is_failed(self) -> bool:
        """Whether it could not be read to its end, or every row of it was refused."""
        return self.error_text is not None or self.is_refused

    @property
    def is_refused(self) -> bool:
        """Whether it has rows, and every one was refused."""
        return self.rows_rejected > 0 and not self.rows_ingested and not self.rows_repeated


Progress = Callable[[Reading], None]  # called after every batch


def ignore_progress(reading: Reading) -> None:
    """Show no progress."""
    del reading


async def import_objects(
    pool: Pool,
    source: TwapSource,
    choice: Choice,
    *,
    clock: Clock,
    progress: Progress = ignore_progress,
    parallel: int = PARALLEL,
) -> list[Reading]:
    """Import the chosen objects; an object that cannot be read is logged, and the rest goes on.

    Errors: `Refused` when the store will not let us, or has no object of that key;
    `SourceDown` when it does not answer.
    """
    if source.store is None:
        return []
    importer = _Importer(pool, source.database_url, source.store, clock=clock, progress=progress)
    chosen = await choose(pool, source.store, choice)
    places = asyncio.Semaphore(parallel)

    async def import_one(stored: StoredObject) -> Reading:
        async with places:
            return await importer.import_object(stored)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(import_one(stored)) for stored in chosen]
    return [task.result() for task in tasks]


async def choose(pool: Pool, store: ObjectStore, choice: Choice) -> list[StoredObject]:
    """The objects that a choice means, in the order of their keys."""
    if choice.key is not None:
        return [await _find(store, choice.key)]
    listed = [stored async for stored in store.list()]
    if choice.since is not None:
        listed = [stored for stored in listed if stored.last_modified >= choice.since]
    if not choice.incremental:
        return listed
    async with transaction(pool) as connection:
        rows = await read_rows(connection, QUERIES["list_read_objects"], shape=_ReadObject)
    done = {(row.s3_object_key, row.etag) for row in rows}
    return [stored for stored in listed if (stored.key, stored.etag) not in done]


async def _find(store: ObjectStore, key: str) -> StoredObject:
    """The object of a key: as it is logged, as the bucket lists it, or as a whole address."""
    prefix = urlsplit(store.url).path.strip("/")
    begins = [f"{store.url.rstrip('/')}/", *([f"{prefix}/"] if prefix else [])]
    below = next((key.removeprefix(begin) for begin in begins if key.startswith(begin)), None)
    if below is None:
        return await store.find(key)
    try:
        return await store.find(below)
    except Refused:
        return await store.find(key)


class _ReadObject(Record, frozen=True, kw_only=True):
    s3_object_key: str
    etag: str


def open_twap_source(url: str, database_url: str) -> TwapSource:
    """The TWAP source at an address; of S3 only with credentials, as its readers pay.

    Errors: `Refused` for a folder that is not there.
    """
    if not may_be_read(url):
        log.info("the TWAP source is not read: no credentials", url=url, any_of=CREDENTIALS)
        return TwapSource(database_url=database_url, store=None)
    return TwapSource(database_url=database_url, store=ObjectStore(url))


async def ingest_twap_objects(resources: Resources, job: Job) -> None:
    """Import the objects that are new in the TWAP source, once a day."""
    pool, clock = resources.pool, resources.clock
    readings: Sequence[Reading] = []
    if resources.twap_source:
        choice = Choice(incremental=True)
        readings = await import_objects(pool, resources.twap_source, choice, clock=clock)
    failed = [reading for reading in readings if reading.error_text]
    for reading in readings:
        if reading.is_failed:
            problem = reading.error_text or f"every row was refused: {reading.reject_reasons}"
            log.warning("object not read", key=reading.s3_object_key, problem=problem)
        elif reading.skipped:
            log.info("object skipped", key=reading.s3_object_key, reason=reading.skipped)
    async with queue.finishing(pool, job) as connection:
        delay_seconds = RETRY_SECONDS if failed else seconds_to_next_run(clock())
        await enqueue(connection, INGEST_TWAP_OBJECTS, NoPayload(), delay_seconds=delay_seconds)


def seconds_to_next_run(at: datetime) -> int:
    """How long it is to the next 00:30 UTC."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    today = midnight + DAILY_AT
    next_run = today if at < today else today + timedelta(days=1)
    return int((next_run - at).total_seconds()) + 1


class _Importer:
    """Imports objects of one store: fetches each, loads its rows, and logs how that went."""

    def __init__(
        self,
        pool: Pool,
        database_url: str,
        store: ObjectStore,
        *,
        clock: Clock,
        progress: Progress,
    ) -> None:
        self._pool = pool
        self._database_url = database_url
        self._store = store
        self._clock = clock
        self._progress = progress

    async def import_object(self, stored: StoredObject) -> Reading:
        """Import one object; a failure is part of the reading that is logged."""
        start = time.monotonic()
        reader = _Reader(
            self._database_url, stored, asked_at=self._clock(), progress=self._progress
        )
        reading = reader.reading
        try:
            skipped = await self._why_skipped(stored)
            if skipped:
                reading = replace(reading, skipped=skipped)
            else:
                await self._load(reader, stored)
                reading = reader.reading
        except (HypertallyError, pa.ArrowException, OSError, ValueError) as problem:
            reading = replace(reader.reading, error_text=_describe(problem))
        seconds = round(time.monotonic() - start, 3)
        reading = replace(reading, seconds=seconds, cost_usd=self._cost_usd(reading))
        await self._keep_log(reading)
        self._progress(reading)
        return reading

    async def _keep_log(self, reading: Reading) -> None:
        async with transaction(self._pool) as connection:
            await connection.execute(
                QUERIES["insert_log"].text,
                msgspec.structs.asdict(reading)
                | {
                    "warnings": list(reading.warnings),
                    "reject_reasons": Jsonb(dict(reading.reject_reasons)),
                },
            )
            await enqueue_twap_rollup(connection)

    async def _why_skipped(self, stored: StoredObject) -> str | None:
        """Why an object is none to read: told by how it begins, as names promise nothing."""
        start = await self._store.read_start(stored, len(MAGIC))
        if start == MAGIC or stored.key.endswith(SUFFIXES):
            return None
        return f"no Parquet: it begins with {start!r}"

    def _cost_usd(self, reading: Reading) -> Decimal:
        """What the store charged: two requests and what was transferred, of S3 alone."""
        if not self._store.url.startswith("s3:"):
            return Decimal(0)
        transfer = GIGABYTE_USD * reading.bytes_read / 10**9
        return 2 * REQUEST_USD + transfer

    async def _load(self, reader: "_Reader", stored: StoredObject) -> None:
        with tempfile.TemporaryDirectory(prefix="hypertally-object-") as folder:
            path = Path(folder, "object")
            digest = await self._store.fetch(stored, path)
            reader.reading = replace(reader.reading, bytes_read=stored.size_bytes)
            await pages.ensure_months(self._pool, "pages", {reader.asked_at})
            async with transaction(self._pool) as connection:
                # The rows of an import that is killed are computed all the same.
                await enqueue_twap_rollup(connection, delay_seconds=RETRY_SECONDS)
                key = {"key": stored.key}
                before = await read_row(connection, QUERIES["was_read"], key, shape=_Before)
            reader.is_again = before.was_read
            await asyncio.to_thread(reader.load, path, digest)


class _Before(Record, frozen=True, kw_only=True):
    was_read: bool


def _describe(problem: Exception) -> str:
    words = " ".join(str(problem).split())
    return words if isinstance(problem, HypertallyError) else f"no readable Parquet: {words}"


class _Reader:
    """One object on its way into the database; blocking, on a connection of its own."""

    def __init__(
        self, database_url: str, stored: StoredObject, *, asked_at: datetime, progress: Progress
    ) -> None:
        self._database_url = database_url
        self._progress = progress
        self.asked_at = asked_at
        self.is_again = False  # an object of this key was read before
        self.reading = Reading(
            s3_object_key=stored.key,
            etag=stored.etag,
            last_modified=stored.last_modified,
            size_bytes=stored.size_bytes,
        )

    def load(self, path: Path, digest: bytes) -> None:
        """Store every batch of the object.

        Errors: `BadPayload` when a column is missing; what pyarrow raises for a broken file.
        """
        import pyarrow.parquet as pq

        # Memory-mapped: the pages of the file are the cache.
        with pq.ParquetFile(path, memory_map=True, page_checksum_verification=True) as file:
            empty = pa.RecordBatch.from_pylist([], schema=file.schema_arrow)
            warnings = tuple(name_columns(flatten(empty).schema).warnings)
            self.reading = replace(self.reading, warnings=warnings)
            batches = file.iter_batches(batch_size=BATCH_ROWS)
            with (
                BulkLoader(self._database_url, role="hypertally_facts") as loader,
                ThreadPoolExecutor(1) as ahead,  # the next batch is read while one is stored
            ):
                first = 0
                following = ahead.submit(self._decode_next, batches, first)
                while (statuses := following.result()) is not None:
                    rows = len(statuses) + len(statuses.rejects)
                    following = ahead.submit(self._decode_next, batches, first + rows)
                    self._store(loader, statuses, first, digest)
                    first += rows

    def _decode_next(
        self, batches: Iterator[pa.RecordBatch], first_ordinal: int
    ) -> Statuses | None:
        """Read the next batch of the object; None at its end."""
        batch = next(batches, None)
        if batch is None:
            return None
        return twaps_statuses.decode_batch(
            flatten(batch), first_ordinal=first_ordinal, asked_at=self.asked_at
        )

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
            page_id=page_id,
            wallet_id=None,
            object_key=self.reading.s3_object_key,
            is_again=self.is_again,
        )
        added = twaps_statuses.insert_bulk(loader, statuses, source, door=DOOR)
        loader.commit()
        reasons = Counter(self.reading.reject_reasons)
        reasons.update(reject.reason for reject in statuses.rejects)
        self.reading = replace(
            self.reading,
            reject_reasons=dict(reasons.most_common(REASONS_MAX)),
            rows_ingested=self.reading.rows_ingested + added,
            rows_repeated=self.reading.rows_repeated + len(statuses) - added,
            rows_rejected=self.reading.rows_rejected + len(statuses.rejects),
        )
        self._progress(self.reading)


HANDLERS: Handlers = {INGEST_TWAP_OBJECTS: ingest_twap_objects}
