"""The ingest log: how the reading of each object of a store went, and which were read before."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec
from msgspec.structs import replace

from hypertally.records import Record
from hypertally.store.postgres import Connection, Jsonb, read_row, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)

Content: TypeAlias = Literal["statuses", "fills"]  # what the objects of a store hold
REASONS_MAX = 20  # of an object's rejects: there are as many as columns


class Reading(Record, frozen=True, kw_only=True):
    """How the reading of an object went: a row of ops.etl_s3_ingest_log."""

    content: Content
    is_local: bool  # a file of this machine, not an object of the source
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

    def counting(self, rows: int, *, added: int, reasons: Sequence[str]) -> "Reading":
        """The reading after some more rows, and the reasons of some more rejects."""
        counts = Counter(self.reject_reasons)
        counts.update(reasons)
        return replace(
            self,
            reject_reasons=dict(counts.most_common(REASONS_MAX)),
            rows_ingested=self.rows_ingested + added,
            rows_repeated=self.rows_repeated + rows - added,
            rows_rejected=self.rows_rejected + len(reasons),
        )

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


async def insert(connection: Connection, reading: Reading) -> None:
    """Store the result of reading an object."""
    values = msgspec.structs.asdict(reading) | {
        "warnings": list(reading.warnings),
        "reject_reasons": Jsonb(dict(reading.reject_reasons)),
    }
    await connection.execute(QUERIES["insert_log"].text, values)


class _ReadObject(Record, frozen=True, kw_only=True):
    s3_object_key: str
    etag: str


async def list_read(connection: Connection, content: Content) -> set[tuple[str, str]]:
    """The objects that were read to their end or are none to read: key and content hash."""
    parameters = {"content": content}
    rows = await read_rows(connection, QUERIES["list_read_objects"], parameters, shape=_ReadObject)
    return {(row.s3_object_key, row.etag) for row in rows}


class _Before(Record, frozen=True, kw_only=True):
    was_read: bool


async def was_read(connection: Connection, key: str, content: Content) -> bool:
    """Whether an object of this key was read before, whatever it held then."""
    parameters = {"key": key, "content": content}
    return (await read_row(connection, QUERIES["was_read"], parameters, shape=_Before)).was_read
