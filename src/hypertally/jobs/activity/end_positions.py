"""Checks of positions: the ends of a wallet's chains are stated against what the exchange states.

A fill that is missing at the end of a chain is a gap at once, not when the wallet trades again.
"""

from datetime import datetime, timedelta

import structlog

from hypertally.errors import BadPayload, SourceDown, SourcePaused
from hypertally.facts import pages
from hypertally.facts.activity import positions
from hypertally.jobs.activity.kinds import CHECK_POSITIONS
from hypertally.jobs.activity.settled_ends import earliest, judge_ends, lock_cursor
from hypertally.jobs.activity.store_fill_page import mark_dirty
from hypertally.jobs.activity.tracked_wallets import find_tracked
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.kinds import Handlers, WalletPayload, enqueue
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources
from hypertally.records import Record, Wallet
from hypertally.store.postgres import Connection, find_row, transaction
from hypertally.store.queries import load

log = structlog.get_logger()

QUERIES = load(__file__)
CHECK_SECONDS = 300  # after new fills; a busy wallet is checked no more often
CHECK_SECONDS_MAX = 6 * 3600  # the longest pause; before it, each is twice as long as the last
DOUBLINGS_MAX = 10  # more make no pause longer
SETTLED_AFTER = timedelta(minutes=1)  # a statement, by a reading of fills


class _Tries(Record, frozen=True, kw_only=True):
    end_check_tries: int  # in vain, since the last new fill


async def enqueue_check(
    connection: Connection, wallet_id: int, *, delay_seconds: int = CHECK_SECONDS
) -> None:
    """Queue the check of a wallet's positions, for when its newest fills have settled."""
    payload = WalletPayload(wallet_id=wallet_id)
    await enqueue(connection, CHECK_POSITIONS, payload, delay_seconds=delay_seconds)


async def check_positions(resources: Resources, job: Job) -> None:
    """Store what a wallet holds on each dex it used; a difference from its fills is a gap.

    As long as a dex did not state it after the last fill there, it is asked again.
    """
    wallet = await find_tracked(resources.pool, CHECK_POSITIONS, job)
    if wallet is None:
        return
    async with transaction(resources.pool) as connection:
        dexs = await positions.list_dexs(connection, wallet.id)
    overdue = [await _store_positions(resources, wallet, dex) for dex in dexs]
    async with queue.finishing(resources.pool, job) as connection:
        await lock_cursor(connection, wallet.id)
        judged = await judge_ends(connection, wallet.id, today=resources.clock().date())
        if not judged.all_checked:
            await _check_again(connection, wallet.id)
        days = earliest([judged.days, *({at.date(): at} for at in overdue if at)])
        await mark_dirty(connection, wallet.id, days)


async def _check_again(connection: Connection, wallet_id: int) -> None:
    bound = {"wallet_id": wallet_id}
    tries = await find_row(connection, QUERIES["note_vain_check"], bound, shape=_Tries)
    if tries:
        doublings = min(tries.end_check_tries, DOUBLINGS_MAX)
        pause = min(CHECK_SECONDS * 2**doublings, CHECK_SECONDS_MAX)
        await enqueue_check(connection, wallet_id, delay_seconds=pause)


async def _store_positions(resources: Resources, wallet: Wallet, dex: str) -> datetime | None:
    """Store what a wallet holds on a dex; the time stated, if fills may be read past it already."""
    parameters = {"dex": dex} if dex else {}
    try:
        answer = await resources.info.fetch("clearinghouseState", user=wallet.address, **parameters)
        stated = positions.decode(answer.body, asked_at=answer.asked_at)
    except SourcePaused:
        raise
    except (SourceDown, BadPayload) as problem:
        # No position is stated, so the end of the chains on this dex stays unchecked.
        log.warning("no positions", wallet=wallet.address, dex=dex, problem=str(problem))
        return None
    await pages.ensure_months(resources.pool, "pages", {answer.asked_at})
    async with transaction(resources.pool) as connection:
        page_id = await pages.insert_reference(connection, answer, wallet_id=wallet.id)
        await positions.insert(connection, stated, wallet_id=wallet.id, dex=dex, page_id=page_id)
    return stated.at if stated.at < answer.asked_at - SETTLED_AFTER else None


HANDLERS: Handlers = {CHECK_POSITIONS: check_positions}
