"""Days whose snapshots left the database: what is not there then is sealed, and not nothing."""

from datetime import datetime

from hypertally.api.resource.rows import read_rows
from hypertally.store import queries
from hypertally.store.postgres import Connection

_QUERIES = queries.load(__file__)


async def list_sealed_days(connection: Connection, from_at: datetime, to_at: datetime) -> list[str]:
    """The sealed days from one time to another, both counted."""
    asked = {"from_at": from_at, "to_at": to_at}
    rows = await read_rows(connection, _QUERIES["list_sealed_days"], asked)
    return [row["day"].isoformat() for row in rows]
