"""What the exchange cannot show is recorded as such, and its allowance is never overdrawn."""

import asyncio
from collections.abc import Iterator
from decimal import ROUND_DOWN, Decimal
from pathlib import Path

from tests.flow.books import Books, require_oracle_figures, serving, small_population
from tests.flow.handmade import ALICE, Row, fill, ms, world

from hypertally.clock import system_clock
from hypertally.jobs.runtime.resources import Resources
from hypertally.jobs.runtime.shared_budget import SharedBudget
from hypertally.jobs.worker import Options, Worker
from hypertally.sandbox.oracles.inputs import population_fills, population_usd_prices
from hypertally.sources.info import InfoClient

START = ms("2025-10-01T06:00")
DAY_MS = 86_400_000
MINUTE_MS = 60_000
SHOWN_MAX = 10_000
READ_ONCE = Decimal("0.999999")


def back_and_forth(times: list[int]) -> Iterator[Row]:
    """One BTC bought and sold again, over and over."""
    for number, time_ms in enumerate(times):
        if number % 2:
            closing = {"startPosition": "1.0", "dir": "Close Long"}
            yield fill(time_ms, side="A", **closing)
        else:
            yield fill(time_ms)


async def test_a_history_beyond_ten_thousand_fills_begins_where_it_is_shown(
    books: Books, tmp_path: Path
) -> None:
    times = [START + number * MINUTE_MS for number in range(SHOWN_MAX + 51)]
    first_shown = times[51]
    async with serving(world(tmp_path / "world", {ALICE: list(back_and_forth(times))})) as exchange:
        await books.track([ALICE])
        await books.settle(exchange)
    assert (await books.facts_digest())[0] == SHOWN_MAX
    limits = await books.read("select kind, from_ms, to_ms from facts.limits_met")
    assert limits == [{"kind": "history_begins", "from_ms": 0, "to_ms": first_shown}]
    days = await books.read(
        "select day, gap_ms, completeness from metrics.wallet_day_metrics order by day"
    )
    missing = first_shown - ms("2025-10-01T00:00")
    assert days[0]["gap_ms"] == missing
    complete = 1 - Decimal(missing) / DAY_MS
    assert days[0]["completeness"] == complete.quantize(Decimal("1e-6"), rounding=ROUND_DOWN)
    assert {day["completeness"] for day in days[1:]} == {READ_ONCE}


async def test_a_millisecond_too_full_to_page_is_reported_and_all_else_stored(
    books: Books, tmp_path: Path
) -> None:
    before = [START + number * MINUTE_MS for number in range(10)]
    full = START + 30 * MINUTE_MS
    after = [START + (60 + number) * MINUTE_MS for number in range(10)]
    rows = list(back_and_forth([*before, *[full] * 2_500, *after]))
    async with serving(world(tmp_path / "world", {ALICE: rows})) as exchange:
        await books.track([ALICE])
        await books.settle(exchange)
    times = await books.read(
        "select (extract(epoch from time) * 1000)::bigint as at, count(*) as fills "
        "from facts.hl_fills_raw group by time"
    )
    assert {row["at"]: row["fills"] for row in times} == {
        full: 2_000,
        **dict.fromkeys([*before, *after], 1),
    }
    limits = await books.read("select kind, from_ms, to_ms from facts.limits_met")
    assert limits == [{"kind": "millisecond_overflow", "from_ms": full, "to_ms": full}]
    gaps = await books.read("select kind from metrics.fill_gaps where coin = ''")
    assert gaps == [{"kind": "millisecond_overflow"}]


async def test_processes_that_share_an_allowance_never_meet_a_429(books: Books) -> None:
    sandbox = {"weight_limit": 250, "window_seconds": 1.2}
    scene = small_population(4, wallets=12, days=4, fills=400)
    async with serving(scene, **sandbox) as exchange:
        await books.track(await exchange.addresses())
        await asyncio.gather(*(frugal_worker(books, exchange.url) for _ in range(2)))
        stats = await exchange.stats()
    assert stats["too_many_requests"] == 0
    assert stats["weight"]["peak_in_window"] <= 250
    assert stats["weight"]["total"] > 250  # more than one window was needed
    async with serving(scene) as exchange:
        await books.settle(exchange)
    await require_oracle_figures(books, population_fills(scene), population_usd_prices(scene))


async def frugal_worker(books: Books, url: str) -> None:
    budget = SharedBudget(
        books.pool, upstream_host="shared", weight_per_minute=250, window_seconds=1.2
    )
    async with InfoClient(f"{url}/info", budget=budget, clock=system_clock) as info:
        resources = Resources(pool=books.pool, info=info, clock=system_clock)
        await Worker(resources, Options(until_idle=True)).run()
