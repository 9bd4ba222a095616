"""An outage of the exchange is not the jobs' failure: all pause, one probe is sent, all goes on."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from tests.flow.books import Books, require_oracle_figures, serving, small_population
from tests.flow.handmade import ALICE, BOB, CAROL, fill, ms, world

from hypertally.sandbox.oracles.inputs import population_fills, population_usd_prices

STEP = timedelta(minutes=5)
STEPS = 24  # two hours
SIZES = {"wallets": 8, "days": 3, "fills": 200, "live_per_second": 0.01}
PAUSES = "select count(*) from ops.source_pauses"


@pytest.mark.parametrize("fault", ["outage", "dropped", "not_json"])
async def test_two_hours_without_the_exchange_cost_no_attempt_and_no_job(
    books: Books, fault: str
) -> None:
    scene = small_population(31, **SIZES)
    async with serving(scene) as exchange:
        await books.track(await exchange.addresses())
        await books.settle(exchange)
        await exchange.set_faults(**{fault: {"max_count": 10**9}})
        before = Counter((await exchange.stats())["requests"])
        for step in range(STEPS):
            await exchange.advance(STEP)
            books.later += STEP
            await books.let_probe()
            await books.execute("update ops.jobs set run_at = now() where status = 'queued'")
            await books.work(exchange)
            if step == 0:
                before = Counter((await exchange.stats())["requests"])
        probes = Counter((await exchange.stats())["requests"]) - before
        assert sum(probes.values()) <= STEPS  # one probe at a time
        statuses = await books.read("select distinct status, attempts from ops.jobs")
        assert {row["status"] for row in statuses} == {"queued", "done"}
        waiting = "select max(attempts) from ops.jobs where status = 'queued'"
        assert await books.value(waiting) == 0

        await exchange.clear_faults()
        await books.let_probe()
        await books.execute("update ops.jobs set run_at = now() where status = 'queued'")
        await books.work(exchange)
        assert await books.value(PAUSES) == 0
        pulled = "select count(*) from ops.hl_ingest_cursor where proven_until > now() + %s"
        assert await books.value(pulled, STEP * (STEPS - 1)) == SIZES["wallets"]
        await books.settle(exchange)
        await require_oracle_figures(books, population_fills(scene), population_usd_prices(scene))


async def test_a_request_that_the_exchange_does_not_support_pauses_nothing(
    books: Books, tmp_path: Path
) -> None:
    fills = {user: [fill(ms("2025-10-04T12:00"))] for user in (ALICE, BOB, CAROL)}
    async with serving(world(tmp_path / "world", fills)) as exchange:  # it knows no middle prices
        await books.track([ALICE, BOB, CAROL])
        await books.settle(exchange)
        for _ in range(3):
            await books.execute("update ops.jobs set run_at = now() where kind = 'pull_mids'")
            await books.work(exchange)
    assert await books.value(PAUSES) == 0
    assert (await books.facts_digest())[0] == 3
