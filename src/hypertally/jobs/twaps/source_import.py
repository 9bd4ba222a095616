"""Import of the TWAP source: the objects of statuses that are new, once a day."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.kinds import Handlers, Kind, Lane, NoPayload, declare, enqueue
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources, TwapSource
from hypertally.jobs.twaps.ingest_log import Reading
from hypertally.jobs.twaps.object_choice import Choice
from hypertally.jobs.twaps.object_import import import_objects
from hypertally.jobs.twaps.status_objects import STATUSES
from hypertally.sources.object_store import CREDENTIALS, ObjectStore, may_be_read

log = structlog.get_logger()

DAILY_AT = timedelta(minutes=30)  # UTC: half an hour after the day that it reads has ended
RETRY_SECONDS = 3600  # after objects that could not be read

INGEST_TWAP_OBJECTS = declare(
    Kind(
        name="ingest_twap_objects",
        payload_type=NoPayload,
        lane=Lane.COMPUTING,
        leaves_when_killed="the batches stored so far; the object is read again, and adds the rest",
        priority=15,  # after the fills of wallets that trade
        period=timedelta(days=1),
    )
)


def open_twap_source(url: str | None, database_url: str) -> TwapSource:
    """The TWAP source at an address; of S3 only with credentials, as its readers pay.

    `url` None: the exchange has no source that is known.
    Errors: `Refused` for a folder that is not there.
    """
    if url is None:
        log.info("the TWAP source is not read: HYPERTALLY_TWAP_URL is not set")
        return TwapSource(database_url=database_url, store=None)
    if not may_be_read(url):
        log.info("the TWAP source is not read: no credentials", url=url, any_of=CREDENTIALS)
        return TwapSource(database_url=database_url, store=None)
    return TwapSource(database_url=database_url, store=ObjectStore(url))


async def ingest_twap_objects(resources: Resources, job: Job) -> None:
    """Import the objects that are new in the TWAP source, once a day."""
    pool, clock = resources.pool, resources.clock
    readings: Sequence[Reading] = []
    if resources.twap_source:
        choice = Choice(incremental=True)
        readings = await import_objects(
            pool, resources.twap_source, choice, kind=STATUSES, clock=clock
        )
    failed = [reading for reading in readings if reading.error_text]
    for reading in readings:
        if reading.is_failed:
            problem = reading.error_text or f"every row was refused: {reading.reject_reasons}"
            log.warning("object not read", key=reading.s3_object_key, problem=problem)
        elif reading.skipped:
            log.info("object skipped", key=reading.s3_object_key, reason=reading.skipped)
    async with queue.finishing(pool, job) as connection:
        delay_seconds = RETRY_SECONDS if failed else seconds_to_next_run(clock())
        await enqueue(connection, INGEST_TWAP_OBJECTS, NoPayload(), delay_seconds=delay_seconds)


def seconds_to_next_run(at: datetime) -> int:
    """How long it is to the next 00:30 UTC."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    today = midnight + DAILY_AT
    next_run = today if at < today else today + timedelta(days=1)
    return int((next_run - at).total_seconds()) + 1


HANDLERS: Handlers = {INGEST_TWAP_OBJECTS: ingest_twap_objects}
