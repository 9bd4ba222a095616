"""An hour of faults: at its end every wallet day is the oracle's, or says what is missing."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from time import time

import pytest
from tests.flow.books import (
    Books,
    Exchange,
    require_oracle_figures,
    serving,
    small_population,
)

from hypertally.jobs.runtime import queue
from hypertally.sandbox.oracles.activity import wallet_days
from hypertally.sandbox.oracles.inputs import population_fills, population_usd_prices
from hypertally.sandbox.population.population import Population

SIZES = {"wallets": 5, "days": 4, "fills": 300, "live_per_second": 0.1}
ROUND = timedelta(minutes=5)
ROUNDS = 12
KILLED = (2, 5, 8)  # rounds in which the worker is killed as well
KILL_SECONDS = (0.0, 0.8)  # after its first job began
START_SECONDS_MAX = 60
RUNNING = "select count(*) from ops.jobs where status = 'running'"
SECONDS, QUARTER, THREE_DAYS = 20_000, 15 * 60_000, 3 * 86_400_000
LATE = {"probability": 0.2, "max_count": 10_000, "delays_ms": [SECONDS, QUARTER, THREE_DAYS]}
FAULTS = ("repeated", "reordered", "truncated", "null_body", "http_5xx", "http_429", "dropped")
THIN = {"probability": 0.2, "max_count": 40, "older_than_ms": 3_600_000}
OUTAGE = {"max_count": 10**9}
PAGE_ROWS = 100  # the exchange caps its answers, and says so nowhere
HOUR_AND_A_LITTLE = timedelta(minutes=65)


@pytest.mark.parametrize("seed", [41, 42])
async def test_an_hour_of_faults_leaves_nothing_wrong_and_nothing_unsaid(
    books: Books, seed: int
) -> None:
    random = Random(seed)
    scene = small_population(seed, **SIZES, until_ms=int(time() * 1000))
    scene.pace.set_rate(scene.until_ms + ROUNDS * ROUND // timedelta(milliseconds=1), 0.0)
    async with serving(scene, page_rows_max=PAGE_ROWS) as exchange:
        await exchange.set_faults(late=LATE)
        await books.track(await exchange.addresses())
        lost_jobs = 0
        for number in range(ROUNDS):
            await exchange.set_faults(**drawn_faults(random, number))
            if number in KILLED:
                seconds = random.uniform(*KILL_SECONDS)
                lost_jobs += await work_until_killed(books, exchange, after=seconds)
            await books.work(exchange)
            await books.pass_time(exchange, ROUND)
        assert await exchange.fault_count("late") > 10
        assert lost_jobs > 0
        await end_faults(exchange)
        for _ in range(2):
            await run_at_rest(books, exchange, HOUR_AND_A_LITTLE)
        await require_no_day_that_promises_too_much(books, scene, known_by=exchange)

        for _ in range(5):
            await run_at_rest(books, exchange, timedelta(days=1))
        await exchange.clear_faults()
        await run_at_rest(books, exchange, timedelta(days=1))
        await run_at_rest(books, exchange, timedelta(days=1))
        await require_oracle_figures(books, population_fills(scene), population_usd_prices(scene))
        assert await books.value("select count(*) from metrics.fill_gaps") == 0
        # A wallet at rest is read a second time within a day.
        settled_before = books.clock().date() - timedelta(days=2)
        assert not await books.read(
            "select wallet_id, day, completeness, reasons from metrics.wallet_day_metrics "
            "where completeness < 1 and day < %s",
            settled_before,
        )


def drawn_faults(random: Random, number: int) -> dict[str, dict[str, object] | None]:
    """What goes wrong in a round: a few faults, at times thin answers or an outage."""
    chosen = random.sample(FAULTS, 3)
    faults: dict[str, dict[str, object] | None] = dict.fromkeys(FAULTS)
    faults |= {name: {"probability": 0.2, "max_count": 6} for name in chosen}
    faults["thin"] = THIN if number % 3 == 0 else None
    faults["outage"] = OUTAGE if number in (4, 9) else None
    return faults


async def end_faults(exchange: Exchange) -> None:
    """All but the lateness of fills, which lasts for three days."""
    await exchange.set_faults(**dict.fromkeys((*FAULTS, "thin", "outage")))


async def run_at_rest(books: Books, exchange: Exchange, delta: timedelta) -> None:
    """Let time pass, then do all that is due."""
    await books.pass_time(exchange, delta)
    await books.settle(exchange)


async def work_until_killed(books: Books, exchange: Exchange, *, after: float) -> int:
    """Run a worker in a process of its own, and kill it; how many jobs it was running."""
    script = Path(__file__).parents[1] / "later_worker.py"
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        str(script),
        books.url,
        exchange.url,
        str(books.later.total_seconds()),
        cwd=Path(__file__).parents[3],
        env={"PYTHONPATH": "."},
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(START_SECONDS_MAX):
        while worker.returncode is None and not await books.value(RUNNING):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await asyncio.sleep(after)
    if worker.returncode is None:
        worker.kill()
    await worker.wait()
    # Its jobs are found again when their leases run out, by any worker that lives for seconds.
    await books.execute(
        "update ops.jobs set lease_until = now() - interval '1 s' where status = 'running'"
    )
    return await queue.reap(books.pool)


async def require_no_day_that_promises_too_much(
    books: Books, scene: Population, *, known_by: Exchange
) -> None:
    """A day of completeness 1 holds every fill that the exchange shows of it."""
    shown = await shown_fills(known_by, await known_by.addresses())
    expected = wallet_days(shown, population_usd_prices(scene))
    rows = await books.read(
        "select '0x' || encode(w.address, 'hex') as wallet, m.day, m.completeness, m.reasons "
        "from metrics.wallet_day_metrics as m join tenancy.wallets as w on w.id = m.wallet_id"
    )
    stored = await books.wallet_days()
    promised = [(row["wallet"], row["day"]) for row in rows if row["completeness"] == 1]
    assert promised
    for key in promised:
        assert stored[key] == expected[key], key
    assert all(row["reasons"] for row in rows if row["completeness"] < 1)


async def shown_fills(
    exchange: Exchange, addresses: Sequence[str]
) -> list[tuple[str, dict[str, object]]]:
    """Every fill that the exchange shows now."""
    rows: list[tuple[str, dict[str, object]]] = []
    for address in addresses:
        rows += [(address, row) for row in await exchange.all_fills(address)]
    return rows
