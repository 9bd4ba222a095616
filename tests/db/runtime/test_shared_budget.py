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

from hypertally.clock import system_clock
from hypertally.jobs.runtime.shared_budget import WAIT_SECONDS_MAX, SharedBudget, prune
from hypertally.sandbox.exchange.server import running_sandbox
from hypertally.sandbox.population.population import Population
from hypertally.settings import PAGE_WEIGHT_MAX
from hypertally.sources.info import InfoClient
from hypertally.sources.weights import Prepaid
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


def budget(pool: Pool, limit: int = LIMIT, upstream_host: str = "here") -> SharedBudget:
    return SharedBudget(
        pool, upstream_host=upstream_host, weight_per_minute=limit, window_seconds=WINDOW_SECONDS
    )


def an_hour_budget(pool: Pool, limit: int = LIMIT) -> SharedBudget:
    """One whose window does not end during a test."""
    return SharedBudget(pool, upstream_host="here", weight_per_minute=limit, window_seconds=3600)


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


async def test_each_upstream_host_has_its_own_allowance(worker_pool: Pool) -> None:
    await budget(worker_pool, upstream_host="here").reserve(LIMIT)
    assert await passes(budget(worker_pool, upstream_host="there"), LIMIT)


async def test_pulls_leave_the_share_of_snapshots_and_snapshots_find_it(
    worker_pool: Pool, other_pool: Pool
) -> None:
    pulls = an_hour_budget(worker_pool)
    snapshots = an_hour_budget(other_pool).snapshots()
    await snapshots.reserve_share(60)
    assert await waits(pulls, LIMIT - 60 + 1)
    assert await passes(pulls, LIMIT - 60)
    assert await waits(pulls, 1)
    assert await passes(snapshots, 60)
    assert await waits(snapshots, 1)
    assert await waits(pulls, 1)


async def test_what_snapshots_spend_of_their_share_takes_nothing_more_from_pulls(
    worker_pool: Pool,
) -> None:
    pulls = an_hour_budget(worker_pool)
    snapshots = pulls.snapshots()
    await snapshots.reserve_share(60)
    await snapshots.reserve(50)
    assert await waits(pulls, LIMIT - 60 + 1)
    assert await passes(pulls, LIMIT - 60)


async def test_snapshots_that_need_more_than_their_share_find_what_pulls_did_not_spend(
    worker_pool: Pool,
) -> None:
    pulls = an_hour_budget(worker_pool)
    snapshots = pulls.snapshots()
    await snapshots.reserve_share(20)
    await pulls.reserve(100)
    assert await waits(snapshots, 101)
    assert await passes(snapshots, 100)
    assert await waits(pulls, 1), "together they never exceed the limit"


async def test_a_share_that_nobody_renews_is_free_again(
    worker_pool: Pool, login: psycopg.Connection[tuple[Any, ...]]
) -> None:
    pulls = an_hour_budget(worker_pool)
    await pulls.snapshots().reserve_share(60)
    assert await waits(pulls, LIMIT)
    login.execute("update ops.weight_shares set kept_until = kept_until - interval '1 hour'")
    assert await passes(pulls, LIMIT)


async def test_a_share_leaves_pulls_a_full_page(worker_pool: Pool) -> None:
    pulls = an_hour_budget(worker_pool)
    await pulls.snapshots().reserve_share(LIMIT)
    assert await passes(pulls, PAGE_WEIGHT_MAX)


async def test_pulls_and_snapshots_together_never_exceed_the_limit_in_any_window(
    worker_pool: Pool, other_pool: Pool
) -> None:
    spends: list[tuple[float, int]] = []
    until = monotonic() + 3.5

    async def spend(shared: SharedBudget, random: Random) -> None:
        while monotonic() < until:
            reservation = await shared.reserve(20)
            await asyncio.sleep(random.uniform(0, 0.02))
            spends.append((monotonic(), 20))
            await asyncio.sleep(random.uniform(0, 0.02))
            await shared.settle(reservation, 20)

    pulls, snapshots = budget(worker_pool), budget(other_pool).snapshots()
    await snapshots.reserve_share(60)
    both = (pulls, pulls, snapshots)
    await asyncio.gather(*(spend(both[n % 3], Random(n)) for n in range(12)))
    assert peak(spends) <= LIMIT


class _Purse:
    """An allowance without an end that remembers."""

    def __init__(self) -> None:
        self.reserved: list[int] = []
        self.settled: dict[int, int] = {}

    async def reserve(self, weight: int) -> int:
        self.reserved.append(weight)
        return len(self.reserved) - 1

    async def settle(self, reservation: int, weight: int) -> None:
        assert reservation not in self.settled
        self.settled[reservation] = weight


async def test_many_requests_are_paid_from_few_parts_each_settled_when_it_is_answered() -> None:
    purse = _Purse()
    async with Prepaid(purse, expected=26, part=10) as paid:
        taken = [await paid.reserve(2) for _ in range(13)]
        assert purse.reserved == [10, 10, 6]
        for part in taken[:4]:
            await paid.settle(part, 2)
        assert purse.settled == {}, "a request of the first part is not answered yet"
        await paid.settle(taken[4], 2)
        assert purse.settled == {0: 10}
    assert purse.settled == {0: 10, 1: 10, 2: 6}


async def test_what_was_not_asked_is_given_back_and_what_was_asked_twice_is_paid_for() -> None:
    purse = _Purse()
    async with Prepaid(purse, expected=10, part=10) as paid:
        await paid.settle(await paid.reserve(2), 2)
    assert purse.settled == {0: 2}
    async with Prepaid(purse, expected=2, part=10) as paid:
        for _ in range(3):
            await paid.reserve(2)
    assert purse.reserved[1:] == [2, 2, 2]
    assert sum(purse.settled.values()) == 8


async def test_only_spends_that_cannot_count_are_forgotten(
    worker_pool: Pool, login: psycopg.Connection[tuple[Any, ...]]
) -> None:
    shared = SharedBudget(worker_pool, upstream_host="here", weight_per_minute=LIMIT)
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
    async with running_sandbox(population, weight_limit=limit) as url, AsyncClient() as http:
        addresses = [row["address"] for row in (await http.get(f"{url}/sandbox/wallets")).json()]
        async with (
            InfoClient(
                f"{url}/info", budget=_minute(worker_pool, limit), clock=system_clock
            ) as one,
            InfoClient(
                f"{url}/info", budget=_minute(other_pool, limit), clock=system_clock
            ) as other,
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
    return SharedBudget(pool, upstream_host="here", weight_per_minute=limit)
