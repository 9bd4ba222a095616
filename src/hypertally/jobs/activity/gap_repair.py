"""Gap repair: asking the exchange once more for what the gaps of a wallet's record lack.

All gaps that are due are one sweep, from the beginning of the earliest to the end of the latest. A
gap is asked for three times within two hours, daily for a week, weekly for a month; one that is
still there then is given up, as permanent.
"""

from datetime import datetime, timedelta
from itertools import accumulate

from hypertally.clock import milliseconds
from hypertally.jobs.activity.end_positions import enqueue_check
from hypertally.jobs.activity.kinds import REPAIR_GAP
from hypertally.jobs.activity.pull_fills import pull_window
from hypertally.jobs.activity.running_twaps import hurry_twaps
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.kinds import Handlers, WalletPayload, enqueue
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources
from hypertally.records import Record, Wallet
from hypertally.store.postgres import Connection, find_row, read_row, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)
DAY_SECONDS = 86_400
WAITS_SECONDS = (30, 570, 6_600, *[DAY_SECONDS] * 7, *[7 * DAY_SECONDS] * 4)
# How long after a gap was found each try is made.
TRIES_AFTER_SECONDS = tuple(accumulate(WAITS_SECONDS))


class _DueGaps(Record, frozen=True, kw_only=True):
    """The window of all gaps that are due; None: there is none."""

    from_at: datetime | None
    to_at: datetime | None


class _NextTry(Record, frozen=True, kw_only=True):
    at: datetime | None  # None: no gap is left, or all were given up


async def repair_gap(resources: Resources, job: Job) -> None:
    """Ask again for the window of all gaps of a wallet that are due."""
    now = resources.clock()
    bound = _bound(REPAIR_GAP.read_payload(job).wallet_id, now)
    async with transaction(resources.pool) as connection:
        await connection.execute(QUERIES["lock_repairs"].text, bound)
        await connection.execute(QUERIES["forget_ended"].text, bound)
        wallet = await find_row(connection, QUERIES["read_wallet"], bound, shape=Wallet)
        due = await read_row(connection, QUERIES["read_due"], bound, shape=_DueGaps)
    twaps = 0
    if wallet and due.from_at and due.to_at:
        pulled = await pull_window(
            resources.pool,
            resources.info,
            wallet,
            from_ms=milliseconds(due.from_at),
            until_ms=milliseconds(due.to_at),
            job=job,
        )
        twaps = pulled.twaps
    async with queue.finishing(resources.pool, job) as connection:
        await connection.execute(QUERIES["lock_repairs"].text, bound)
        await connection.execute(QUERIES["count_tries"].text, bound)
        await _enqueue_next(connection, bound, now=now)
        if wallet and due.from_at:
            await enqueue_check(connection, wallet.id)
        if wallet and twaps:
            await hurry_twaps(connection, wallet.id)


async def schedule_repairs(connection: Connection, wallet_id: int, *, now: datetime) -> None:
    """Have the gaps of a wallet asked for again, those that an answer may fill."""
    bound = _bound(wallet_id, now)
    await connection.execute(QUERIES["lock_repairs"].text, bound)
    await connection.execute(QUERIES["forget_ended"].text, bound)
    await connection.execute(QUERIES["note_gaps"].text, bound)
    await _enqueue_next(connection, bound, now=now)


async def _enqueue_next(connection: Connection, bound: dict[str, object], *, now: datetime) -> None:
    following = await read_row(connection, QUERIES["read_next_try"], bound, shape=_NextTry)
    if following.at is not None:
        wait = max(timedelta(0), following.at - now)
        payload = WalletPayload(wallet_id=int(str(bound["wallet_id"])))
        await enqueue(connection, REPAIR_GAP, payload, delay_seconds=int(wait.total_seconds()) + 1)


def _bound(wallet_id: int, now: datetime) -> dict[str, object]:
    return {"wallet_id": wallet_id, "now": now, "tries_after": list(TRIES_AFTER_SECONDS)}


HANDLERS: Handlers = {REPAIR_GAP: repair_gap}
