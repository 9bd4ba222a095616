"""Second readings: every window of fills is read again, as fills may come late.

The first time about two minutes later, while weight is to spare, and an hour or more later in any
case, a day for wallets at rest. What the later reading repeats is confirmed; spot and outcome fills
have no chain that would tell of one that is missing. What a wallet at rest did since its last fill,
each ordinary pull reads again.
"""

from hypertally.jobs.activity.end_positions import enqueue_check
from hypertally.jobs.activity.kinds import CONFIRM_FILLS, READ_AGAIN
from hypertally.jobs.activity.pull_fills import pull_fills
from hypertally.jobs.activity.running_twaps import hurry_twaps
from hypertally.jobs.activity.tracked_wallets import find_tracked
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.kinds import Handlers
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources
from hypertally.jobs.wallet_pulls import (
    enqueue_confirmation,
    enqueue_pull,
    pace_after,
)

SPARE_SHARE = (
    2  # a first second reading asks only while this part of the allowance, a half, is free
)


async def read_again(resources: Resources, job: Job) -> None:
    """Read the end of a wallet's record a second time, if weight is to spare."""
    pool = resources.pool
    wallet = await find_tracked(pool, READ_AGAIN, job)
    if wallet is None:
        return
    free = await resources.info.weight_free()
    if free * SPARE_SHARE < resources.weight_per_minute:
        async with queue.finishing(pool, job):
            return
    pulled = await pull_fills(pool, resources.info, wallet, clock=resources.clock, job=job)
    async with queue.finishing(pool, job) as connection:
        if pulled.fills:
            await enqueue_pull(connection, wallet.id, pace_after(pulled, now=resources.clock()))
        if pulled.twaps:
            await hurry_twaps(connection, wallet.id)
        await enqueue_confirmation(connection, wallet.id, pulled, now=resources.clock())


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
