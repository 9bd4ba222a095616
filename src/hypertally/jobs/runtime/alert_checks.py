"""Alert checks: the kind of job that judges alerts, queued wherever figures change.

`jobs/alerts` runs these jobs; the folders below it queue them.
"""

from datetime import datetime

from hypertally.jobs.runtime.kinds import Kind, Lane, TimePayload, declare, enqueue
from hypertally.store.postgres import Connection


def minute_key(payload: TimePayload) -> str:
    """The minute of a payload, as dedupe keys have it."""
    return f"{payload.at:%Y-%m-%dT%H:%M}"


CHECK_ALERTS = declare(
    Kind(
        name="check_alerts",
        payload_type=TimePayload,
        lane=Lane.ALERTING,
        leaves_when_killed="nothing: the check is one transaction, and the next judges it all",
        distinguish=minute_key,
        priority=98,  # before what tells alerts, in the same lane
        attempts_max=5,  # the check of the next minute judges all that this one could not
    )
)


async def enqueue_alert_check(connection: Connection, at: datetime) -> None:
    """Queue the check of all alerts as of the minute that a time is in."""
    minute = at.replace(second=0, microsecond=0)
    await enqueue(connection, CHECK_ALERTS, TimePayload(at=minute))
