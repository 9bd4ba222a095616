"""Outcomes: what the mark did after each signal, frozen when its horizon ends."""

from datetime import datetime

from hypertally.store.postgres import Connection, in_schema
from hypertally.store.queries import load

QUERIES = load(__file__)


async def rebuild(connection: Connection, at: datetime, *, schema: str = "metrics") -> int:
    """Compute again the outcomes whose horizon ends at `at`; how many.

    An outcome reads its signal and the marks of both ends, so none of it was known before.
    """
    await connection.execute(in_schema(QUERIES["delete_outcomes"], schema), {"at": at})
    inserted = await connection.execute(in_schema(QUERIES["insert_outcomes"], schema), {"at": at})
    return inserted.rowcount
