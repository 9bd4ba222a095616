"""Prices of the tokens in use, stored as their hour begins: no figure waits minutes for them.

A figure is converted at the opening price of its hour. The exchange gives that price as soon as
the hour's candle exists, so the run of a new hour asks for it at once, and again every few seconds
while it is not there: a candle may begin with its first trade. Later in the hour only tokens that
figures lack are asked for, less often.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from hypertally.clock import milliseconds
from hypertally.errors import BadPayload, SourceDown
from hypertally.facts import pages
from hypertally.facts.market import reference
from hypertally.jobs.market.reference_prices import HOUR_MS, store_prices
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.kinds import Handlers, Kind, Lane, NoPayload, declare, enqueue
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources
from hypertally.records import Record
from hypertally.store.postgres import Connection, Pool, read_rows, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)
HOUR: Final = timedelta(hours=1)
IN_USE_FOR: Final = timedelta(days=3)  # a token of fills within these days is in use
TOKENS_MAX: Final = 40  # one request each: 840 of the allowance; a market has a few quote tokens
AFTER_START: Final = timedelta(seconds=1)  # clocks differ: ours may be the faster one
EAGER_FOR: Final = timedelta(minutes=2)  # so long a missing candle is looked for often
EAGER_SECONDS: Final = 10
LATER_SECONDS: Final = 120

PULL_HOUR_PRICES = declare(
    Kind(
        name="pull_hour_prices",
        payload_type=NoPayload,
        lane=Lane.ASKING,
        leaves_when_killed="the prices of the tokens asked so far; the next run asks for the rest",
        priority=92,  # before all pulls: a price that is missing blanks figures of many wallets
        period=HOUR,
    )
)


class TokenInUse(Record, frozen=True, kw_only=True):
    """A token of recent fills whose price of the hour is not stored."""

    token: str
    coin: str  # the pair against USDC
    is_lacking: bool  # a figure of today is unknown for want of this price


async def pull_hour_prices(resources: Resources, job: Job) -> None:
    """Store the hour's prices of the tokens in use, and mark the days that they complete.

    Errors: `SourceDown` when a price could not be had, after all others were stored.
    """
    pool, now = resources.pool, resources.clock()
    hour = now.replace(minute=0, second=0, microsecond=0)
    is_eager = now - hour < EAGER_FOR
    await pages.ensure_months(pool, "pages", {now})
    missing = await _list_missing(pool, hour)
    problems = [
        problem
        for need in missing
        if (is_eager or need.is_lacking)
        and (problem := await _pull_price(resources, need, hour)) is not None
    ]
    if problems:
        raise problems[0]
    async with queue.finishing(pool, job) as connection:
        still_missing = await _read_missing(connection, hour)
        delay = seconds_to_next(resources.clock(), hour=hour, is_missing=bool(still_missing))
        await enqueue(connection, PULL_HOUR_PRICES, NoPayload(), delay_seconds=delay)


def seconds_to_next(now: datetime, *, hour: datetime, is_missing: bool) -> int:
    """How long the next run waits: to the next hour, or shorter while prices are missing."""
    to_next_hour = ceil((hour + HOUR + AFTER_START - now).total_seconds())
    if not is_missing:
        return max(0, to_next_hour)
    pause = EAGER_SECONDS if now - hour < EAGER_FOR else LATER_SECONDS
    return max(0, min(pause, to_next_hour))


async def _list_missing(pool: Pool, hour: datetime) -> Sequence[TokenInUse]:
    async with transaction(pool) as connection:
        return await _read_missing(connection, hour)


async def _read_missing(connection: Connection, hour: datetime) -> Sequence[TokenInUse]:
    values = {"hour": hour, "since": (hour - IN_USE_FOR).date(), "limit": TOKENS_MAX}
    return await read_rows(
        connection, QUERIES["list_tokens_without_price"], values, shape=TokenInUse
    )


async def _pull_price(resources: Resources, need: TokenInUse, hour: datetime) -> SourceDown | None:
    from_ms = milliseconds(hour)
    request = {
        "coin": need.coin,
        "interval": reference.PRICE_INTERVAL,
        "startTime": from_ms,
        "endTime": from_ms + HOUR_MS - 1,
    }
    try:
        answer = await resources.info.fetch("candleSnapshot", req=request)
        decoded = reference.decode_prices(
            answer.body, token=need.token, coin=need.coin, asked_at=answer.asked_at
        )
    except SourceDown as problem:
        return problem
    except BadPayload as problem:
        return SourceDown(str(problem))
    async with transaction(resources.pool) as connection:
        await store_prices(connection, answer, decoded)
    return None


HANDLERS: Handlers = {PULL_HOUR_PRICES: pull_hour_prices}
