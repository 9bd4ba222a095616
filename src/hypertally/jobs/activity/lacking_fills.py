"""Fills that an answer lacks: the books hold them, and the answer covers their time.

An answer that does not show what an earlier answer of the same endpoint showed is not whole: it
proves nothing of the time that it covers.
"""

from hypertally.clock import at
from hypertally.facts.activity.fills import Decoded
from hypertally.records import ProvenPage, Record
from hypertally.sources.pagination import time_of
from hypertally.store.postgres import Connection, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)


class _Lacking(Record, frozen=True, kw_only=True):
    time_ms: int


async def list_lacking(
    connection: Connection, page: ProvenPage, decoded: Decoded, *, wallet_id: int
) -> set[int]:
    """The times of the fills that a page lacks, before its own fills are stored.

    A full page may end inside a millisecond: the page that follows it shows all of that one.
    A row that could not be read stands for the fill of its millisecond: it is counted as a reject.
    A page of one overfull millisecond shows only a part of it: its limit is recorded.
    """
    if page.limit is not None:
        return set()
    from_ms, to_ms = _whole_part(page)
    shown = decoded.fills
    rejects = [time_of(page.rows[reject.ordinal]) for reject in decoded.rejects]
    parameters = {
        "wallet_id": wallet_id,
        "from_at": at(from_ms),
        "to_at": at(to_ms),
        "source": page.answer.source,
        "asked_at": page.answer.asked_at,
        "time": [at(fill.time_ms) for fill in shown],
        "coin": [fill.coin for fill in shown],
        "oid": [fill.oid for fill in shown],
        "tid": [fill.tid for fill in shown],
        "side": [fill.side for fill in shown],
        "rejects": [at(time_ms) for time_ms in rejects if time_ms is not None],
    }
    rows = await read_rows(connection, QUERIES["list_lacking"], parameters, shape=_Lacking)
    return {row.time_ms for row in rows}


def _whole_part(page: ProvenPage) -> tuple[int, int]:
    """What a page covers, without a millisecond at its end that it may show in part."""
    from_ms, to_ms = page.covers_from_ms, page.covers_to_ms
    stated = [time_ms for row in page.rows if (time_ms := time_of(row)) is not None]
    times = [time_ms for time_ms in stated if from_ms <= time_ms <= to_ms]
    if times and times[0] > times[-1]:  # newest first
        return from_ms + (from_ms == min(times)), to_ms
    return from_ms, to_ms - (to_ms == max(times, default=None))
