"""Import of objects of a store: choose, fetch, load, log; an object at a time.

A batch of rows commits whole, with the page it came in, so a kill loses at most the batch in hand.
An object is done when its log says so; reading an object again adds nothing.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import pyarrow as pa
from msgspec.structs import replace

from hypertally.clock import Clock
from hypertally.errors import HypertallyError
from hypertally.facts import pages
from hypertally.jobs.activity.store_fill_page import enqueue_twap_rollup
from hypertally.jobs.runtime.resources import TwapSource
from hypertally.jobs.twaps import ingest_log
from hypertally.jobs.twaps.ingest_log import Content, Progress, Reading, ignore_progress
from hypertally.jobs.twaps.object_choice import Choice, choose
from hypertally.records import Record
from hypertally.sources.object_store import ObjectStore, StoredObject
from hypertally.store.postgres import Pool, transaction

# List prices of S3 for a reader on the internet, in US dollars; folders cost nothing.
REQUEST_USD = Decimal("0.0000004")
GIGABYTE_USD = Decimal("0.09")
PARALLEL = 2  # objects side by side: one is decoded while the other is stored
ROLLUP_SECONDS = 3600  # the rows of an import that is killed are computed then, at the latest


class ObjectReader(Protocol):
    """One object on its way into the database."""

    reading: Reading

    async def load(self, path: Path, digest: bytes, *, is_again: bool) -> None:
        """Store every batch of a fetched object.

        Errors: `BadPayload` for a content that is not as promised; what pyarrow raises.
        """
        ...


class Reception(Record, frozen=True, kw_only=True):
    """What a reader stores an object with."""

    pool: Pool
    database_url: str
    asked_at: datetime
    progress: Progress


class ObjectKind(Record, frozen=True, kw_only=True):
    """A kind of objects: what they hold, how one begins, and what reads it."""

    content: Content
    start_bytes: int  # of an object that tell what it is
    # Why an object is none to read, by its beginning and its key; None: it is one.
    explain_skip: Callable[[bytes, str], str | None]
    unreadable: str  # what an object is called that broke while it was read
    open_reader: Callable[[Reception, Reading], ObjectReader]


async def import_objects(
    pool: Pool,
    source: TwapSource,
    choice: Choice,
    *,
    kind: ObjectKind,
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
    importer = _Importer(pool, source, source.store, kind, clock=clock, progress=progress)
    chosen = await choose(pool, source.store, choice, content=kind.content)
    places = asyncio.Semaphore(parallel)

    async def import_one(stored: StoredObject) -> Reading:
        async with places:
            return await importer.import_object(stored, is_local=choice.is_local)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(import_one(stored)) for stored in chosen]
    return [task.result() for task in tasks]


class _Importer:
    """Imports objects of one store: fetches each, loads its rows, and logs how that went."""

    def __init__(
        self,
        pool: Pool,
        source: TwapSource,
        store: ObjectStore,
        kind: ObjectKind,
        *,
        clock: Clock,
        progress: Progress,
    ) -> None:
        self._pool = pool
        self._source = source
        self._store = store
        self._kind = kind
        self._clock = clock
        self._progress = progress

    async def import_object(self, stored: StoredObject, *, is_local: bool) -> Reading:
        """Import one object; a failure is part of the reading that is logged."""
        start = time.monotonic()
        reception = Reception(
            pool=self._pool,
            database_url=self._source.database_url,
            asked_at=self._clock(),
            progress=self._progress,
        )
        reader = self._kind.open_reader(reception, self._begin(stored, is_local=is_local))
        reading = reader.reading
        try:
            skipped = await self._why_skipped(stored)
            if skipped:
                reading = replace(reading, skipped=skipped)
            else:
                await self._load(reader, stored, asked_at=reception.asked_at)
                reading = reader.reading
        except (HypertallyError, pa.ArrowException, OSError, ValueError) as problem:
            reading = replace(reader.reading, error_text=self._describe(problem))
        seconds = round(time.monotonic() - start, 3)
        reading = replace(reading, seconds=seconds, cost_usd=self._cost_usd(reading))
        async with transaction(self._pool) as connection:
            await ingest_log.insert(connection, reading)
            await enqueue_twap_rollup(connection)
        self._progress(reading)
        return reading

    def _begin(self, stored: StoredObject, *, is_local: bool) -> Reading:
        return Reading(
            content=self._kind.content,
            is_local=is_local,
            s3_object_key=stored.key,
            etag=stored.etag,
            last_modified=stored.last_modified,
            size_bytes=stored.size_bytes,
        )

    async def _why_skipped(self, stored: StoredObject) -> str | None:
        """Why an object is none to read, told by how it begins and by its name."""
        start = await self._store.read_start(stored, self._kind.start_bytes)
        return self._kind.explain_skip(start, stored.key)

    def _cost_usd(self, reading: Reading) -> Decimal:
        """What the store charged: two requests and what was transferred, of S3 alone."""
        if not self._store.url.startswith("s3:"):
            return Decimal(0)
        transfer = GIGABYTE_USD * reading.bytes_read / 10**9
        return 2 * REQUEST_USD + transfer

    async def _load(
        self, reader: ObjectReader, stored: StoredObject, *, asked_at: datetime
    ) -> None:
        with tempfile.TemporaryDirectory(prefix="hypertally-object-") as folder:
            path = Path(folder, "object")
            digest = await self._store.fetch(stored, path)
            reader.reading = replace(reader.reading, bytes_read=stored.size_bytes)
            await pages.ensure_months(self._pool, "pages", {asked_at})
            async with transaction(self._pool) as connection:
                # The rows of an import that is killed are computed all the same.
                await enqueue_twap_rollup(connection, delay_seconds=ROLLUP_SECONDS)
                is_again = await ingest_log.was_read(connection, stored.key, self._kind.content)
            await reader.load(path, digest, is_again=is_again)

    def _describe(self, problem: Exception) -> str:
        words = " ".join(str(problem).split())
        return (
            words if isinstance(problem, HypertallyError) else f"{self._kind.unreadable}: {words}"
        )
