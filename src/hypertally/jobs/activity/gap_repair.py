"""Gap repair: asking the exchange once more for the window of a break in a wallet's record."""

from hypertally.jobs.activity.kinds import REPAIR_GAP
from hypertally.jobs.activity.pull_fills import pull_window
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.kinds import Handlers
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources
from hypertally.records import Wallet
from hypertally.store.postgres import find_row, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)


async def repair_gap(resources: Resources, job: Job) -> None:
    """Ask again for the window of a break, if the break is still there."""
    gap = REPAIR_GAP.read_payload(job)
    parameters = {"wallet_id": gap.wallet_id, "coin": gap.coin, "to_ms": gap.to_ms}
    async with transaction(resources.pool) as connection:
        wallet = await find_row(connection, QUERIES["read_broken_wallet"], parameters, shape=Wallet)
    if wallet:
        await pull_window(
            resources.pool,
            resources.info,
            wallet,
            from_ms=gap.from_ms,
            until_ms=gap.to_ms,
            job=job,
        )
    async with queue.finishing(resources.pool, job):
        pass


HANDLERS: Handlers = {REPAIR_GAP: repair_gap}
