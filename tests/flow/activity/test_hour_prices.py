"""Prices of tokens in use are stored as their hour begins, before any figure needs them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.flow.books import NO_LIMIT, UNTIL_MS, Books, Exchange, serving, small_population

from hypertally.jobs.market.hour_prices import seconds_to_next
from hypertally.jobs.runtime.resources import Resources
from hypertally.jobs.runtime.shared_budget import SharedBudget
from hypertally.jobs.worker import Options, Worker
from hypertally.sources.info import InfoClient

END = datetime.fromtimestamp(UNTIL_MS / 1000, UTC)
HOUR = END.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


async def work_at(books: Books, exchange: Exchange, now: datetime) -> None:
    """Run the due jobs by a clock that stands at `now`."""
    budget = SharedBudget(books.pool, upstream_host="test", weight_per_minute=NO_LIMIT)
    await books.execute("update ops.jobs set run_at = now() where kind = 'pull_hour_prices'")
    async with InfoClient(f"{exchange.url}/info", budget=budget, clock=lambda: now) as info:
        resources = Resources(pool=books.pool, info=info, clock=lambda: now)
        await Worker(resources, Options(until_idle=True)).run()


async def prices_of(books: Books, hour: datetime) -> set[str]:
    rows = await books.read("select token from facts.token_prices where at = %s", hour)
    return {row["token"] for row in rows}


async def wait_of_next_run(books: Books) -> float:
    """Seconds until the next run that is queued."""
    return float(
        await books.value(
            "select extract(epoch from run_at - now()) from ops.jobs "
            "where kind = 'pull_hour_prices' and status = 'queued'"
        )
    )


async def tokens_in_use(books: Books) -> set[str]:
    """What days of these three days and their fees are quoted in, as far as a price was needed."""
    rows: list[dict[str, Any]] = await books.read(
        "select volumes, fees from metrics.wallet_day_metrics where day >= %s",
        (HOUR - timedelta(days=3)).date(),
    )
    quotes = {token for row in rows for tokens in row["volumes"].values() for token in tokens}
    fees = {token for row in rows for token in row["fees"]}
    priced = await books.read("select distinct token from facts.token_prices")
    return {token for token in quotes | fees if token in {row["token"] for row in priced}}


async def test_an_hour_has_its_prices_before_a_fill_needs_them(books: Books) -> None:
    population = small_population()
    async with serving(population) as exchange:
        await books.track(await exchange.addresses())
        await books.pull(exchange)
        tokens = await tokens_in_use(books)
        assert len(tokens) > 1
        assert await prices_of(books, HOUR) == set()
        # The exchange's clock is behind ours: its hour has no candle yet.
        await work_at(books, exchange, HOUR + timedelta(seconds=1))
        assert await prices_of(books, HOUR) == set()
        assert 0 < await wait_of_next_run(books) <= 10
        await exchange.advance(HOUR - END + timedelta(seconds=2))
        await work_at(books, exchange, HOUR + timedelta(seconds=11))
        assert await prices_of(books, HOUR) == tokens
        assert 3400 < await wait_of_next_run(books) <= 3600


async def test_a_token_that_no_figure_lacks_is_not_asked_for_all_hour(books: Books) -> None:
    population = small_population()
    async with serving(population) as exchange:
        await books.track(await exchange.addresses())
        await books.pull(exchange)
        before = (await exchange.stats())["requests"]
        await work_at(books, exchange, HOUR + timedelta(minutes=5))
        after = (await exchange.stats())["requests"]
        assert after.get("candleSnapshot", 0) == before.get("candleSnapshot", 0)
        assert 110 < await wait_of_next_run(books) <= 120


def test_the_next_run_is_at_the_next_hour_unless_a_price_is_missing() -> None:
    def wait(minutes: int, *, is_missing: bool) -> int:
        now = HOUR + timedelta(minutes=minutes)
        return seconds_to_next(now, hour=HOUR, is_missing=is_missing)

    assert (wait(0, is_missing=False), wait(59, is_missing=False)) == (3601, 61)
    assert [wait(minutes, is_missing=True) for minutes in (0, 1, 2, 57, 59)] == [
        10,
        10,
        120,
        120,
        61,
    ]
    assert wait(61, is_missing=False) == 0
