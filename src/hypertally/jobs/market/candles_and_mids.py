"""Candles of the lives of TWAPs and of the hour before them, and the middle prices of minutes."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import groupby
from math import ceil

from msgspec.structs import replace

from hypertally.clock import milliseconds
from hypertally.errors import BadPayload, SourceDown
from hypertally.facts import pages
from hypertally.facts.activity import fills
from hypertally.facts.market import candles, mids
from hypertally.jobs.activity.store_fill_page import enqueue_twap_rollup
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.kinds import (
    Handlers,
    Kind,
    Lane,
    NoPayload,
    declare,
    enqueue,
    enqueue_next,
)
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources
from hypertally.records import Answer, Record
from hypertally.sources.info import InfoClient
from hypertally.store.postgres import Connection, Pool, read_rows, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)
CANDLES_MAX = 5000  # the exchange keeps no more of an interval
CANDLES_KEPT = CANDLES_MAX - 10  # what is asked for must still be there
WIDTHS = {f"{minutes}m": timedelta(minutes=minutes) for minutes in (1, 5, 15)}
WIDTHS[candles.HOUR] = timedelta(hours=1)
# After its start a TWAP's hour before is wanted for so long: then nobody is told that it is large.
HOUR_WANTED_WITHIN = timedelta(hours=1)
HOUR_AGAIN_AFTER = timedelta(minutes=5)  # an hour that an answer lacked
CLOSED_AFTER = timedelta(seconds=5)  # a minute that is over may still be counted
TOGETHER_SECONDS = 10  # so that TWAPs seen at one moment share an answer
# A request costs 20 and a sixtieth a candle of its window: a gap of less is cheaper than two.
GAP_CANDLES_MAX = 1200


PULL_TWAP_CANDLES = declare(
    Kind(
        name="pull_twap_candles",
        payload_type=NoPayload,
        lane=Lane.ASKING,
        leaves_when_killed="the candles stored so far; the next run asks for the rest",
        priority=40,  # one answer serves every TWAP of its hours
    )
)
PULL_MIDS = declare(
    Kind(
        name="pull_mids",
        payload_type=NoPayload,
        lane=Lane.ASKING,
        leaves_when_killed="the prices of the dexs asked so far; the next run has newer ones",
        priority=90,  # two of the allowance a dex: never worth waiting for
        period=timedelta(minutes=1),
        serves_watching=True,  # signals are weighed by these prices
    )
)


class CandleNeed(Record, frozen=True, kw_only=True):
    """The time of a coin whose candles of an interval TWAPs lack: [from_at, to_at)."""

    coin: str
    interval: str = candles.MINUTE  # of WIDTHS
    from_at: datetime
    to_at: datetime


def merge(needs: Iterable[CandleNeed]) -> list[CandleNeed]:
    """The fewest needs that cover all of these, none longer than one answer."""
    merged: list[CandleNeed] = []
    ordered = sorted(needs, key=lambda need: (need.coin, need.interval, need.from_at))
    for (_, interval), group in groupby(ordered, key=lambda need: (need.coin, need.interval)):
        width = WIDTHS[interval]
        current: CandleNeed | None = None
        for need in group:
            to_at = max(current.to_at, need.to_at) if current else need.to_at
            if (
                current
                and need.from_at - current.to_at <= GAP_CANDLES_MAX * width
                and to_at - current.from_at <= CANDLES_MAX * width
            ):
                current = replace(current, to_at=to_at)
                merged[-1] = current
            else:
                current = need
                merged.append(current)
    return merged


async def pull_twap_candles(resources: Resources, job: Job) -> None:
    """Store the candles that TWAPs lack and the exchange still has; one answer for many TWAPs.

    Errors: `SourceDown` when some candles could not be had, after all others were stored.
    """
    async with transaction(resources.pool) as connection:
        needs = await _list_needs(connection, now=resources.clock())
    due_at = resources.clock() - CLOSED_AFTER
    problems = [
        problem
        for need in merge(need for need in needs if need.to_at <= due_at)
        if (problem := await _pull_candles(resources.pool, resources.info, need)) is not None
    ]
    if problems:
        raise problems[0]
    async with queue.finishing(resources.pool, job) as connection:
        await enqueue_candles(connection, now=resources.clock())


async def enqueue_candles(connection: Connection, *, now: datetime) -> None:
    """Queue the pull of the candles that TWAPs lack, for soon after their last minute is over."""
    needs = await _list_needs(connection, now=now)
    if needs:
        wait = min(need.to_at for need in needs) + CLOSED_AFTER - now
        await enqueue(
            connection,
            PULL_TWAP_CANDLES,
            NoPayload(),
            delay_seconds=max(TOGETHER_SECONDS, ceil(wait.total_seconds())),
        )


async def _list_needs(connection: Connection, *, now: datetime) -> list[CandleNeed]:
    parameters = {
        "kept_candles": CANDLES_KEPT,
        "now": now,
        "within": HOUR_WANTED_WITHIN,
        "again_after": HOUR_AGAIN_AFTER,
    }
    return [
        *await read_rows(connection, QUERIES["list_candle_needs"], parameters, shape=CandleNeed),
        *await read_rows(connection, QUERIES["list_hour_needs"], parameters, shape=CandleNeed),
    ]


async def pull_mids(resources: Resources, job: Job) -> None:
    """Store the present prices of the core dex and of each dex on which a TWAP runs."""
    pool = resources.pool
    await pages.ensure_months(pool, "pages", {resources.clock()})
    async with transaction(pool) as connection:
        rows = await read_rows(connection, QUERIES["list_dexs_in_use"], shape=_Dex)
    for dex in ["", *(row.dex for row in rows)]:
        await _store_mids(pool, resources.info, dex)
    async with queue.finishing(pool, job) as connection:
        await enqueue_next(connection, PULL_MIDS)


class _Dex(Record, frozen=True, kw_only=True):
    dex: str


async def _store_mids(pool: Pool, info: InfoClient, dex: str) -> None:
    parameters = {"dex": dex} if dex else {}
    try:
        answer = await info.fetch("allMids", **parameters)
        prices = mids.decode(answer)
    except (SourceDown, BadPayload):
        return  # a minute without prices is no loss: the next has newer ones
    async with transaction(pool) as connection:
        await store_prices(connection, answer, prices, dex=dex)


async def store_prices(
    connection: Connection, answer: Answer, prices: Mapping[str, str], *, dex: str = ""
) -> None:
    """Store the prices of a moment, and have the TWAPs computed again that began with them."""
    page_id = await pages.insert_reference(connection, answer)
    await mids.insert(connection, prices, dex=dex, at=answer.asked_at, page_id=page_id)
    await connection.execute(QUERIES["lock_rollup"].text)
    starts = {"dex": dex, "at": answer.asked_at}
    marked = await connection.execute(QUERIES["mark_starts"].text, starts)
    if marked.rowcount:
        await enqueue_twap_rollup(connection)


async def _pull_candles(pool: Pool, info: InfoClient, need: CandleNeed) -> SourceDown | None:
    request = {
        "coin": need.coin,
        "interval": need.interval,
        "startTime": milliseconds(need.from_at),
        "endTime": milliseconds(need.to_at) - 1,
    }
    try:
        answer = await info.fetch("candleSnapshot", req=request)
        decoded = candles.decode(
            answer.body,
            coin=need.coin,
            interval=need.interval,
            over_by_ms=milliseconds(answer.asked_at),
        )
    except SourceDown as problem:
        return problem
    except BadPayload as problem:
        return SourceDown(str(problem))
    await pages.ensure_months(pool, "pages", {answer.asked_at})
    async with transaction(pool) as connection:
        page_id = await pages.insert_reference(connection, answer)
        await fills.insert_rejects(
            connection, decoded.rejects, wallet_id=None, source=answer.source, page_id=page_id
        )
        is_new = await candles.insert(connection, decoded.values, page_id=page_id) > 0
        if is_new and need.interval != candles.HOUR:  # no figure of a TWAP is made of that one
            await _mark_twaps(connection, need)
    return None


async def _mark_twaps(connection: Connection, need: CandleNeed) -> None:
    """Mark the TWAPs whose lives these minutes touch, also those being computed now."""
    await connection.execute(QUERIES["lock_rollup"].text)
    await connection.execute(
        QUERIES["mark_lives"].text,
        {"coin": need.coin, "from_at": need.from_at, "to_at": need.to_at},
    )
    await enqueue_twap_rollup(connection)


HANDLERS: Handlers = {PULL_TWAP_CANDLES: pull_twap_candles, PULL_MIDS: pull_mids}
