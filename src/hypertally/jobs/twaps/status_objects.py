"""Objects of TWAP statuses: Parquet files, read in batches and stored by bulk loads."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
from msgspec.structs import replace

from hypertally.facts import pages
from hypertally.facts.twaps import statuses as twaps_statuses
from hypertally.facts.twaps.arrow_columns import flatten, name_columns
from hypertally.facts.twaps.statuses import Statuses
from hypertally.jobs.twaps.ingest_log import Reading
from hypertally.jobs.twaps.object_import import ObjectKind, Reception
from hypertally.store import arrow
from hypertally.store.bulk import BulkLoader

DOOR = "twap_archive"  # the source of these pages, as it has been stored from the beginning
SUFFIXES = (".parquet", ".pq")  # such a name promises Parquet: another content is a failure
MAGIC = b"PAR1"  # what every Parquet file begins with
BATCH_ROWS = 50_000  # a batch takes 40 MB on its way


def explain_skip(start: bytes, key: str) -> str | None:
    """Why an object holds no statuses, by its beginning and its key; None: it may hold some."""
    if start == MAGIC or key.endswith(SUFFIXES):
        return None
    return f"no Parquet: it begins with {start!r}"


class StatusReader:
    """One object of statuses on its way into the database; blocking, on a connection of its own."""

    def __init__(self, reception: Reception, reading: Reading) -> None:
        self._reception = reception
        self._is_again = False  # an object of this key was read before
        self.reading = reading

    async def load(self, path: Path, digest: bytes, *, is_again: bool) -> None:
        """Store every batch of the object.

        Errors: `BadPayload` when a column is missing; what pyarrow raises for a broken file.
        """
        self._is_again = is_again
        await asyncio.to_thread(self._load, path, digest)

    def _load(self, path: Path, digest: bytes) -> None:
        import pyarrow.parquet as pq

        # Memory-mapped: the pages of the file are the cache.
        with pq.ParquetFile(path, memory_map=True, page_checksum_verification=True) as file:
            empty = pa.RecordBatch.from_pylist([], schema=file.schema_arrow)
            warnings = tuple(name_columns(flatten(empty).schema).warnings)
            self.reading = replace(self.reading, warnings=warnings)
            batches = arrow.read_batches(file, BATCH_ROWS)
            with (
                BulkLoader(self._reception.database_url, role="hypertally_facts") as loader,
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
            flatten(batch), first_ordinal=first_ordinal, asked_at=self._reception.asked_at
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
            asked_at=self._reception.asked_at,
            row_count=len(statuses) + len(statuses.rejects),
            body_sha256=digest,
        )
        source = twaps_statuses.Source(
            page_id=page_id,
            wallet_id=None,
            object_key=self.reading.s3_object_key,
            is_again=self._is_again,
        )
        added = twaps_statuses.insert_bulk(loader, statuses, source, door=DOOR)
        loader.commit()
        reasons = [reject.reason for reject in statuses.rejects]
        self.reading = self.reading.counting(len(statuses), added=added, reasons=reasons)
        self._reception.progress(self.reading)


STATUSES = ObjectKind(
    content="statuses",
    start_bytes=len(MAGIC),
    explain_skip=explain_skip,
    unreadable="no readable Parquet",
    open_reader=StatusReader,
)
