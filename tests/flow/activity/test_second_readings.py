"""Every window is read again: late fills come into the books; what stays the same is confirmed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.flow.books import Books, milliseconds, require_oracle_figures, serving, small_population
from tests.flow.handmade import ALICE, Row, fill, world

from hypertally.clock import at, system_clock
from hypertally.jobs.activity import tracked_wallets
from hypertally.jobs.activity.kinds import READ_AGAIN
from hypertally.jobs.activity.pull_fills import pull_window
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.kinds import WalletPayload, enqueue
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources
from hypertally.jobs.runtime.shared_budget import SharedBudget
from hypertally.jobs.second_readings import read_again
from hypertally.sandbox.oracles.inputs import population_fills, population_usd_prices
from hypertally.sources.info import InfoClient
from hypertally.store.postgres import transaction

LATE = {"probability": 0.05, "max_count": 10_000, "delay_ms": 20_000}
HOUR = timedelta(hours=1)
MINUTE_MS = 60_000
CONFIRMED = "select confirmed_ms from ops.hl_ingest_cursor"


def now_ms() -> int:
    return milliseconds(system_clock())


def spot(time_ms: int, **fields: Any) -> Row:
    """A fill that no chain connects to others."""
    return fill(time_ms, coin="#30", **fields)


async def test_a_twentieth_of_fills_that_show_late_is_in_the_books_within_minutes(
    books: Books,
) -> None:
    scene = small_population(22, wallets=6, days=3, fills=200, live_per_second=2)
    async with serving(scene) as exchange:
        await exchange.set_faults(late=LATE)
        await books.track(await exchange.addresses())
        await books.settle(exchange)
        await exchange.advance(timedelta(minutes=10))
        await books.pull(exchange)
        rows = list(population_fills(scene))
        assert (await books.facts_digest())[0] < len(rows)
        await exchange.advance(timedelta(minutes=2))
        await books.run_kind(exchange, "read_again")
        stored = await books.read("select oid, tid from facts.hl_fills_raw")
        keys = {(row["oid"], row["tid"]) for row in stored}
        assert [row for _, row in rows if (row["oid"], row["tid"]) not in keys] == []

        await exchange.clear_faults()
        await books.pull(exchange)
        await require_oracle_figures(books, population_fills(scene), population_usd_prices(scene))


@pytest.mark.parametrize(
    ("spent", "due", "before", "is_read"),
    [
        (500, 0, 0, True),  # 140 of the 640 that snapshots leave: the next full page has its weight
        (501, 0, 0, False),
        (0, 25, 0, True),  # pulls that come due leave 140
        (0, 26, 0, False),
        (380, 0, 1, True),  # another second reading may spend 120 of 260
        (381, 0, 1, False),
    ],
)
async def test_the_first_second_reading_asks_while_pulls_and_snapshots_leave_its_weight(
    books: Books, tmp_path: Path, *, spent: int, due: int, before: int, is_read: bool
) -> None:
    budget = SharedBudget(books.pool, upstream_host="here", weight_per_minute=1200)
    async with serving(world(tmp_path / "world", {ALICE: [spot(now_ms() - 1000)]})) as exchange:
        await books.track([ALICE])
        await books.settle(exchange)
        await books.execute("update ops.jobs set run_at = now() + interval '1 h'")
        await budget.reserve_share(560)
        if spent:
            await budget.settle(await budget.reserve(spent), spent)
        await books.execute(
            "insert into ops.jobs (kind, payload, priority, run_at) "
            "select 'ingest_wallet', '{}', 20, now() + interval '30 s' "
            "from generate_series(1, %s)",
            due,
        )
        claimed = [await claimed_reading(books) for _ in range(before + 1)]
        requests = (await exchange.stats())["requests"]["userFillsByTime"]
        async with InfoClient(f"{exchange.url}/info", budget=budget, clock=system_clock) as info:
            await read_again(Resources(pool=books.pool, info=info, clock=system_clock), claimed[-1])
        after = (await exchange.stats())["requests"]["userFillsByTime"]
        ended = await books.value("select status from ops.jobs where id = %s", claimed[-1].id)
    # One that found no weight to spare is put off: after a start all come due at once.
    assert (after - requests, ended) == (int(is_read), "done" if is_read else "queued")


async def test_a_second_reading_without_spare_weight_is_put_off_some_times_and_then_left(
    books: Books, tmp_path: Path
) -> None:
    budget = SharedBudget(books.pool, upstream_host="here", weight_per_minute=1200)
    async with serving(world(tmp_path / "world", {ALICE: [spot(now_ms() - 1000)]})) as exchange:
        await books.track([ALICE])
        await books.settle(exchange)
        await budget.settle(await budget.reserve(1200), 1200)
        job = await claimed_reading(books)
        states: list[str] = []
        async with InfoClient(f"{exchange.url}/info", budget=budget, clock=system_clock) as info:
            resources = Resources(pool=books.pool, info=info, clock=system_clock)
            for _ in range(READ_AGAIN.attempts_max):
                await read_again(resources, job)
                states.append(
                    await books.value("select status from ops.jobs where id = %s", job.id)
                )
                await books.execute("update ops.jobs set run_at = now() where id = %s", job.id)
                job = next(iter(await claim_readings(books)), job)
    assert states == ["queued"] * 2 + ["done"]


async def claim_readings(books: Books) -> list[Job]:
    return await queue.claim(
        books.pool, worker="test", lease_seconds=60, limit=1, only_kinds=[READ_AGAIN.name]
    )


async def claimed_reading(books: Books) -> Job:
    """A first second reading of the wallet, in progress."""
    (wallet,) = await tracked_wallets.list_tracked(books.pool, [ALICE])
    async with transaction(books.pool) as connection:
        await enqueue(connection, READ_AGAIN, WalletPayload(wallet_id=wallet.id))
    [job] = await claim_readings(books)
    return job


async def test_an_hour_later_what_was_read_once_is_read_again(books: Books, tmp_path: Path) -> None:
    """A spot fill that shows after half an hour, behind newer ones, is missed by nobody."""
    noon = noon_before(days=1)
    shown, late = [spot(noon), spot(noon + 40 * MINUTE_MS)], spot(noon + 10 * MINUTE_MS)
    async with serving(world(tmp_path / "before", {ALICE: shown})) as exchange:
        await books.track([ALICE])
        await books.settle(exchange)
        assert await books.value(CONFIRMED) == 0
    async with serving(world(tmp_path / "after", {ALICE: [shown[0], late, shown[1]]})) as exchange:
        books.later += timedelta(minutes=30)
        await books.pull(exchange)
        assert (await books.facts_digest())[0] == 2
        books.later += timedelta(minutes=45)
        await books.run_kind(exchange, "confirm_fills")
        assert (await books.facts_digest())[0] == 3
        # What brought something new is read once more.
        assert await books.value(CONFIRMED) == noon - 12 * 60 * MINUTE_MS
        assert await completeness(books) == Decimal("0.999999")
        books.later += timedelta(minutes=65)
        await books.run_kind(exchange, "confirm_fills")
        assert await books.value(CONFIRMED) > shown[1]["time"]
        assert await completeness(books) == 1
    queued = "select count(*) from ops.jobs where kind = 'confirm_fills' and status = 'queued'"
    assert await books.value(queued) == 0


async def test_while_a_day_lasts_the_last_two_hours_are_read_again(
    books: Books, tmp_path: Path
) -> None:
    """Late by half an hour, behind newer fills, at a wallet that trades now."""
    noon_ms = noon_before(days=1)
    books.later = at(noon_ms) - books.clock()  # the day lasts, whatever the hour of the machine is
    begin_ms = noon_ms - 90 * MINUTE_MS
    shown = [spot(begin_ms), spot(begin_ms + 45 * MINUTE_MS)]
    late = spot(begin_ms + 10 * MINUTE_MS)
    async with serving(world(tmp_path / "before", {ALICE: shown})) as exchange:
        await books.track([ALICE])
        await books.settle(exchange)
        books.later += HOUR + timedelta(minutes=2)
        await books.run_kind(exchange, "confirm_fills")  # the history; today is not over
    async with serving(world(tmp_path / "after", {ALICE: [shown[0], late, shown[1]]})) as exchange:
        await books.pull(exchange)
        assert (await books.facts_digest())[0] == 2
        books.later -= timedelta(minutes=20)
        await books.run_kind(exchange, "confirm_fills")
        assert (await books.facts_digest())[0] == 3


async def test_days_of_a_wallet_at_rest_are_confirmed_and_stay_so(
    books: Books, tmp_path: Path
) -> None:
    last = spot(noon_before(days=2))
    async with serving(world(tmp_path / "world", {ALICE: [last]})) as exchange:
        await books.track([ALICE])
        await books.settle(exchange)
        assert await completeness(books) == Decimal("0.999999")
        books.later += HOUR + timedelta(minutes=2)
        await books.run_kind(exchange, "confirm_fills")
        assert await completeness(books) == 1
        before = (await exchange.stats())["requests"]["userFillsByTime"]
        await books.run_kind(exchange, "confirm_fills")  # none is queued
        assert (await exchange.stats())["requests"]["userFillsByTime"] == before


def noon_before(*, days: int) -> int:
    """Noon of a day that is over, at least as many hours ago as days."""
    day = system_clock().date() - timedelta(days=days)
    return milliseconds(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))


async def completeness(books: Books) -> Decimal:
    return await books.value("select min(completeness) from metrics.wallet_day_metrics")


async def test_a_window_is_asked_for_on_demand(books: Books, tmp_path: Path) -> None:
    noon = noon_before(days=30)
    first, late, last = [spot(noon + hour * 60 * MINUTE_MS) for hour in (0, 1, 2)]
    async with serving(world(tmp_path / "before", {ALICE: [first, last]})) as exchange:
        await books.track([ALICE])
        await books.settle(exchange)
    async with serving(world(tmp_path / "after", {ALICE: [first, late, last]})) as exchange:
        await books.pull(exchange)
        assert (await books.facts_digest())[0] == 2
        (wallet,) = await tracked_wallets.list_tracked(books.pool, [ALICE])
        async with books._info(exchange) as info:
            pulled = await pull_window(
                books.pool, info, wallet, from_ms=noon + 1, until_ms=noon + 90 * MINUTE_MS
            )
        assert (pulled.rows, pulled.fills) == (1, 1)
        await books.settle(exchange)
    assert await books.value("select cursor_ms from ops.hl_ingest_cursor") == last["time"]
    assert (await books.wallet_days())[ALICE, at(noon).date()].fills == 3
