"""Ending sessions of the API's login that lifted their own limit of time.

PostgreSQL lets every session set `statement_timeout`, so the limit of a pool binds only a session
that leaves it alone. What binds all is another login, which looks and ends them.
"""

from datetime import timedelta

import structlog

from hypertally.records import Record
from hypertally.store.postgres import Pool, read_row, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)


class SessionLimits(Record, frozen=True, kw_only=True):
    """What a session of the API may take before another ends it.

    Each is longer than the API's own limit, so that none is met that would end by itself.
    """

    statement: timedelta = timedelta(seconds=20)  # its own: 10 s
    idle: timedelta = timedelta(minutes=1)  # in a transaction; a client has 30 s for a page of rows
    whole: timedelta = timedelta(minutes=35)  # of a transaction; all rows of a list have 30 minutes


LIMITS = SessionLimits()


class _Ended(Record, frozen=True, kw_only=True):
    ended: int


async def end_long_sessions(pool: Pool, limits: SessionLimits = LIMITS) -> int:
    """End sessions that take longer than that; how many there were."""
    async with transaction(pool) as connection:
        values = {"statement": limits.statement, "idle": limits.idle, "whole": limits.whole}
        row = await read_row(connection, QUERIES["end_long_sessions"], values, shape=_Ended)
    if row.ended:
        structlog.get_logger().warning(
            "ended sessions of the API that went on for too long", sessions=row.ended
        )
    return row.ended
