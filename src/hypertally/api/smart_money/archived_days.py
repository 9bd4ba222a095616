"""Days whose snapshots left the database: what is not there then is sealed, and not nothing."""

from datetime import date, datetime

from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, read_rows

_QUERIES = queries.load(__file__)


class _SealedDay(Record, frozen=True, kw_only=True):
    day: date


async def list_sealed_days(connection: Connection, from_at: datetime, to_at: datetime) -> list[str]:
    """Return the sealed days from one time to another, both counted."""
    values = {"from_at": from_at, "to_at": to_at}
    rows = await read_rows(connection, _QUERIES["list_sealed_days"], values, shape=_SealedDay)
    return [row.day.isoformat() for row in rows]
