"""Rollups of TWAPs: the TWAPs that new facts changed are computed again, in batches."""

from hypertally.clock import Clock
from hypertally.jobs.activity.kinds import ROLLUP_TWAPS
from hypertally.jobs.activity.store_fill_page import enqueue_twap_rollup
from hypertally.jobs.market.candles_and_mids import enqueue_candles
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.kinds import Handlers
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources
from hypertally.metrics.twaps import executions, orders, slices
from hypertally.records import Record, TwapKey
from hypertally.store.postgres import Connection, Pool, read_rows, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)
MARKS_A_JOB = 20_000  # a second of work: an import marks a million TWAPs at once


class TwapMark(Record, frozen=True, kw_only=True):
    """A TWAP that is to be computed again, and how often it was marked."""

    twap_id: int
    wallet: str
    marks: int


async def rollup_twaps(resources: Resources, job: Job) -> None:
    """Compute the marked TWAPs again, a batch of marks a job."""
    async with queue.finishing(resources.pool, job) as connection:
        if await _rollup(connection, clock=resources.clock) == MARKS_A_JOB:
            await enqueue_twap_rollup(connection)


async def rollup_marked(pool: Pool, *, clock: Clock) -> None:
    """Compute every TWAP again that is marked now, whoever else works."""
    marks = MARKS_A_JOB
    while marks == MARKS_A_JOB:
        async with transaction(pool) as connection:
            marks = await _rollup(connection, clock=clock)


async def _rollup(connection: Connection, *, clock: Clock) -> int:
    """Compute one batch of marked TWAPs again; how many marks that were."""
    await connection.execute(QUERIES["lock_twaps"].text)
    marked = await read_rows(
        connection, QUERIES["take_twaps"], {"limit": MARKS_A_JOB}, shape=TwapMark
    )
    keys = [TwapKey(twap_id=mark.twap_id, wallet=mark.wallet) for mark in marked]
    for metric in (slices, orders, executions):
        await metric.rebuild(connection, keys)
    await enqueue_candles(connection, now=clock())
    return sum(mark.marks for mark in marked)


HANDLERS: Handlers = {ROLLUP_TWAPS: rollup_twaps}
