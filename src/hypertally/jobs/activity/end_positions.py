"""Checks of positions: the ends of a wallet's chains are stated against what the exchange states.

A fill that is missing at the end of a chain is a gap at once, not when the wallet trades again.
"""

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
from hypertally.records import Wallet
from hypertally.store.postgres import Connection, find_row, transaction
from hypertally.store.queries import load

log = structlog.get_logger()

QUERIES = load(__file__)
CHECK_SECONDS = 300  # after new fills; a busy wallet is checked no more often


async def enqueue_check(connection: Connection, wallet_id: int) -> None:
    """Queue the check of a wallet's positions, for when its newest fills have settled."""
    payload = WalletPayload(wallet_id=wallet_id)
    await enqueue(connection, CHECK_POSITIONS, payload, delay_seconds=CHECK_SECONDS)


async def check_positions(resources: Resources, job: Job) -> None:
    """Store what a wallet holds on each dex it used; a difference from its fills is a gap."""
    bound = {"wallet_id": CHECK_POSITIONS.read_payload(job).wallet_id}
    async with transaction(resources.pool) as connection:
        wallet = await find_row(connection, QUERIES["read_wallet"], bound, shape=Wallet)
    if wallet:
        async with transaction(resources.pool) as connection:
            dexs = await positions.list_dexs(connection, wallet.id)
        for dex in dexs:
            await _store_positions(resources, wallet, dex)
    async with queue.finishing(resources.pool, job) as connection:
        if wallet and await fill_gaps.ends_disagree(connection, wallet.id):
            # The whole record: which chains are concerned, the computation of gaps finds.
            days = {resources.clock().date(): fill_gaps.BEGINNING}
            await mark_dirty(connection, wallet.id, days)


async def _store_positions(resources: Resources, wallet: Wallet, dex: str) -> None:
    parameters = {"dex": dex} if dex else {}
    try:
        answer = await resources.info.fetch("clearinghouseState", user=wallet.address, **parameters)
        stated = positions.decode(answer.body)
    except SourcePaused:
        raise
    except (SourceDown, BadPayload) as problem:
        # No position is stated, so none is stated against the fills; the next check asks again.
        log.warning("no positions", wallet=wallet.address, dex=dex, problem=str(problem))
        return
    await pages.ensure_months(resources.pool, "pages", {answer.asked_at})
    async with transaction(resources.pool) as connection:
        page_id = await pages.insert_reference(connection, answer, wallet_id=wallet.id)
        await positions.insert(connection, stated, wallet_id=wallet.id, dex=dex, page_id=page_id)


HANDLERS: Handlers = {CHECK_POSITIONS: check_positions}
