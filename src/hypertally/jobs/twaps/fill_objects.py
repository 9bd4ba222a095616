"""Objects of fills: lines of JSON, in LZ4 or as they are, or Parquet; fills of TWAPs are kept."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Literal

import pyarrow as pa
from msgspec.structs import replace

from hypertally.errors import BadPayload
from hypertally.facts import pages
from hypertally.facts.activity import fills
from hypertally.facts.twaps import archived_fills, fill_columns
from hypertally.facts.twaps.archived_fills import SOURCE, ArchivedFills
from hypertally.facts.twaps.arrow_columns import flatten
from hypertally.jobs.twaps.ingest_log import Reading
from hypertally.jobs.twaps.object_import import ObjectKind, Reception
from hypertally.records import Answer
from hypertally.store import arrow
from hypertally.store.postgres import Pool, transaction
from hypertally.tenancy import wallets

PARQUET, LZ4 = b"PAR1", b"\x04\x22\x4d\x18"  # what their files begin with
SUFFIXES = (".parquet", ".pq", ".lz4")  # names that promise one: another content is a failure
BATCH_FILLS = 5_000  # fills of TWAPs that are stored at once, in a second
BATCH_ROWS = 50_000  # rows of Parquet that are read at once
LINE_BYTES_MAX = 64 * 1024 * 1024  # of a block: the busiest hour had five million fills
REJECTS_MAX = 10_000  # then the object is none of this kind


def explain_skip(start: bytes, key: str) -> str | None:
    """Why an object holds no fills, by its beginning and its key; None: it may hold some."""
    if start in (PARQUET, LZ4) or start[:1] in (b"[", b"{") or key.endswith(SUFFIXES):
        return None
    return f"neither LZ4, Parquet nor lines of JSON: it begins with {start!r}"


class FillReader:
    """One object of fills on its way into the database."""

    def __init__(self, reception: Reception, reading: Reading) -> None:
        self._reception = reception
        self.reading = reading

    async def load(self, path: Path, digest: bytes, *, is_again: bool) -> None:
        """Store the fills of TWAPs that the object holds, in batches; a fill is stored once.

        Errors: `BadPayload` for rows that are no fills, and for more rejects than a fair object
        has; what pyarrow raises for a broken file.
        """
        del is_again  # what an archive says of a fill once is not taken back
        batches = self._batches(path)
        first = 0
        while (batch := await asyncio.to_thread(next, batches, None)) is not None:
            await self._store(batch, first, digest)
            first += len(batch)
            if self.reading.rows_rejected > REJECTS_MAX:
                raise BadPayload(f"more than {REJECTS_MAX} rows are no fills: another kind of data")

    def _batches(self, path: Path) -> Iterator[ArchivedFills]:
        with path.open("rb") as file:
            start = file.read(len(LZ4))
        if start == PARQUET:
            return self._batches_of_parquet(path)
        return _batches_of_lines(
            path, compression="lz4" if start == LZ4 else None, asked_at=self._reception.asked_at
        )

    def _batches_of_parquet(self, path: Path) -> Iterator[ArchivedFills]:
        import pyarrow.parquet as pq

        with pq.ParquetFile(path, memory_map=True, page_checksum_verification=True) as file:
            empty = pa.RecordBatch.from_pylist([], schema=file.schema_arrow)
            warnings = fill_columns.exactness(flatten(empty).schema)
            self.reading = replace(self.reading, warnings=warnings)
            first = 0
            for batch in arrow.read_batches(file, BATCH_ROWS):
                rows = fill_columns.rows_of(flatten(batch))
                for place in range(0, len(rows), BATCH_FILLS):
                    decoded = archived_fills.decode_events(
                        rows[place : place + BATCH_FILLS],
                        first_ordinal=first,
                        asked_at=self._reception.asked_at,
                    )
                    first += len(decoded)
                    yield decoded

    async def _store(self, batch: ArchivedFills, first: int, digest: bytes) -> None:
        """Commit one batch: its page, its fills with ids for their wallets, and its rejects."""
        answer = Answer(
            request={
                "object": self.reading.s3_object_key,
                "etag": self.reading.etag,
                "first_row": first,
            },
            source=SOURCE,
            body=None,
            body_sha256=digest,
            asked_at=self._reception.asked_at,
            weight=0,
        )
        pool: Pool = self._reception.pool
        async with transaction(pool) as connection:
            page_id = await pages.insert_reference(connection, answer, row_count=len(batch))
            addresses = sorted({row.wallet for row in batch.fills})
            await wallets.give_ids(connection, addresses)
            added = await archived_fills.insert(
                connection, batch.fills, object_key=self.reading.s3_object_key, page_id=page_id
            )
            await fills.insert_rejects(
                connection, batch.rejects, wallet_id=None, source=SOURCE, page_id=page_id
            )
        reasons = [reject.reason for reject in batch.rejects]
        self.reading = self.reading.counting(len(batch.fills), added=added, reasons=reasons)
        self._reception.progress(self.reading)


def _batches_of_lines(
    path: Path, *, compression: Literal["lz4"] | None, asked_at: datetime
) -> Iterator[ArchivedFills]:
    batch, first = _empty(), 0
    with arrow.open_stream(path, compression=compression) as file:
        for line in _lines(file):
            decoded = archived_fills.decode_line(
                line, first_ordinal=first + len(batch), asked_at=asked_at
            )
            batch.fills.extend(decoded.fills)
            batch.rejects.extend(decoded.rejects)
            if len(batch) >= BATCH_FILLS:
                yield batch
                first += len(batch)
                batch = _empty()
    if len(batch):
        yield batch


def _empty() -> ArchivedFills:
    return ArchivedFills(fills=[], rejects=[])


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(LINE_BYTES_MAX):
        if len(line) == LINE_BYTES_MAX:
            raise BadPayload(f"a line of over {LINE_BYTES_MAX} bytes")
        yield line


FILLS = ObjectKind(
    content="fills",
    start_bytes=len(LZ4),
    explain_skip=explain_skip,
    unreadable="not readable as fills",
    open_reader=FillReader,
)
