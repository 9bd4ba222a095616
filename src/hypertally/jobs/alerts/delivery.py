"""Delivery of one alert to one channel: at least once, again and again until the channel takes it.

    begin (counted) --> send --> mark delivered and finish the job, in one commit
                         |
                         +-- refused: the error is stored, the queue tries again

A worker that is killed after sending and before its commit leaves no sign that it sent: the message
is sent again. It ends with its dedupe key, by which the receiver recognizes the repetition.
"""

from datetime import datetime
from decimal import Decimal

import msgspec
import structlog

from hypertally.errors import InvariantBroken, SourceDown
from hypertally.jobs.alerts.messages import SUBJECTS_NAMED_MAX, Alert, notice_of
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.kinds import Handlers, Kind, Lane, declare, enqueue
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources
from hypertally.records import Record
from hypertally.store.postgres import Connection, Pool, find_row, transaction
from hypertally.store.queries import load

log = structlog.get_logger()

QUERIES = load(__file__)
# With waits of two seconds, doubled up to ten minutes: a receiver may be down for four hours.
ATTEMPTS_MAX = 32
NOT_SET = "this channel is not set any more: HYPERTALLY_ALERT_URLS names the channels to tell"


class DeliveryPayload(Record, frozen=True, kw_only=True):
    """The row of ops.alert_deliveries that a job sends."""

    delivery_id: int


DELIVER_ALERT = declare(
    Kind(
        name="deliver_alert",
        payload_type=DeliveryPayload,
        lane=Lane.ALERTING,
        leaves_when_killed="a counted attempt; a message sent before its commit is sent again",
        distinguish=lambda payload: str(payload.delivery_id),
        priority=97,  # somebody must be woken; only the watched minute and its signals go first
        attempts_max=ATTEMPTS_MAX,
    )
)

_figures = msgspec.json.Decoder(dict[str, object], float_hook=Decimal)


async def enqueue_delivery(connection: Connection, delivery_id: int) -> None:
    """Queue the sending of a row of ops.alert_deliveries, in the transaction that made it."""
    await enqueue(connection, DELIVER_ALERT, DeliveryPayload(delivery_id=delivery_id))


class Delivery(Record, frozen=True, kw_only=True):
    """A row of ops.alert_deliveries with the alert that it delivers."""

    channel: str
    dedupe_key: str
    delivered_at: datetime | None
    type: str
    subject: str
    level: str
    to_state: str
    at: datetime
    reason: str
    figures: str  # a JSON object
    others: int  # alerts of the same cause that the message counts
    other_subjects: tuple[str, ...]  # the first of theirs


async def deliver_alert(resources: Resources, job: Job) -> None:
    """Send an alert to its channel, unless the channel took it before.

    Errors: `SourceDown` when the channel does not take it.
    """
    pool = resources.pool
    delivery_id = DELIVER_ALERT.read_payload(job).delivery_id
    delivery = await _begin(pool, job, delivery_id)
    channel = resources.channels.get(delivery.channel)
    if delivery.delivered_at is None and channel is not None:
        try:
            await channel.send(notice_of(_alert_of(delivery), page=resources.alerts_page))
        except SourceDown as problem:
            await _store_failure(pool, job, delivery_id, error=f"{problem}")
            raise
        log.info("alert sent", type=delivery.type, subject=delivery.subject, channel=channel.name)
    async with queue.finishing(pool, job) as connection:
        if channel is not None:
            await connection.execute(
                QUERIES["mark_delivered"].text, {"id": delivery_id, "at": resources.clock()}
            )
        else:  # trying again cannot help
            await connection.execute(
                QUERIES["note_failure"].text, {"id": delivery_id, "error": NOT_SET}
            )


async def _begin(pool: Pool, job: Job, delivery_id: int) -> Delivery:
    async with transaction(pool) as connection:
        await queue.hold(connection, job)  # a worker that lost the lease sends nothing
        delivery = await find_row(
            connection,
            QUERIES["begin_delivery"],
            {"id": delivery_id, "named": SUBJECTS_NAMED_MAX},
            shape=Delivery,
        )
    if delivery is None:
        raise InvariantBroken(f"there is no alert delivery {delivery_id}")
    return delivery


async def _store_failure(pool: Pool, job: Job, delivery_id: int, *, error: str) -> None:
    is_last = job.attempts >= job.max_attempts
    text = f"given up after {job.attempts} attempts: {error}" if is_last else error
    async with transaction(pool) as connection:
        await connection.execute(QUERIES["note_failure"].text, {"id": delivery_id, "error": text})


def _alert_of(delivery: Delivery) -> Alert:
    return Alert(
        type=delivery.type,
        subject=delivery.subject,
        level=delivery.level,
        to_state=delivery.to_state,
        at=delivery.at,
        reason=delivery.reason,
        figures=_figures.decode(delivery.figures),
        dedupe_key=delivery.dedupe_key,
        others=delivery.others,
        other_subjects=delivery.other_subjects,
    )


HANDLERS: Handlers = {DELIVER_ALERT: deliver_alert}
