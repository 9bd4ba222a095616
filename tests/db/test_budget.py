"""The shared allowance: never exceeded in any window, by however many processes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from random import Random
from time import monotonic
from typing import Any

import psycopg
import pytest
from httpx2 import AsyncClient

from hypertally.jobs.budget import WAIT_SECONDS_MAX, SharedBudget, prune
from hypertally.jobs.clock import now
from hypertally.sandbox.population import Population
from hypertally.sandbox.server import running
from hypertally.sources.info import InfoClient
from hypertally.store.postgres import Pool, open_pool

LIMIT = 200
WINDOW_SECONDS = 1.0


@pytest.fixture
async def other_pool(database_url: str) -> AsyncIterator[Pool]:
    """The pool of another process."""
    async with open_pool(database_url, role="hypertally_worker", size=8) as pool:
        yield pool


@pytest.fixture
def login(database_url: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


def budget(pool: Pool, limit: int = LIMIT, egress: str = "here") -> SharedBudget:
    return SharedBudget(pool, egress=egress, weight_per_minute=limit, window_seconds=WINDOW_SECONDS)


def an_hour_budget(pool: Pool, limit: int = LIMIT) -> SharedBudget:
    """One whose window does not end during a test."""
    return SharedBudget(pool, egress="here", weight_per_minute=limit, window_seconds=3600)


def let_time_pass(login: psycopg.Connection[tuple[Any, ...]], seconds: float) -> None:
    login.execute("update ops.weight_spends set at = at - make_interval(secs => %s)", [seconds])


async def passes(shared: SharedBudget, weight: int, *, within: float = 10) -> bool:
    """Whether the weight can be spent; if not, the attempt is given up."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            await shared.reserve(weight)
            return True
    return False


async def waits(shared: SharedBudget, weight: int) -> bool:
    return not await passes(shared, weight, within=0.3)


def peak(spends: list[tuple[float, int]]) -> int:
    """The most that was spent in any window, counting each window from a spend."""
    return max(
        sum(weight for at, weight in spends if start <= at < start + WINDOW_SECONDS)
        for start, _ in spends
    )


async def test_many_reservers_of_two_pools_never_exceed_the_limit(
    worker_pool: Pool, other_pool: Pool
) -> None:
    spends: list[tuple[float, int]] = []
    until = monotonic() + 3.5

    async def spend(shared: SharedBudget, random: Random) -> None:
        while monotonic() < until:
            reservation = await shared.reserve(40)
            await asyncio.sleep(random.uniform(0, 0.02))
            # The exchange counts a request somewhere between the question and the answer.
            cost = random.choice([2, 20, 21, 40])
            spends.append((monotonic(), cost))
            await asyncio.sleep(random.uniform(0, 0.02))
            await shared.settle(reservation, cost)

    pools = [worker_pool, other_pool]
    await asyncio.gather(*(spend(budget(pools[n % 2]), Random(n)) for n in range(16)))
    assert peak(spends) <= LIMIT
    assert sum(weight for _, weight in spends) > 2 * LIMIT, "the allowance is put to use"


async def test_a_refund_frees_weight_at_once(worker_pool: Pool) -> None:
    shared = an_hour_budget(worker_pool)
    reservation = await shared.reserve(150)
    assert await waits(shared, 100)
    await shared.settle(reservation, 20)
    assert await passes(shared, 100)
    assert await waits(shared, 81)
    assert await passes(shared, 80)


async def test_a_waiter_goes_on_when_another_process_gives_weight_back(
    worker_pool: Pool, other_pool: Pool
) -> None:
    reservation = await an_hour_budget(worker_pool).reserve(LIMIT)
    waiting = asyncio.create_task(an_hour_budget(other_pool).reserve(LIMIT))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    await an_hour_budget(worker_pool).settle(reservation, 0)
    async with asyncio.timeout(3):
        await waiting


async def test_what_was_spent_counts_for_one_window_after_its_answer(
    worker_pool: Pool, login: psycopg.Connection[tuple[Any, ...]]
) -> None:
    shared = an_hour_budget(worker_pool)
    reservation = await shared.reserve(LIMIT)
    let_time_pass(login, 3000)
    await shared.settle(reservation, LIMIT)
    let_time_pass(login, 3500)
    assert await waits(shared, 1)
    let_time_pass(login, 101)
    assert await passes(shared, LIMIT)


async def test_the_reservation_of_a_dead_process_counts_twice_as_long(
    worker_pool: Pool, login: psycopg.Connection[tuple[Any, ...]]
) -> None:
    shared = an_hour_budget(worker_pool)
    await shared.reserve(LIMIT)
    # The exchange may have counted the request up to a window after it was reserved.
    let_time_pass(login, 2 * 3600 - 100)
    assert await waits(shared, 1)
    let_time_pass(login, 101)
    assert await passes(shared, LIMIT)


async def test_each_egress_address_has_its_own_allowance(worker_pool: Pool) -> None:
    await budget(worker_pool, egress="here").reserve(LIMIT)
    assert await passes(budget(worker_pool, egress="there"), LIMIT)


async def test_only_spends_that_cannot_count_are_forgotten(
    worker_pool: Pool, login: psycopg.Connection[tuple[Any, ...]]
) -> None:
    shared = SharedBudget(worker_pool, egress="here", weight_per_minute=LIMIT)
    await shared.reserve(LIMIT)
    let_time_pass(login, 100)
    await prune(worker_pool)
    assert await waits(shared, 1)
    let_time_pass(login, 1000)
    await prune(worker_pool)
    assert login.execute("select count(*) from ops.weight_spends").fetchone() == (0,)


async def test_the_exchange_refuses_no_request_and_those_too_many_wait(
    worker_pool: Pool, other_pool: Pool
) -> None:
    limit, requests = 1200, 60
    population = Population(seed=3, wallets=6, days=5, fills=200)
    async with running(population, weight_limit=limit) as url, AsyncClient() as http:
        addresses = [row["address"] for row in (await http.get(f"{url}/sandbox/wallets")).json()]
        async with (
            InfoClient(f"{url}/info", budget=_minute(worker_pool, limit), now=now) as one,
            InfoClient(f"{url}/info", budget=_minute(other_pool, limit), now=now) as other,
        ):
            asking = [
                asyncio.create_task(
                    (one, other)[n % 2].fetch(
                        "userFillsByTime", user=addresses[n % len(addresses)], startTime=0
                    )
                )
                for n in range(requests)
            ]
            waiting = await _when_none_goes_on(asking)
            answered = [task for task in asking if task.done() and not task.cancelled()]
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            stats = (await http.get(f"{url}/sandbox/stats")).json()
    assert stats["too_many_requests"] == 0
    assert {task.exception() for task in answered} == {None}
    # A page may cost 120, so no more than that is left unspent, and the rest is waited for.
    assert limit - 120 <= stats["weight"]["peak_in_window"] <= limit
    assert waiting


async def _when_none_goes_on(tasks: list[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
    """The tasks that wait once none of them has ended for longer than a waiter sleeps."""
    waiting = set(tasks)
    while waiting:
        ended, waiting = await asyncio.wait(
            waiting, timeout=WAIT_SECONDS_MAX + 0.5, return_when=asyncio.FIRST_COMPLETED
        )
        if not ended:
            break
    return waiting


def _minute(pool: Pool, limit: int) -> SharedBudget:
    return SharedBudget(pool, egress="here", weight_per_minute=limit)
