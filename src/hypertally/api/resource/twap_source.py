"""What the sources of TWAPs have brought, refused and cost so far: their ingest log."""

from datetime import datetime
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from hypertally.api.resource.json_text import json_record
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, read_row, read_rows

SHOWN_MAX: Final = 20  # of objects that were not read, and of reasons: the newest and most frequent

_QUERIES = queries.load(__file__)

Content: TypeAlias = Literal["statuses", "fills"]  # what the objects of a source hold


class SourceTotals(Record, frozen=True, kw_only=True):
    """The totals of the ingest log."""

    objects: int  # read to their end
    failed: int
    skipped: int  # none to read
    rows_new: int
    rows_repeated: int
    rows_rejected: int
    bytes_read: Decimal
    cost_usd: Decimal  # of requests and transfer, at list prices
    readings_without_cost: int  # of an earlier release
    last_read_at: datetime | None
    newest_object_at: datetime | None  # as the store says when it was changed


class UnreadObject(Record, frozen=True, kw_only=True):
    """An object that was not read to its end, or is none to read."""

    object: str
    at: datetime
    is_skipped: bool
    reason: str


class RejectReason(Record, frozen=True, kw_only=True):
    """How many rows were refused for a reason."""

    reason: str
    rows: int


async def read_source_totals(connection: Connection, content: Content) -> SourceTotals:
    """Return the totals of the ingest log; no org is needed to see them."""
    parameters = {"content": content}
    return await read_row(connection, _QUERIES["read_totals"], parameters, shape=SourceTotals)


async def read_source_log(connection: Connection, content: Content) -> dict[str, object]:
    """Return the totals, the objects that were not read, and the reasons of rejects."""
    limit = {"content": content, "limit": SHOWN_MAX}
    unread = await read_rows(connection, _QUERIES["list_unread_objects"], limit, shape=UnreadObject)
    reasons = await read_rows(connection, _QUERIES["sum_reject_reasons"], limit, shape=RejectReason)
    return {
        **json_record(await read_source_totals(connection, content)),
        "unread": [json_record(row) for row in unread],
        "reject_reasons": [json_record(row) for row in reasons],
    }
