"""Reference data: markets and their tokens, and the prices that figures lack."""

from datetime import date, timedelta
from typing import Any

from hypertally.errors import BadPayload, SourceDown
from hypertally.facts import pages
from hypertally.facts.activity import fills
from hypertally.facts.market import reference
from hypertally.facts.market.reference import TokenPrice
from hypertally.facts.rows import DecodedRows
from hypertally.jobs.activity.kinds import PULL_PRICES
from hypertally.jobs.activity.store_fill_page import mark_dirty, mark_twaps_for_prices
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.kinds import Handlers, Kind, Lane, NoPayload, declare, enqueue_next
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources
from hypertally.records import Answer, Record, WalletDay
from hypertally.sources.info import InfoClient
from hypertally.store.postgres import Connection, Pool, find_row, read_rows, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)
CANDLES_MAX = 5000  # the exchange keeps no more of an interval: 208 days of hours
HOUR_MS = 60 * 60 * 1000
DEXS_MAX = 100  # nine exist; a hundred would cost two minutes of the allowance

PULL_REFERENCE = declare(
    Kind(
        name="pull_reference",
        payload_type=NoPayload,
        lane=Lane.ASKING,
        leaves_when_killed="the markets stored so far; the next run stores all of them",
        priority=90,  # before fills: without markets no spot figure has a price
        period=timedelta(hours=1),  # markets are added a few times a day
    )
)


class PriceNeed(Record, frozen=True, kw_only=True):
    """The coin that prices a token, and the hour until which prices are lacking."""

    coin: str | None  # None: no market gives the token a price
    to_ms: int


async def pull_reference(resources: Resources, job: Job) -> None:
    """Store the spot pairs and the collateral of each perp dex, and mark the days they price."""
    pool, info = resources.pool, resources.info
    await pages.ensure_months(pool, "pages", {resources.clock()})
    spot_meta = await info.fetch("spotMeta")
    async with transaction(pool) as connection:
        decoded = reference.decode_spot_pairs(spot_meta.body)
        page_id = await _store_page(connection, spot_meta, decoded)
        if await reference.insert_spot_pairs(connection, decoded.values, page_id=page_id):
            await mark_unpriced(connection, page_id)
    for dex in _dex_names(await info.fetch("perpDexs")):
        meta = await info.fetch("meta", dex=dex)
        await _store_dex(pool, dex, meta, spot_meta.body)
    async with queue.finishing(pool, job) as connection:
        await enqueue_next(connection, PULL_REFERENCE)


async def pull_prices(resources: Resources, job: Job) -> None:
    """Store the hourly prices of a token over the days that lack them, and mark these days."""
    pool, info = resources.pool, resources.info
    token = PULL_PRICES.read_payload(job).token
    await pages.ensure_months(pool, "pages", {resources.clock()})
    async with transaction(pool) as connection:
        need = await find_row(
            connection,
            QUERIES["read_price_need"],
            {"token": token, "hours_max": CANDLES_MAX, "now": resources.clock()},
            shape=PriceNeed,
        )
    coin = need.coin if need else None
    answer = await _fetch_candles(info, coin, to_ms=need.to_ms) if need and coin else None
    async with queue.finishing(pool, job) as connection:
        if answer and coin:
            decoded = reference.decode_prices(
                answer.body, token=token, coin=coin, asked_at=answer.asked_at
            )
            await store_prices(connection, answer, decoded)


async def store_prices(
    connection: Connection, answer: Answer, decoded: DecodedRows[TokenPrice]
) -> None:
    """Append the prices of an answer and its rejects, and mark the days that they complete."""
    page_id = await _store_page(connection, answer, decoded)
    if await reference.insert_prices(connection, decoded.values, page_id=page_id):
        await mark_unpriced(connection, page_id)


async def _store_page(connection: Connection, answer: Answer, decoded: DecodedRows[Any]) -> int:
    """Append an answer with the rows of it that could not be read; its id."""
    page_id = await pages.insert_reference(connection, answer)
    await fills.insert_rejects(
        connection, decoded.rejects, wallet_id=None, source=answer.source, page_id=page_id
    )
    return page_id


async def _fetch_candles(info: InfoClient, coin: str, *, to_ms: int) -> Answer:
    request = {
        "coin": coin,
        "interval": reference.PRICE_INTERVAL,
        "startTime": max(0, to_ms - CANDLES_MAX * HOUR_MS),
        "endTime": to_ms,
    }
    return await info.fetch("candleSnapshot", req=request)


async def _store_dex(pool: Pool, dex: str, meta: Answer, spot_meta: object) -> None:
    async with transaction(pool) as connection:
        page_id = await pages.insert_reference(connection, meta)
        try:
            dexs = [reference.decode_perp_dex(dex, meta.body, spot_meta)]
        except BadPayload:
            # Without a known collateral its figures stay null with that reason; the page is kept.
            return
        if await reference.insert_perp_dexs(connection, dexs, page_id=page_id):
            await mark_unpriced(connection, page_id)


def _dex_names(answer: Answer) -> list[str]:
    """The names in a `perpDexs` answer, whose first entry is null: the core dex."""
    if not isinstance(answer.body, list):
        raise SourceDown("perpDexs did not answer with a list")
    names = [dex["name"] for dex in answer.body if isinstance(dex, dict) and "name" in dex]
    return names[:DEXS_MAX]


async def mark_unpriced(connection: Connection, page_id: int) -> None:
    """Mark the days that lack a price or a market, or whose market a page changed."""
    days: dict[int, set[date]] = {}
    await connection.execute(QUERIES["lock_prices"].text)
    for query in ("list_unpriced_days", "list_days_of_changed_markets"):
        for key in await read_rows(
            connection, QUERIES[query], {"page_id": page_id}, shape=WalletDay
        ):
            days.setdefault(key.wallet_id, set()).add(key.day)
    for wallet_id in sorted(days):
        await mark_dirty(connection, wallet_id, dict.fromkeys(days[wallet_id]))
    await mark_twaps_for_prices(connection, page_id)


HANDLERS: Handlers = {PULL_REFERENCE: pull_reference, PULL_PRICES: pull_prices}
