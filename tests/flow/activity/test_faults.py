"""Whatever the exchange does wrong, the books end up right, and say what was wrong meanwhile."""

from datetime import timedelta
from typing import Any

import pytest
from tests.flow.books import (
    Books,
    Exchange,
    milliseconds,
    require_oracle_figures,
    serving,
    small_population,
)

from hypertally.sandbox.oracles.fill_gaps import fill_gaps
from hypertally.sandbox.oracles.inputs import population_fills, population_usd_prices

POPULATION_SIZES = {"wallets": 5, "days": 6, "fills": 300, "live_per_second": 0.02}
FILLS = ["userFillsByTime"]
LATE_MS = 20 * 60 * 1000


async def pulled_under(books: Books, exchange: Exchange, **faults: dict[str, Any]) -> None:
    """First pulls and later ones, all while these faults are on."""
    await exchange.set_faults(**faults)
    await books.track(await exchange.addresses())
    await books.settle(exchange)
    await exchange.advance(timedelta(minutes=40))
    await books.pull(exchange)


@pytest.mark.parametrize(
    "faults",
    [
        ["repeated", "reordered"],
        ["truncated", "null_body", "not_json"],
        ["http_5xx", "dropped", "slow"],
    ],
)
async def test_answers_spoilt_a_few_times_change_nothing(books: Books, faults: list[str]) -> None:
    world = small_population(11, **POPULATION_SIZES)
    spoilt = {"probability": 0.5, "max_count": 8, "delay_ms": 40}
    async with serving(world) as exchange:
        await pulled_under(books, exchange, **dict.fromkeys(faults, spoilt))
        for fault in faults:
            assert await exchange.fault_count(fault) >= 2, fault
        await require_oracle_figures(books, population_fills(world), population_usd_prices(world))


async def test_many_faults_at_once_change_nothing(books: Books) -> None:
    world = small_population(12, **POPULATION_SIZES)
    names = ("repeated", "reordered", "truncated", "null_body", "http_5xx", "http_429", "dropped")
    faults = {name: {"probability": 0.15, "max_count": 6} for name in names}
    async with serving(world) as exchange:
        await pulled_under(books, exchange, **faults)
        await require_oracle_figures(books, population_fills(world), population_usd_prices(world))


async def test_a_429_is_not_the_jobs_fault(books: Books) -> None:
    world = small_population(11, **POPULATION_SIZES)
    async with serving(world) as exchange:
        await pulled_under(books, exchange, http_429={"max_count": 30, "types": FILLS})
        assert await exchange.fault_count("http_429") == 30
        await require_oracle_figures(books, population_fills(world), population_usd_prices(world))
    tries = "select max(attempts) from ops.jobs where kind = 'ingest_wallet'"
    assert await books.value(tries) <= 1


async def test_an_outage_is_survived_and_nothing_of_it_stays(books: Books) -> None:
    world = small_population(11, **POPULATION_SIZES)
    async with serving(world) as exchange:
        await books.track(await exchange.addresses())
        await exchange.set_faults(outage={})
        for _ in range(3):
            await books.work(exchange)
            await books.make_due()
        assert await books.facts_digest() == (0, 0)
        failed = "select max(attempts) from ops.jobs where last_error like 'SourcePaused%%'"
        assert await books.value(failed) == 0
        await exchange.clear_faults()
        await books.settle(exchange)
        await require_oracle_figures(books, population_fills(world), population_usd_prices(world))


async def test_fills_that_show_late_are_in_the_books_once_they_show(books: Books) -> None:
    world = small_population(13, **POPULATION_SIZES)
    async with serving(world) as exchange:
        await pulled_under(
            books, exchange, late={"probability": 0.5, "max_count": 500, "delay_ms": LATE_MS}
        )
        assert await exchange.fault_count("late") > 0
        await exchange.advance(timedelta(milliseconds=LATE_MS))
        await books.pull_deep(exchange)
        rows = list(population_fills(world))
        # What the last advance brought is late itself; it shows when its time has come.
        await exchange.clear_faults()
        await books.pull_deep(exchange)
        await require_oracle_figures(books, rows, population_usd_prices(world))
        assert await books.value("select count(*) from metrics.fill_gaps") == 0


async def test_a_broken_row_and_one_told_differently_are_kept_beside_the_good_ones(
    books: Books,
) -> None:
    world = small_population(11, **POPULATION_SIZES)
    sometimes = {"probability": 0.5, "max_count": 9, "types": FILLS}
    async with serving(world) as exchange:
        await pulled_under(books, exchange, malformed_row=sometimes, amended=sometimes)
        broken, amended = [
            await exchange.fault_count(name) for name in ("malformed_row", "amended")
        ]
        await require_oracle_figures(books, population_fills(world), population_usd_prices(world))
    rejects = await books.read("select payload, reason, page_id from facts.rejects")
    assert 0 < len(rejects) <= broken
    for reject in rejects:
        expected = "px is not a decimal" if '"NaN"' in reject["payload"] else "coin is missing"
        assert reject["reason"].startswith(expected)
        assert reject["page_id"]
    conflicts = await books.read(
        "select c.row ->> 'closed_pnl' as told, f.fingerprint = c.first_fingerprint as beside "
        "from facts.conflicts as c join facts.hl_fills_raw as f "
        "using (wallet_id, coin, time, oid, side) where f.tid = c.tid"
    )
    assert 0 < len(conflicts) <= amended
    assert all(conflict == {"told": "123.456", "beside": True} for conflict in conflicts)


async def test_a_hole_is_named_while_it_exists_and_vanishes_when_it_is_filled(
    books: Books,
) -> None:
    world = small_population(11, **POPULATION_SIZES | {"days": 40, "fills": 500})
    thin = {"probability": 0.2, "max_count": 30, "older_than_ms": 30 * 86_400_000}
    async with serving(world) as exchange:
        await exchange.set_faults(thin=thin)
        addresses = await exchange.addresses()
        await books.track(addresses)
        await books.work(exchange)
        shown = [(user, row) for user in addresses for row in await exchange.fills(user)]
        assert await stored_breaks(books) == {
            (gap.wallet, gap.coin, gap.from_ms, gap.to_ms, gap.missing) for gap in fill_gaps(shown)
        }
        assert len(await stored_breaks(books)) >= 3
        holed = await incomplete_days(books)

        await exchange.clear_faults()
        books.later += timedelta(minutes=1)
        await books.run_kind(exchange, "repair_gap")
        assert await stored_breaks(books) == set()
        assert await incomplete_days(books) < holed
        # A hole in spot fills breaks no chain, and one before the first fill has no beginning: no
        # repair asks for these.
        await books.read_again(exchange)
        await books.read_again(exchange)
        await books.run_kind(exchange, "check_positions")
        assert await books.value("select min(completeness) from metrics.wallet_day_metrics") == 1
        await require_oracle_figures(books, population_fills(world), population_usd_prices(world))


async def stored_breaks(books: Books) -> set[tuple[Any, ...]]:
    found = await books.read(
        "select '0x' || encode(w.address, 'hex') as wallet, g.* from metrics.fill_gaps as g "
        "join tenancy.wallets as w on w.id = g.wallet_id "
        "where g.kind = 'position_break' and g.from_at > '1970-01-01'"
    )
    return {
        (
            row["wallet"],
            row["coin"],
            milliseconds(row["from_at"]),
            milliseconds(row["to_at"]),
            row["missing_size_coin"],
        )
        for row in found
    }


async def incomplete_days(books: Books) -> int:
    return await books.value(
        "select count(*) from metrics.wallet_day_metrics where completeness < 0.999999"
    )
