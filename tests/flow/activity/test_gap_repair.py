"""Gaps are asked for again: all of them in one sweep, ever more rarely, and not for ever."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from tests.flow.books import Books, Exchange, serving
from tests.flow.handmade import ALICE, Row, fill, ms, world

from hypertally.jobs.activity.gap_repair import TRIES_AFTER_SECONDS, schedule_repairs
from hypertally.store.postgres import transaction

START = ms("2025-10-01T06:00")
HOUR_MS = 3_600_000
BREAKS = "select count(*) from metrics.fill_gaps where kind = 'position_break'"
OPEN = "select count(*) from ops.gap_repairs where given_up_at is null"


def rising(count: int) -> list[Row]:
    """Purchases of 1 BTC, one an hour."""
    return [fill(START + number * HOUR_MS, startPosition=f"{number}.0") for number in range(count)]


async def torn_books(books: Books, tmp_path: Path, rows: Sequence[Row]) -> None:
    """Books that lack every other fill."""
    async with serving(world(tmp_path / "torn", {ALICE: rows[::2]})) as exchange:
        await books.track([ALICE])
        await books.settle(exchange)


def stop_clock(books: Books, at: datetime) -> None:
    """Let it be one time for the program."""
    books.clock = lambda: at


async def pulls(exchange: Exchange) -> int:
    return (await exchange.stats())["requests"].get("userFillsByTime", 0)


async def test_many_breaks_are_one_sweep_from_the_earliest(books: Books, tmp_path: Path) -> None:
    rows = rising(81)
    await torn_books(books, tmp_path, rows)
    assert await books.value(BREAKS) == 40
    async with serving(world(tmp_path / "whole", {ALICE: rows})) as exchange:
        books.later += timedelta(seconds=31)
        await books.run_kind(exchange, "repair_gap")
        assert await pulls(exchange) == 1
    assert await books.value(BREAKS) == 0
    page = "select request from facts.pages order by id desc limit 1"
    request = (await books.value(page)) or {}
    assert (request["startTime"], request["endTime"]) == (START, rows[-1]["time"])
    assert await books.value("select min(completeness) from metrics.wallet_day_metrics") > 0.99


async def test_a_gap_that_stays_is_asked_for_ever_more_rarely_and_then_given_up(
    books: Books, tmp_path: Path
) -> None:
    rows = rising(3)
    await torn_books(books, tmp_path, rows)
    assert await books.value(OPEN) == 1
    found_at = await books.value("select found_at from ops.gap_repairs")
    async with serving(world(tmp_path / "still", {ALICE: rows[::2]})) as exchange:
        for number, seconds in enumerate(TRIES_AFTER_SECONDS, start=1):
            stop_clock(books, found_at + timedelta(seconds=seconds - 1))
            await books.run_kind(exchange, "repair_gap")
            assert await pulls(exchange) == number - 1  # not yet
            stop_clock(books, found_at + timedelta(seconds=seconds))
            await books.run_kind(exchange, "repair_gap")
            assert await pulls(exchange) == number
    assert TRIES_AFTER_SECONDS[2] == 7_200  # three times within two hours
    assert timedelta(seconds=TRIES_AFTER_SECONDS[9]).days == 7  # daily for a week
    assert timedelta(seconds=TRIES_AFTER_SECONDS[-1]).days == 35  # weekly for a month
    assert await books.value(OPEN) == 0
    queued = "select count(*) from ops.jobs where kind = 'repair_gap' and status = 'queued'"
    assert await books.value(queued) == 0


async def test_transactions_over_the_same_repairs_wait_but_never_for_each_other(
    books: Books,
) -> None:
    """Each row stands before the other in one of two orders: that of the table, that of the key."""
    row = "(1, '{}', 'position_break', '2025-10-01', '2025-10-02', '2025-10-03')"
    for coin in ("SOL", "BTC"):
        await books.execute(
            "insert into ops.gap_repairs (wallet_id, coin, kind, from_at, to_at, found_at) "
            "values " + row.format(coin)
        )
    lock = "select from ops.gap_repairs where coin = %s for update"

    async def schedule() -> None:
        async with transaction(books.pool) as connection:
            await schedule_repairs(connection, 1, now=books.clock())

    async with transaction(books.pool) as connection:
        await connection.execute(lock, ["BTC"])
        waiting = asyncio.create_task(schedule())
        while not await books.value("select count(*) from pg_locks where not granted"):  # noqa: ASYNC110 - of a database
            await asyncio.sleep(0.01)
        await connection.execute(lock, ["SOL"])
    await waiting
    assert await books.value("select count(*) from ops.gap_repairs") == 0
