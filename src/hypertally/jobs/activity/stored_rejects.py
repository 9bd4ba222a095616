"""Stored rejects: what there is, and reading those of fills again with the decoder of today."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from hypertally.clock import at
from hypertally.errors import BadPayload
from hypertally.facts import pages
from hypertally.facts.activity import fills, rejects
from hypertally.facts.rows import row_of
from hypertally.facts.twaps import slices
from hypertally.jobs.activity.day_marks import Window, mark_windows
from hypertally.jobs.activity.running_twaps import hurry_twaps
from hypertally.jobs.activity.store_fill_page import mark_dirty, mark_twaps
from hypertally.records import Fill, Record
from hypertally.store.postgres import Connection, Pool, read_rows, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)
REJECTS_A_BATCH = 500  # keeps what one step holds in memory small


class StoredReject(Record, frozen=True, kw_only=True):
    """A reject, as a list shows it."""

    id: int
    wallet: str | None  # None: of no tracked wallet
    from_at: datetime | None  # the fill's own time or, if that is not known, the first it can have
    to_at: datetime | None  # None, as from_at: it is no fill
    source: str
    object: str | None  # of an archive
    reason: str
    page_id: int
    ordinal: int  # place in the answer or object
    stored_at: datetime
    decoded: bool  # it was read since
    # A fill without an order and a trade that a fill can have: not known again once it is mended.
    stays: bool = False


class _ListedReject(StoredReject, frozen=True, kw_only=True):
    payload: str


class _Unread(Record, frozen=True, kw_only=True):
    """A reject with all that reading it again takes."""

    id: int
    wallet_id: int
    address: str
    source: str
    payload: str
    page_id: int
    ordinal: int
    asked_at: datetime | None  # of its page
    from_at: datetime
    to_at: datetime


class Reread(Record, frozen=True, kw_only=True):
    """What reading stored rejects again gave."""

    read: int
    unread: int
    fills: int  # new ones; the others were stored since


async def list_stored(
    connection: Connection, *, wallet: str | None, every: bool, limit: int
) -> list[StoredReject]:
    """Rejects of every kind, newest first; those that were read since only with `every`."""
    bound = {"wallet": wallet, "every": every, "limit": limit}
    rows = await read_rows(connection, QUERIES["list_rejects"], bound, shape=_ListedReject)
    return [_listed(row) for row in rows]


def _listed(row: _ListedReject) -> StoredReject:
    is_unread_fill = row.from_at is not None and not row.decoded
    listed = msgspec.convert(row, StoredReject, from_attributes=True)
    return replace(listed, stays=is_unread_fill and rejects.ids_of(row.payload) is None)


async def read_again(pool: Pool, *, wallet: str | None = None) -> Reread:
    """Store each reject that can be read by now as the fill it is; a second time changes nothing.

    `wallet`: of this address alone.

    The reject stays; that it was read is a row beside it, committed with the fill and the marks of
    the days that change.
    """
    after, read, unread, new = 0, 0, 0, 0
    while True:
        async with transaction(pool) as connection:
            bound = {"wallet": wallet, "after": after, "limit": REJECTS_A_BATCH}
            batch = await read_rows(connection, QUERIES["list_unread"], bound, shape=_Unread)
        if not batch:
            return Reread(read=read, unread=unread, fills=new)
        after = batch[-1].id
        for reject in batch:
            stored = await _store(pool, reject)
            read, unread = read + (stored is not None), unread + (stored is None)
            new += stored or 0


async def _store(pool: Pool, reject: _Unread) -> int | None:
    """The number of fills that a reject became; None: it cannot be read."""
    fill = _decode(reject)
    if fill is None:
        return None
    await pages.ensure_months(pool, "hl_fills_raw", {at(fill.time_ms)})
    async with transaction(pool) as connection:
        inserted = await fills.insert(
            connection, [fill], wallet_id=reject.wallet_id, page_id=reject.page_id
        )
        await rejects.mark_decoded(connection, [reject.id], page_id=reject.page_id)
        await _mark(connection, reject, fill, inserted)
    if inserted.twaps:
        async with transaction(pool) as connection:
            await hurry_twaps(connection, reject.wallet_id)
    return inserted.fills


async def _mark(
    connection: Connection, reject: _Unread, fill: Fill, inserted: fills.Inserted
) -> None:
    touched = set(inserted.twaps)
    if reject.source == slices.SOURCE:
        touched |= await slices.insert(
            connection, [fill], wallet_id=reject.wallet_id, page_id=reject.page_id
        )
    await mark_twaps(connection, reject.address, touched)
    await mark_dirty(connection, reject.wallet_id, inserted.days)
    window = Window(from_at=reject.from_at, to_at=reject.to_at)
    await mark_windows(connection, reject.wallet_id, [window])


def _decode(reject: _Unread) -> Fill | None:
    row = _row_of(reject)
    try:
        return fills.decode_row(
            row, wallet=reject.address, ordinal=reject.ordinal, asked_at=reject.asked_at
        )
    except BadPayload:
        return None


def _row_of(reject: _Unread) -> Any:
    row = row_of(reject.payload)
    return slices.unwrap(row) if reject.source == slices.SOURCE else row
