"""Having alerts judged: after every minute, after signals, and by housekeeping."""

from datetime import datetime

from hypertally.jobs.runtime import queue
from hypertally.store.postgres import Connection

KINDS = frozenset(("check_alerts", "deliver_alert"))
PRIORITY = 98  # before what tells alerts, in the same lane
TRIES_MAX = 5  # the check of the next minute judges all that this one could not


async def enqueue(connection: Connection, at: datetime) -> None:
    """Have alerts judged as of the minute that a time is in."""
    minute = at.replace(second=0, microsecond=0)
    await queue.enqueue(
        connection,
        "check_alerts",
        {"at": minute.isoformat()},
        dedupe_key=f"check_alerts:{minute:%Y-%m-%dT%H:%M}",
        priority=PRIORITY,
        max_attempts=TRIES_MAX,
    )
