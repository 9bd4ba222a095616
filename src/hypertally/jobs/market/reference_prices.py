"""Pulling reference data: markets and their tokens, and the prices that figures lack."""

from datetime import date
from typing import Any

from hypertally.clock import now
from hypertally.errors import BadPayload, SourceDown
from hypertally.facts import pages
from hypertally.facts.market import reference
from hypertally.jobs.activity.store_fill_page import mark_dirty, mark_twaps_for_prices
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.queue import Job
from hypertally.records import Answer
from hypertally.sources.info import InfoClient
from hypertally.store.postgres import Connection, Pool, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)
REFERENCE_EVERY_SECONDS = 3600  # markets are added a few times a day
REFERENCE_PRIORITY = 90  # before fills: without markets no spot figure has a price
CANDLES_MAX = 5000  # the exchange keeps no more of an interval: 208 days of hours
HOUR_MS = 60 * 60 * 1000
DEXS_MAX = 100  # nine exist; a hundred would cost two minutes of the allowance


async def pull_reference(pool: Pool, info: InfoClient, job: Job) -> None:
    """Store the spot pairs and the collateral of each perp dex, and price what waited for them."""
    await pages.ensure_months(pool, "pages", {now()})
    spot_meta = await info.fetch("spotMeta")
    async with transaction(pool) as connection:
        page_id = await pages.insert_reference(connection, spot_meta)
        pairs = reference.decode_spot_pairs(spot_meta.body)
        if await reference.insert_spot_pairs(connection, pairs, page_id=page_id):
            await _price_again(connection, page_id)
    for dex in _dex_names(await info.fetch("perpDexs")):
        meta = await info.fetch("meta", dex=dex)
        await _store_dex(pool, dex, meta, spot_meta.body)
    async with queue.finishing(pool, job) as connection:
        await queue.enqueue(
            connection,
            "pull_reference",
            dedupe_key="pull_reference",
            priority=REFERENCE_PRIORITY,
            delay_seconds=REFERENCE_EVERY_SECONDS,
        )


async def pull_prices(pool: Pool, info: InfoClient, job: Job) -> None:
    """Store the hourly prices of a token over the days that lack them, and have them computed."""
    token: str = job.payload["token"]
    await pages.ensure_months(pool, "pages", {now()})
    async with transaction(pool) as connection:
        found = await connection.execute(
            QUERIES["read_price_need"].text, {"token": token, "hours_max": CANDLES_MAX}
        )
        need = await found.fetchone()
    answer = await _candles(info, need) if need and need["coin"] else None
    async with queue.finishing(pool, job) as connection:
        if answer and need:
            page_id = await pages.insert_reference(connection, answer)
            prices = reference.decode_prices(answer.body, token=token, coin=need["coin"])
            if await reference.insert_prices(connection, prices, page_id=page_id):
                await _price_again(connection, page_id)


async def _candles(info: InfoClient, need: dict[str, Any]) -> Answer:
    window = {
        "coin": need["coin"],
        "interval": reference.PRICE_INTERVAL,
        "startTime": max(0, need["to_ms"] - CANDLES_MAX * HOUR_MS),
        "endTime": need["to_ms"],
    }
    return await info.fetch("candleSnapshot", req=window)


async def _store_dex(pool: Pool, dex: str, meta: Answer, spot_meta: Any) -> None:
    async with transaction(pool) as connection:
        page_id = await pages.insert_reference(connection, meta)
        try:
            dexs = [reference.decode_perp_dex(dex, meta.body, spot_meta)]
        except BadPayload:
            # Without a known collateral its figures stay null with that reason; the page is kept.
            return
        if await reference.insert_perp_dexs(connection, dexs, page_id=page_id):
            await _price_again(connection, page_id)


def _dex_names(answer: Answer) -> list[str]:
    """The names in a `perpDexs` answer, whose first entry is null: the core dex."""
    if not isinstance(answer.body, list):
        raise SourceDown("perpDexs did not answer with a list")
    names = [dex["name"] for dex in answer.body if isinstance(dex, dict) and "name" in dex]
    return names[:DEXS_MAX]


async def _price_again(connection: Connection, page_id: int) -> None:
    """Have the days recomputed that lack a price or a market, or whose market a page changed."""
    days: dict[int, set[date]] = {}
    await connection.execute(QUERIES["lock_prices"].text)
    for query in ("list_unpriced_days", "list_days_of_changed_markets"):
        found = await connection.execute(QUERIES[query].text, {"page_id": page_id})
        for row in await found.fetchall():
            days.setdefault(row["wallet_id"], set()).add(row["day"])
    for wallet_id in sorted(days):
        await mark_dirty(connection, wallet_id, dict.fromkeys(days[wallet_id]))
    await mark_twaps_for_prices(connection, page_id)
