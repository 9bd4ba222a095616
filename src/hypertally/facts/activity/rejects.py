"""Rejects of fills: rows that could not be read, where they belong, and when they were read."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from hypertally.clock import AHEAD_MAX, at, milliseconds
from hypertally.facts.activity import fills
from hypertally.facts.rows import payload_of, row_of
from hypertally.records import Fill, Record, Reject, is_object
from hypertally.sources import pagination
from hypertally.sources.exact_numbers import exact_integer
from hypertally.store.postgres import Connection, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)
BEGINNING = datetime(2023, 1, 1, tzinfo=UTC)  # the exchange has no fill of an earlier time


class Answered(Record, frozen=True, kw_only=True):
    """The answer that rows came in."""

    wallet_id: int
    page_id: int
    source: str  # door and request type
    asked_at: datetime  # our clock, before the request left
    covers: tuple[int, int]  # milliseconds, both ends inclusive


class RejectWindow(Record, frozen=True, kw_only=True):
    """facts.reject_windows: where in the record of a wallet a reject belongs."""

    from_at: datetime
    to_at: datetime


async def insert(
    connection: Connection, rejects: Sequence[Reject], *, rows: Sequence[Any], page: Answered
) -> list[RejectWindow]:
    """Keep fills that could not be read, each once, with their place; those that are new.

    `rows`: all rows of the answer, in its order: neighbours tell the place of a row without a time,
    and of one whose time nobody believes.
    """
    if not rejects:
        return []
    stated = [time_of(row) for row in rows]
    times = [time if _is_believed(time, page.asked_at) else None for time in stated]
    windows = [
        _window(times, reject.ordinal, _widest(stated[reject.ordinal], page)) for reject in rejects
    ]
    values = fills.reject_values(
        rejects, wallet_id=page.wallet_id, source=page.source, page_id=page.page_id
    )
    return await read_rows(
        connection,
        QUERIES["insert_fill_rejects"],
        values
        | {
            "from_at": [at(from_ms) for from_ms, _ in windows],
            "to_at": [at(to_ms) for _, to_ms in windows],
        },
        shape=RejectWindow,
    )


class _OpenReject(Record, frozen=True, kw_only=True):
    id: int
    payload_sha256: bytes
    from_at: datetime
    to_at: datetime


async def settle(
    connection: Connection, rows: Iterable[Any], *, unread: Iterable[int], page: Answered
) -> list[RejectWindow]:
    """Note rejects that came again among these rows and were read this time; their windows.

    `unread`: the places of the rows that could not be read.
    """
    bound = {"wallet_id": page.wallet_id}
    pending = await read_rows(connection, QUERIES["list_open"], bound, shape=_OpenReject)
    if not pending:
        return []
    still = set(unread)
    read = {sha256_of(row) for place, row in enumerate(rows) if place not in still}
    settled = [reject for reject in pending if reject.payload_sha256 in read]
    await mark_decoded(connection, [reject.id for reject in settled], page_id=page.page_id)
    return [RejectWindow(from_at=reject.from_at, to_at=reject.to_at) for reject in settled]


class _EarlierReject(_OpenReject, frozen=True, kw_only=True):
    payload: str


class _New(Record, frozen=True, kw_only=True):
    place: int  # in the given fills, from 1


async def settle_mended(
    connection: Connection,
    shown: Sequence[Fill],
    rows: Sequence[Any],
    *,
    unread: Iterable[int],
    page: Answered,
) -> list[RejectWindow]:
    """Note rejects that the exchange has mended: their fills came with this answer; their windows.

    A reject is mended if its row names an order and a trade, and this later answer brought the
    fill of both, which the books did not hold, at a time that the reject can belong to, and shows
    the bad row no more. Rows that do not name both stay rejects: another fill of their time would
    pass for theirs.
    """
    if not shown:
        return []
    times = [fill.time_ms for fill in shown]
    bound = {
        "wallet_id": page.wallet_id,
        "page_id": page.page_id,
        "from_at": at(min(times)),
        "to_at": at(max(times)),
    }
    earlier = await read_rows(connection, QUERIES["list_before"], bound, shape=_EarlierReject)
    bad = {sha256_of(rows[place]) for place in unread}
    by_ids = {(fill.oid, fill.tid): fill for fill in shown}
    pairs: dict[tuple[int, int], tuple[_EarlierReject, Fill]] = {}  # one fill mends one reject
    for reject in earlier:
        ids = ids_of(reject.payload)
        fill = by_ids.get(ids) if ids and reject.payload_sha256 not in bad else None
        if ids and fill and reject.from_at <= at(fill.time_ms) <= reject.to_at:
            pairs.setdefault(ids, (reject, fill))
    mended = await _brought(connection, list(pairs.values()), page)
    await mark_decoded(connection, [reject.id for reject in mended], page_id=page.page_id)
    return [RejectWindow(from_at=reject.from_at, to_at=reject.to_at) for reject in mended]


async def _brought(
    connection: Connection, pairs: Sequence[tuple[_EarlierReject, Fill]], page: Answered
) -> list[_EarlierReject]:
    """The rejects whose fills the books did not hold before this answer."""
    if not pairs:
        return []
    bound = {
        "wallet_id": page.wallet_id,
        "page_id": page.page_id,
        "time": [at(fill.time_ms) for _, fill in pairs],
        "oid": [fill.oid for _, fill in pairs],
        "tid": [fill.tid for _, fill in pairs],
    }
    new = await read_rows(connection, QUERIES["list_new"], bound, shape=_New)
    return [pairs[row.place - 1][0] for row in new]


def ids_of(payload: str) -> tuple[int, int] | None:
    """The order and the trade that a bad row names; None: it names none that a fill can have."""
    row = row_of(payload)
    if not is_object(row):
        return None
    oid, tid = exact_integer(row.get("oid")), exact_integer(row.get("tid"))
    if oid is None or tid is None:
        return None
    # A trade of 0 is no trade.
    is_possible = 0 <= oid <= fills.INTEGER_MAX and 0 < tid <= fills.INTEGER_MAX
    return (oid, tid) if is_possible else None


async def mark_decoded(connection: Connection, reject_ids: Sequence[int], *, page_id: int) -> None:
    """Note that these rejects were read after all."""
    if reject_ids:
        bound = {"reject_ids": list(reject_ids), "page_id": page_id}
        await connection.execute(QUERIES["insert_decoded"].text, bound)


def sha256_of(row: Any) -> bytes:
    """The hash that a reject of this row is known by."""
    return hashlib.sha256(payload_of(row).encode()).digest()


def time_of(row: Any) -> int | None:
    """The time of a row in milliseconds, of a TWAP slice that of its fill; None: it has none."""
    row = msgspec.to_builtins(row) if isinstance(row, msgspec.Struct) else row
    row = row.get("row", row) if is_object(row) else row
    return pagination.time_of(row.get("fill", row) if is_object(row) else None)


def _is_believed(time_ms: int | None, asked_at: datetime) -> bool:
    """Whether a fill can have been at the time of a row when its answer was asked for."""
    return time_ms is not None and BEGINNING <= at(time_ms) <= asked_at + AHEAD_MAX


def _widest(stated: int | None, page: Answered) -> tuple[int, int]:
    """From when to when the fill of a row can have been that has no neighbours."""
    if stated is None or _is_believed(stated, page.asked_at):
        return page.covers
    # Paging took what the answer covers from the very time that nobody believes.
    return page.covers[0], milliseconds(page.asked_at)


def _window(times: Sequence[int | None], place: int, covers: tuple[int, int]) -> tuple[int, int]:
    """From when to when the fill of a row can have been, from the order of its answer."""
    own = times[place]
    if own is not None:
        return own, own
    before = [time for time in times[:place] if time is not None]
    after = [time for time in times[place + 1 :] if time is not None]
    others = [*before, *after]
    if others == sorted(others, reverse=True) and len(set(others)) > 1:
        before, after = after[::-1], before[::-1]
    elif others != sorted(others):
        return covers
    first = max([covers[0], *before])
    return first, max(first, min([covers[1], *after]))
