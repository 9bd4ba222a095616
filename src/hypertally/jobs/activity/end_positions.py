"""Checks of positions: the ends of a wallet's chains are stated against what the exchange states.

A fill that is missing at the end of a chain is a gap at once, not when the wallet trades again.
"""

from datetime import date, datetime

import structlog

from hypertally.errors import BadPayload, SourceDown, SourcePaused
from hypertally.facts import pages
from hypertally.facts.activity import positions
from hypertally.jobs.activity.kinds import CHECK_POSITIONS
from hypertally.jobs.activity.store_fill_page import mark_dirty
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.kinds import Handlers, WalletPayload, enqueue
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources
from hypertally.metrics.activity import fill_gaps
from hypertally.records import Record, Wallet
from hypertally.store.postgres import Connection, find_row, transaction
from hypertally.store.queries import load

log = structlog.get_logger()

QUERIES = load(__file__)
CHECK_SECONDS = 300  # after new fills; a busy wallet is checked no more often
CHECK_SECONDS_MAX = 6 * 3600  # the longest pause; before it, each is twice as long as the last
DOUBLINGS_MAX = 10  # more make no pause longer


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
    wallet_id = CHECK_POSITIONS.read_payload(job).wallet_id
    bound = {"wallet_id": wallet_id}
    async with transaction(resources.pool) as connection:
        wallet = await find_row(connection, QUERIES["read_wallet"], bound, shape=Wallet)
        dexs = await positions.list_dexs(connection, wallet_id)
    if wallet is None:
        async with queue.finishing(resources.pool, job):
            return
    for dex in dexs:
        await _store_positions(resources, wallet, dex)
    async with queue.finishing(resources.pool, job) as connection:
        days = await _note_checked(connection, wallet_id)
        if await fill_gaps.ends_disagree(connection, wallet_id):
            # The whole record: which chains are concerned, the computation of gaps finds.
            days |= {resources.clock().date(): fill_gaps.BEGINNING}
        await mark_dirty(connection, wallet_id, days)


async def _note_checked(connection: Connection, wallet_id: int) -> dict[date, datetime | None]:
    """Note whether all ends are checked now, or queue the next check; the days to judge again."""
    bound = {"wallet_id": wallet_id}
    # Locked first: fills that another transaction stores now are seen, or undo the note.
    await connection.execute(QUERIES["lock_cursor"].text, bound)
    ends = await positions.list_ends(connection, wallet_id)
    all_checked = all(end.is_checked for end in ends)
    noted = await find_row(
        connection, QUERIES["note_check"], {**bound, "all_checked": all_checked}, shape=_Tries
    )
    if noted and not all_checked:
        doublings = min(noted.end_check_tries, DOUBLINGS_MAX)
        pause = min(CHECK_SECONDS * 2**doublings, CHECK_SECONDS_MAX)
        await enqueue_check(connection, wallet_id, delay_seconds=pause)
    return {end.last_at.date(): None for end in ends if end.is_checked}


async def _store_positions(resources: Resources, wallet: Wallet, dex: str) -> None:
    parameters = {"dex": dex} if dex else {}
    try:
        answer = await resources.info.fetch("clearinghouseState", user=wallet.address, **parameters)
        stated = positions.decode(answer.body, asked_at=answer.asked_at)
    except SourcePaused:
        raise
    except (SourceDown, BadPayload) as problem:
        # No position is stated, so the end of the chains on this dex stays unchecked.
        log.warning("no positions", wallet=wallet.address, dex=dex, problem=str(problem))
        return
    await pages.ensure_months(resources.pool, "pages", {answer.asked_at})
    async with transaction(resources.pool) as connection:
        page_id = await pages.insert_reference(connection, answer, wallet_id=wallet.id)
        await positions.insert(connection, stated, wallet_id=wallet.id, dex=dex, page_id=page_id)


HANDLERS: Handlers = {CHECK_POSITIONS: check_positions}
