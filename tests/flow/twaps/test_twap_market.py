"""What TWAPs are judged by: the minutes of their markets, asked for once, and prices of now."""

from decimal import Decimal
from typing import Any

import pytest
from tests.flow.books import Books, milliseconds, serving, small_population
from tests.flow.twaps.twaps import (
    MANY,
    POPULATION_SIZES,
    executions,
    filled,
    pull_again,
    require_twaps,
)

from hypertally.clock import system_clock
from hypertally.flow import METRICS
from hypertally.jobs.rebuild.rebuild import choose
from hypertally.jobs.rebuild.verify import verify
from hypertally.sandbox.oracles.inputs import population_candles
from hypertally.sandbox.oracles.twaps import arrival_price, market_price
from hypertally.sandbox.population.population import Population
from hypertally.store.postgres import open_pool

NAMES = ("twaps", "twap_slices", "twap_executions")
DAY_MS = 86_400_000
MINUTES_ASKED_FOR = """
    select count(*) from facts.pages where source = 'info.candleSnapshot'
        and request -> 'req' ->> 'interval' = '1m'
"""


def recent(seed: int, **options: Any) -> Population:
    """A world that ends now, so that the exchange still has its minutes."""
    until_ms = milliseconds(system_clock()) - 10 * 60_000
    return small_population(
        seed, **(POPULATION_SIZES | {"until_ms": until_ms, "days": 2, "fills": 900} | options)
    )


async def test_candles_are_asked_for_once_and_twaps_judged_by_them(books: Books) -> None:
    world = recent(7)
    async with serving(world) as exchange:
        await filled(books, exchange)
        asked = await books.value(MINUTES_ASKED_FOR)
        await pull_again(books, exchange, deep=True)
        assert await books.value(MINUTES_ASKED_FOR) == asked
    stored = await executions(books)
    judged = 0
    for key, book in (await require_twaps(books, world)).items():
        assert book.state is not None
        state, row = book.state, stored[key]
        last_ms = max(state.started_ms, state.status_at_s * 1000 - 1)
        minutes = population_candles(world, book.coin, from_ms=state.started_ms, to_ms=last_ms)
        assert arrival_of(row) == arrival_price(book, {"1m": minutes})
        if state.runs:
            assert row["market_source"] is None
        elif row["market_volume_coin"]:
            price = row["market_notional"] / row["market_volume_coin"]
            assert abs(price / market_price(minutes) - 1) < Decimal("1e-7")
            judged += 1
    assert judged
    assert asked <= len(stored)  # none is asked for twice; near ones share an answer
    async with open_pool(books.url, role="hypertally_worker", size=1) as pool:
        assert {verdict.differing for verdict in await verify(pool, METRICS)} == {0}


def arrival_of(row: dict[str, Any]) -> tuple[Decimal, str] | None:
    price, source = row["arrival_price"], row["arrival_source"]
    return None if price is None else (price, source)


@pytest.mark.parametrize(("days_ago", "interval"), [(10, "5m"), (40, "15m"), (80, None)])
async def test_arrival_is_the_finest_price_the_exchange_still_has(
    books: Books, days_ago: int, interval: str | None
) -> None:
    until_ms = milliseconds(system_clock()) - days_ago * DAY_MS
    world = recent(7, until_ms=until_ms)
    async with serving(world) as exchange:
        await filled(books, exchange)
    stored = await executions(books)
    for key, book in (await require_twaps(books, world)).items():
        candles: dict[str, list[Any]] = {}
        if interval and book.state:
            candles[interval] = population_candles(
                world,
                book.coin,
                from_ms=book.state.started_ms - 15 * 60_000,
                to_ms=book.state.started_ms,
                interval=interval,
            )
        arrival, true = arrival_of(stored[key]), arrival_price(book, candles)
        assert (arrival and arrival[1]) == (true and true[1]), key
        if arrival and true:
            assert abs(arrival[0] - true[0]) < Decimal("1e-8")
        else:
            assert "no slice" in stored[key]["unknown"]["arrival_price"]
    basis = f":{interval}:open" if interval else "first slice"
    assert sum(str(row["arrival_source"]).endswith(basis) for row in stored.values()) > MANY
    async with open_pool(books.url, role="hypertally_worker", size=1) as pool:
        assert {verdict.differing for verdict in await verify(pool, choose(NAMES))} == {0}


async def test_minutes_the_exchange_does_not_show_are_asked_for_once(books: Books) -> None:
    async with serving(recent(7), candles_max=5) as exchange:
        await filled(books, exchange)
        asked = await books.value(MINUTES_ASKED_FOR)
        await pull_again(books, exchange, deep=True)
        assert await books.value(MINUTES_ASKED_FOR) == asked > 0
    sources = {row["arrival_source"] for row in (await executions(books)).values()}
    assert "first slice" in sources


async def test_the_prices_of_each_dex_with_a_running_twap_are_kept(books: Books) -> None:
    world = recent(7)
    async with serving(world) as exchange:
        await filled(books, exchange)
        await books.execute(
            "update metrics.twaps set asset = 'xyz:TSLA' where ctid = (select ctid "
            "from metrics.twaps where status = 'activated' and ends_at > now() limit 1)"
        )
        await books.execute("update ops.jobs set run_at = now() where kind = 'pull_mids'")
        await books.settle(exchange)
    found = await books.read("select dex, mids from facts.mids order by at desc, dex")
    assert {row["dex"] for row in found} >= {"", "xyz"}
    assert all("BTC" in row["mids"] for row in found if row["dex"] == "")
    assert all(Decimal(price) > 0 for row in found for price in row["mids"].values())
