"""Pages: every usable answer of the upstream, with the proof of what it covers."""

from datetime import datetime

from hypertally.records import Answer, LimitMet, ProvenPage
from hypertally.sources.sweep import time_of
from hypertally.store.postgres import Connection, Jsonb, Pool, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)


async def insert(connection: Connection, page: ProvenPage, *, wallet_id: int | None) -> int:
    """Append one page; its id."""
    return await _insert(
        connection,
        page.answer,
        wallet_id=wallet_id,
        times=[time for row in page.rows if (time := time_of(row)) is not None],
        row_count=len(page.rows),
        covers=(page.covers_from_ms, page.covers_to_ms),
    )


async def insert_reference(connection: Connection, answer: Answer) -> int:
    """Append one answer of reference data; its id."""
    rows = len(answer.body) if isinstance(answer.body, list) else 1
    return await _insert(
        connection,
        answer,
        wallet_id=None,
        times=[],
        row_count=rows,
        covers=(None, None),
    )


async def insert_limit(
    connection: Connection, limit: LimitMet, *, wallet_id: int, page_id: int
) -> bool:
    """Append what the upstream showed it cannot give; true if that was not known."""
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
) -> int:
    cursor = await connection.execute(
        QUERIES["insert_page"].text,
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
            "closed": covers[1] is not None,
            "covers_from_ms": covers[0],
            "covers_to_ms": covers[1],
        },
    )
    row = await cursor.fetchone()
    assert row is not None  # insert .. returning gives a row or raises
    return row["id"]
