"""Health of the feed: what its coverage and its age say of each recorded minute, stored."""

from datetime import datetime
from decimal import Decimal

from hypertally.metrics.smart_money.formulas.feed_health import (
    Health,
    assess_health,
    health_reason,
)
from hypertally.metrics.smart_money.v3.feed_coverage import read_feed
from hypertally.records import Record
from hypertally.store.postgres import Connection, read_row
from hypertally.store.queries import load

QUERIES = load(__file__)


class _Feed(Record, frozen=True, kw_only=True):
    success_at: datetime | None
    coverage: Decimal | None
    recorded_at: datetime | None


async def note_coverage(connection: Connection, minute: datetime) -> None:
    """Store the coverage as of a recorded minute: health and alerts speak of it."""
    feed = await read_feed(connection, minute)
    bound = {"minute": minute, "coverage": feed.coverage}
    await connection.execute(QUERIES["set_coverage"].text, bound)


async def note_health(connection: Connection, as_of: datetime) -> Health:
    """Judge how far the snapshots can be trusted now, and store the judgement."""
    feed = await read_row(connection, QUERIES["read_feed"], {"as_of": as_of}, shape=_Feed)
    health = assess_health(as_of=as_of, last_success_at=feed.success_at, coverage=feed.coverage)
    await connection.execute(
        QUERIES["insert_health"].text,
        {
            "at": as_of,
            "state": health.state,
            "last_success": feed.success_at,
            "age_seconds": int(health.age.total_seconds()) if health.age is not None else None,
            "coverage": feed.coverage,
            "reason": health_reason(health, recorded_at=feed.recorded_at, as_of=as_of),
        },
    )
    return health
