"""Telling one alert to one channel: at least once, again and again until it is taken.

    begin (counted) --> send --> mark delivered and finish the job, in one commit
                         |
                         +-- not taken: why is kept, the queue tries again

A worker that is killed after sending and before its commit has told it, and nobody knows: it is
told again. The message ends with its dedupe key, by which who receives it can tell.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
import structlog

from hypertally.clock import now
from hypertally.errors import InvariantBroken, SourceDown
from hypertally.jobs.alerts.messages import Told, notice_of
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.queue import Job
from hypertally.sources.notifications import Channels
from hypertally.store.postgres import Connection, Pool, transaction
from hypertally.store.queries import load

log = structlog.get_logger()

QUERIES = load(__file__)
KIND = "deliver_alert"
PRIORITY = 97  # who must be woken; only the watched minute and its signals go first
# With waits of two seconds, doubled up to ten minutes: a receiver may be down for four hours.
ATTEMPTS_MAX = 32
NOT_SET = "this channel is not set any more: HYPERTALLY_ALERT_URLS names the ones that are told"

_figures = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


async def enqueue(connection: Connection, delivery_id: int) -> None:
    """Queue the sending of a row of ops.alert_deliveries, in the transaction that made it."""
    await queue.enqueue(
        connection,
        KIND,
        {"delivery_id": delivery_id},
        dedupe_key=f"{KIND}:{delivery_id}",
        priority=PRIORITY,
        max_attempts=ATTEMPTS_MAX,
    )


async def deliver_alert(pool: Pool, channels: Channels, job: Job) -> None:
    """Tell an alert to its channel, unless that was done before.

    Errors: `SourceDown` when the channel does not take it.
    """
    row = await _begin(pool, job)
    delivery_id: int = job.payload["delivery_id"]
    channel = channels.get(row["channel"])
    if row["delivered_at"] is None and channel is not None:
        try:
            await channel.send(notice_of(_told(row)))
        except SourceDown as problem:
            await _note_failure(pool, job, f"{problem}")
            raise
        log.info("alert told", type=row["type"], subject=row["subject"], channel=channel.name)
    async with queue.finishing(pool, job) as connection:
        if channel is not None:
            await connection.execute(
                QUERIES["mark_delivered"].text, {"id": delivery_id, "at": now()}
            )
        else:  # trying again cannot help
            await connection.execute(
                QUERIES["note_failure"].text, {"id": delivery_id, "error": NOT_SET}
            )


async def _begin(pool: Pool, job: Job) -> Mapping[str, Any]:
    async with transaction(pool) as connection:
        await queue.hold(connection, job)  # who lost the lease sends nothing
        found = await connection.execute(
            QUERIES["begin_delivery"].text, {"id": job.payload["delivery_id"]}
        )
        row = await found.fetchone()
    if row is None:
        raise InvariantBroken(f"there is no alert delivery {job.payload['delivery_id']}")
    return row


async def _note_failure(pool: Pool, job: Job, error: str) -> None:
    last = job.attempts >= job.max_attempts
    said = f"given up after {job.attempts} attempts: {error}" if last else error
    async with transaction(pool) as connection:
        await connection.execute(
            QUERIES["note_failure"].text, {"id": job.payload["delivery_id"], "error": said}
        )


def _told(row: Mapping[str, Any]) -> Told:
    return Told(
        type=row["type"],
        subject=row["subject"],
        level=row["level"],
        to_state=row["to_state"],
        at=row["at"],
        reason=row["reason"],
        figures=_figures.decode(row["figures"]),
        dedupe_key=row["dedupe_key"],
    )
