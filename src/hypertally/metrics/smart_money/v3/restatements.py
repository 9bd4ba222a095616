"""Restatements of signals: which issued figures later fills moved."""

from datetime import datetime

from hypertally.metrics.smart_money.formulas.v3.scores import V3
from hypertally.records import Record
from hypertally.store.postgres import Connection, read_row
from hypertally.store.queries import load

QUERIES = load(__file__)


class IssuedSignals(Record, frozen=True, kw_only=True):
    """The signals of a period as they were issued."""

    signals: str  # a JSON array of rows


async def read_issued(connection: Connection, at: datetime) -> IssuedSignals:
    """The signals of a period, before they are computed again."""
    bound = {"at": at, "definition": V3}
    return await read_row(connection, QUERIES["read_before"], bound, shape=IssuedSignals)


async def insert(connection: Connection, at: datetime, issued: IssuedSignals) -> int:
    """Store which figures of a period are other than issued; how many signals moved."""
    bound = {"at": at, "definition": V3, "before": issued.signals}
    inserted = await connection.execute(QUERIES["insert_restatements"].text, bound)
    return inserted.rowcount
