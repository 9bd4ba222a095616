"""Second readings: every window of fills is read again, as fills may come late.

The first time about two minutes later, while weight is to spare, and an hour or more later in any
case, a day for wallets at rest. What the later reading repeats is confirmed; spot and outcome fills
have no chain that would tell of one that is missing. What a wallet at rest did since its last fill,
each ordinary pull reads again.
"""

from datetime import timedelta

from hypertally.jobs.activity.end_positions import enqueue_check
from hypertally.jobs.activity.kinds import CONFIRM_FILLS, INGEST_TWAPS, READ_AGAIN, REPAIR_GAP
from hypertally.jobs.activity.pull_fills import pull_fills
from hypertally.jobs.activity.running_twaps import hurry_twaps
from hypertally.jobs.activity.tracked_wallets import find_tracked
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.kinds import Handlers
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources
from hypertally.jobs.wallet_pulls import (
    INGEST_WALLET,
    enqueue_confirmation,
    enqueue_pull,
    pace_after,
)
from hypertally.records import Record
from hypertally.settings import PAGE_WEIGHT_MAX
from hypertally.sources.weights import BASE_WEIGHT
from hypertally.store.postgres import read_row, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)
PUT_OFF = timedelta(minutes=1)
# The requests of jobs that are more urgent than a first second reading.
REQUESTS = {INGEST_WALLET: 1, INGEST_TWAPS: 2, REPAIR_GAP: 1, CONFIRM_FILLS: 1}


class _Needs(Record, frozen=True, kw_only=True):
    """What the next minute needs of the allowance."""

    share: int  # weight, of snapshots
    requests: int  # of more urgent jobs
    second_readings: int  # begun before, and not ended


async def read_again(resources: Resources, job: Job) -> None:
    """Read the end of a wallet's record a second time, if weight is to spare."""
    pool = resources.pool
    wallet = await find_tracked(pool, READ_AGAIN, job)
    if wallet is None:
        return
    if not await _has_spare_weight(resources, job):
        await _put_off(resources, job)
        return
    pulled = await pull_fills(pool, resources.info, wallet, clock=resources.clock, job=job)
    async with queue.finishing(pool, job) as connection:
        if pulled.fills:
            await enqueue_pull(connection, wallet.id, pace_after(pulled, now=resources.clock()))
        if pulled.twaps:
            await hurry_twaps(connection, wallet.id)
        await enqueue_confirmation(connection, wallet.id, pulled, now=resources.clock())


async def _put_off(resources: Resources, job: Job) -> None:
    """Try again in a minute, some times: after a start all second readings come due at once."""
    if job.attempts < job.max_attempts:
        at = resources.clock() + PUT_OFF
        await queue.put_back(resources.pool, job, error="no weight to spare", at=at)
        return
    async with queue.finishing(resources.pool, job):
        pass


async def _has_spare_weight(resources: Resources, job: Job) -> bool:
    """Whether a reading costs no pull its turn: the next one of a full page finds its weight.

    So it must be now, and after the pulls that come due within a minute, each counted as one
    without new fills; where those of the last minute repeat, the weight that they spent is free by
    then. Each second reading in progress may still spend a full page.
    """
    enough = BASE_WEIGHT + PAGE_WEIGHT_MAX
    free = await resources.info.weight_free()
    if free < enough:
        return False
    bound = {
        "kinds": [kind.name for kind in REQUESTS],
        "requests": list(REQUESTS.values()),
        "own_kind": READ_AGAIN.name,
        "lease_token": job.lease_token,
    }
    async with transaction(resources.pool) as connection:
        needs = await read_row(connection, QUERIES["read_needs"], bound, shape=_Needs)
    left = resources.weight_per_minute - needs.share - BASE_WEIGHT * needs.requests
    return min(free, left) - PAGE_WEIGHT_MAX * needs.second_readings >= enough


async def confirm_fills(resources: Resources, job: Job) -> None:
    """Read once more what was read once only."""
    pool = resources.pool
    wallet = await find_tracked(pool, CONFIRM_FILLS, job)
    if wallet is None:
        return
    pulled = await pull_fills(
        pool, resources.info, wallet, clock=resources.clock, job=job, confirming=True
    )
    async with queue.finishing(pool, job) as connection:
        await enqueue_confirmation(connection, wallet.id, pulled, now=resources.clock())
        await enqueue_check(connection, wallet.id)
        if pulled.twaps:
            await hurry_twaps(connection, wallet.id)


HANDLERS: Handlers = {READ_AGAIN: read_again, CONFIRM_FILLS: confirm_fills}
