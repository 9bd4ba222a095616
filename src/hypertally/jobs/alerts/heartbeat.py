"""The heartbeat of a healthy worker: an outside monitor is called every minute.

The call is left out while positions are not recorded, so that the monitor raises the alarm even
where no channel of ours takes a message. A monitor that does not answer harms nothing.
"""

from datetime import timedelta

import structlog

from hypertally.errors import SourceDown
from hypertally.jobs.alerts.feed import read_feed
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.kinds import Handlers, Kind, Lane, NoPayload, declare, enqueue_next
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources
from hypertally.store.postgres import transaction

log = structlog.get_logger()

# `unknown`: no minute was tried within a day, because nobody asked to watch wallets.
WELL = frozenset({"clears", "neither", "unknown"})

SEND_HEARTBEAT = declare(
    Kind(
        name="send_heartbeat",
        payload_type=NoPayload,
        lane=Lane.ALERTING,
        leaves_when_killed="nothing, or a call that is made again",
        priority=96,
        period=timedelta(minutes=1),
    )
)


async def send_heartbeat(resources: Resources, job: Job) -> None:
    """Call the monitor if positions are recorded, or if nobody asked to record them."""
    if resources.heartbeat is not None:
        async with transaction(resources.pool) as connection:
            feed = await read_feed(connection, resources.clock())
        if feed.condition in WELL:
            try:
                await resources.heartbeat.call()
            except SourceDown as problem:
                log.warning("heartbeat not accepted", problem=str(problem))
        else:
            log.warning("heartbeat left out", reason=feed.reason)
    async with queue.finishing(resources.pool, job) as connection:
        await enqueue_next(connection, SEND_HEARTBEAT)


HANDLERS: Handlers = {SEND_HEARTBEAT: send_heartbeat}
