"""Pulling what TWAPs are judged by: candles over their lives, and the middle prices of now."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby
from math import ceil
from typing import Any

from hypertally.clock import now
from hypertally.errors import BadPayload, SourceDown
from hypertally.facts import pages
from hypertally.facts.activity import fills
from hypertally.facts.market import candles, mids
from hypertally.jobs.activity.store_fill_page import enqueue_twap_rollup
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.queue import Job
from hypertally.records import Record
from hypertally.sources.info import InfoClient
from hypertally.store.postgres import Connection, Pool, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)
MIDS_EVERY_SECONDS = 60
MIDS_PRIORITY = 90  # two of the allowance a dex: never worth waiting for
CANDLES_PRIORITY = 40  # one answer serves every TWAP of its hours
CANDLES_MAX = 5000  # the exchange keeps no more of an interval
KEPT = timedelta(minutes=CANDLES_MAX - 10)  # what is asked for must still be there
CLOSED_AFTER = timedelta(seconds=5)  # a minute that is over may still be counted
TOGETHER_SECONDS = 10  # so that TWAPs met at one moment share an answer
# A request costs 20 and a sixtieth a minute of its window: a gap of less is cheaper than two.
GAP_MAX = timedelta(minutes=1200)


class Window(Record, frozen=True, kw_only=True):
    """The minutes of a coin that TWAPs lack: [from_at, to_at)."""

    coin: str
    from_at: datetime
    to_at: datetime


def merge(needs: Iterable[Window]) -> list[Window]:
    """As few windows as cover these, none longer than one answer."""
    merged: list[Window] = []
    ordered = sorted(needs, key=lambda need: (need.coin, need.from_at))
    for coin, group in groupby(ordered, key=lambda need: need.coin):
        current: Window | None = None
        for need in group:
            to_at = max(current.to_at, need.to_at) if current else need.to_at
            if (
                current
                and need.from_at - current.to_at <= GAP_MAX
                and to_at - current.from_at <= timedelta(minutes=CANDLES_MAX)
            ):
                current = Window(coin=coin, from_at=current.from_at, to_at=to_at)
                merged[-1] = current
            else:
                current = need
                merged.append(current)
    return merged


async def pull_twap_candles(pool: Pool, info: InfoClient, job: Job) -> None:
    """Store the candles that TWAPs lack and the exchange still has; one answer for many TWAPs.

    Errors: `SourceDown` when a window could not be had, after all others were.
    """
    async with transaction(pool) as connection:
        needs = await _list_needs(connection)
    due_at = now() - CLOSED_AFTER
    failed = [
        problem
        for window in merge(need for need in needs if need.to_at <= due_at)
        if (problem := await _pull_window(pool, info, window)) is not None
    ]
    if failed:
        raise failed[0]
    async with queue.finishing(pool, job) as connection:
        await enqueue_candles(connection)


async def enqueue_candles(connection: Connection) -> None:
    """Have the candles pulled that TWAPs lack, soon after their last minute is over."""
    needs = await _list_needs(connection)
    if needs:
        waits = min(need.to_at for need in needs) + CLOSED_AFTER - now()
        await queue.enqueue(
            connection,
            "pull_twap_candles",
            dedupe_key="pull_twap_candles",
            priority=CANDLES_PRIORITY,
            delay_seconds=max(TOGETHER_SECONDS, ceil(waits.total_seconds())),
        )


async def _list_needs(connection: Connection) -> list[Window]:
    found = await connection.execute(QUERIES["list_candle_needs"].text, {"kept": KEPT})
    return [Window(**row) for row in await found.fetchall()]


async def pull_mids(pool: Pool, info: InfoClient, job: Job) -> None:
    """Store the prices of now of the core dex and of each dex on which a TWAP runs."""
    await pages.ensure_months(pool, "pages", {now()})
    async with transaction(pool) as connection:
        found = await connection.execute(QUERIES["list_dexs_in_use"].text)
        dexs = ["", *(row["dex"] for row in await found.fetchall())]
    for dex in dexs:
        await _store_mids(pool, info, dex)
    async with queue.finishing(pool, job) as connection:
        await queue.enqueue(
            connection,
            "pull_mids",
            dedupe_key="pull_mids",
            priority=MIDS_PRIORITY,
            delay_seconds=MIDS_EVERY_SECONDS,
        )


async def _store_mids(pool: Pool, info: InfoClient, dex: str) -> None:
    which = {"dex": dex} if dex else {}
    try:
        answer = await info.fetch("allMids", **which)
        prices = mids.decode(answer)
    except (SourceDown, BadPayload):
        return  # a minute without prices is no loss: the next has newer ones
    async with transaction(pool) as connection:
        page_id = await pages.insert_reference(connection, answer)
        await mids.insert(connection, prices, dex=dex, at=answer.asked_at, page_id=page_id)


async def _pull_window(pool: Pool, info: InfoClient, window: Window) -> SourceDown | None:
    request: dict[str, Any] = {
        "coin": window.coin,
        "interval": candles.MINUTE,
        "startTime": _ms(window.from_at),
        "endTime": _ms(window.to_at) - 1,
    }
    try:
        answer = await info.fetch("candleSnapshot", req=request)
        read = candles.decode(
            answer.body,
            coin=window.coin,
            interval=candles.MINUTE,
            over_by_ms=_ms(answer.asked_at),
        )
    except SourceDown as problem:
        return problem
    except BadPayload as problem:
        return SourceDown(str(problem))
    await pages.ensure_months(pool, "pages", {answer.asked_at})
    async with transaction(pool) as connection:
        page_id = await pages.insert_reference(connection, answer)
        await fills.insert_rejects(
            connection, read.rejects, wallet_id=None, source=answer.source, page_id=page_id
        )
        if await candles.insert(connection, read.candles, page_id=page_id):
            await _mark(connection, window)
    return None


async def _mark(connection: Connection, window: Window) -> None:
    """Have the TWAPs recomputed whose lives a window touches, those being computed now as well."""
    await connection.execute(QUERIES["lock_rollup"].text)
    await connection.execute(
        QUERIES["mark_lives"].text,
        {"coin": window.coin, "from_at": window.from_at, "to_at": window.to_at},
    )
    await enqueue_twap_rollup(connection)


def _ms(at: datetime) -> int:
    return (at - fills.at(0)) // timedelta(milliseconds=1)
