"""Pages: every usable answer of the upstream, with the proof of what it covers."""

from datetime import datetime

from hypertally.records import Answer, JsonObject, LimitMet, ProvenPage, Record, is_array
from hypertally.sources.pagination import time_of
from hypertally.store.bulk import BulkLoader
from hypertally.store.postgres import (
    Connection,
    Jsonb,
    Pool,
    filled_in,
    read_row,
    read_rows,
    sql_of,
    transaction,
)
from hypertally.store.queries import load

QUERIES = load(__file__)
HISTORY_ROWS_MAX = 10_000  # the exchange shows the most recent ten thousand fills of a wallet


class HistoryReading(Record, frozen=True, kw_only=True):
    """facts.history_readings: a wallet's whole history was read, from 0 to now in one piece."""

    asked_at: datetime  # our clock, before the first request left
    rows_shown: int  # distinct rows, readable or not
    first_ms: int | None  # time of the first fill shown; None: there is none


class ThinLimit(Record, frozen=True, kw_only=True):
    """A thin answer that no later answer disproved."""

    id: int
    from_ms: int  # the known fill that the answer did not hold
    to_ms: int


class _PageId(Record, frozen=True, kw_only=True):
    id: int


async def insert(
    connection: Connection, page: ProvenPage, *, wallet_id: int | None, closed: bool = True
) -> int:
    """Append one page; its id. `closed`: it proves that the wallet's fills are complete."""
    return await _insert(
        connection,
        page.answer,
        wallet_id=wallet_id,
        times=[time for row in page.rows if (time := time_of(row)) is not None],
        row_count=len(page.rows),
        covers=(page.covers_from_ms, page.covers_to_ms),
        closed=closed,
    )


async def insert_reference(
    connection: Connection,
    answer: Answer,
    *,
    wallet_id: int | None = None,
    row_count: int | None = None,
) -> int:
    """Append an answer of reference data, which proves nothing about fills; its id."""
    rows = len(answer.body) if is_array(answer.body) else 1
    return await _insert(
        connection,
        answer,
        wallet_id=wallet_id,
        times=[],
        row_count=rows if row_count is None else row_count,
        covers=(None, None),
        closed=False,
    )


def insert_batch(
    loader: BulkLoader,
    *,
    source: str,
    request: JsonObject,
    asked_at: datetime,
    row_count: int,
    body_sha256: bytes,
) -> int:
    """Append a batch of an object's rows as a page, in the loader's open transaction; its id."""
    values = {
        "wallet_id": None,
        "source": source,
        "request": Jsonb(request),
        "asked_at": asked_at,
        "row_count": row_count,
        "first_ms": None,
        "last_ms": None,
        "body_sha256": body_sha256,
        "weight": 0,
        "closed": False,
        "covers_from_ms": None,
        "covers_to_ms": None,
    }
    statement = filled_in(sql_of(QUERIES["insert_page"]), values)
    return loader.read_rows(statement, shape=_PageId)[0].id


async def insert_limit(
    connection: Connection, limit: LimitMet, *, wallet_id: int, page_id: int
) -> bool:
    """Append a limit of the upstream; true if it was not known before."""
    cursor = await connection.execute(
        QUERIES["insert_limit"].text,
        {
            "wallet_id": wallet_id,
            "page_id": page_id,
            "kind": limit.kind,
            "from_ms": limit.from_ms,
            "to_ms": limit.to_ms,
            "reason": limit.reason,
        },
    )
    return cursor.rowcount > 0


async def list_thin_limits(connection: Connection, *, wallet_id: int) -> list[ThinLimit]:
    """The thin answers of a wallet that no later answer disproved."""
    return await read_rows(
        connection, QUERIES["list_thin_limits"], {"wallet_id": wallet_id}, shape=ThinLimit
    )


async def lift_limit(
    connection: Connection, limit: ThinLimit, *, wallet_id: int, page_id: int
) -> None:
    """Append that a later reading, which ended with a page, disproved a limit."""
    parameters = {"limit_id": limit.id, "wallet_id": wallet_id, "page_id": page_id}
    await connection.execute(QUERIES["lift_limit"].text, parameters)


async def insert_history_reading(
    connection: Connection, reading: HistoryReading, *, wallet_id: int, page_id: int
) -> None:
    """Append that a wallet's whole history was read, up to a last page."""
    await connection.execute(
        QUERIES["insert_history_reading"].text,
        {
            "wallet_id": wallet_id,
            "asked_at": reading.asked_at,
            "rows_shown": reading.rows_shown,
            "first_ms": reading.first_ms,
            "page_id": page_id,
        },
    )


class _Proven(Record, frozen=True, kw_only=True):
    proven_ms: int


async def read_proven_ms(connection: Connection, *, wallet_id: int, asked_by: datetime) -> int:
    """How far the fills of a wallet were proven by answers asked for by a time."""
    parameters = {"wallet_id": wallet_id, "asked_by": asked_by}
    row = await read_row(connection, QUERIES["read_proven_ms"], parameters, shape=_Proven)
    return row.proven_ms


async def ensure_months(pool: Pool, parent: str, times: set[datetime]) -> None:
    """Make the monthly partitions of `parent` that hold `times`, where they are missing."""
    for month in sorted({time.strftime("%Y-%m-01") for time in times}):
        async with transaction(pool) as connection:
            await connection.execute(
                QUERIES["ensure_month"].text, {"parent": parent, "month_of": month}
            )


async def _insert(
    connection: Connection,
    answer: Answer,
    *,
    wallet_id: int | None,
    times: list[int],
    row_count: int,
    covers: tuple[int | None, int | None],
    closed: bool,
) -> int:
    row = await read_row(
        connection,
        QUERIES["insert_page"],
        {
            "wallet_id": wallet_id,
            "source": answer.source,
            "request": Jsonb(answer.request),
            "asked_at": answer.asked_at,
            "row_count": row_count,
            "first_ms": min(times, default=None),
            "last_ms": max(times, default=None),
            "body_sha256": answer.body_sha256,
            "weight": answer.weight,
            "closed": closed,
            "covers_from_ms": covers[0],
            "covers_to_ms": covers[1],
        },
        shape=_PageId,
    )
    return row.id
