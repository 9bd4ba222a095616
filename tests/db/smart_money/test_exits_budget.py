"""Fills of exits cost pulls a little that is kept for them, and no more; they are never starved."""

import asyncio

import pytest

from hypertally.errors import RateLimited
from hypertally.jobs.runtime.shared_budget import SharedBudget
from hypertally.jobs.smart_money.exits_budget import ExitsBudget, exits_budget
from hypertally.jobs.smart_money.snapshot_share import share_weight
from hypertally.settings import (
    EXITS_WEIGHT_KEPT,
    EXITS_WEIGHT_MAX,
    PAGE_WEIGHT_MAX,
    WEIGHT_PER_MINUTE,
)
from hypertally.sources.weights import LIGHT_WEIGHT
from hypertally.store.postgres import Pool, transaction

WALLETS = 200
ASKED_WEIGHT = 21  # of a request for the fills of an exit: 20, and 1 for up to 20 rows
SNAPSHOTS_WEIGHT = LIGHT_WEIGHT * WALLETS
WINDOW_SECONDS = 3600  # of the allowance: does not end during a test


class Allowance:
    """The allowance of the exchange while 200 wallets are watched and fills are waited for."""

    def __init__(self, pool: Pool, weight_per_minute: int = WEIGHT_PER_MINUTE) -> None:
        self._pool = pool
        self.pulls = SharedBudget(
            pool,
            upstream_host="here",
            weight_per_minute=weight_per_minute,
            window_seconds=WINDOW_SECONDS,
        )
        self.snapshots = self.pulls.snapshots()

    @property
    def exits(self) -> ExitsBudget:
        return exits_budget(self.snapshots, wallets=WALLETS, weight_max=EXITS_WEIGHT_MAX)

    async def record_minute(self) -> None:
        """What a recorded minute does: it keeps its share, and spends it."""
        await self.snapshots.reserve_share(share_weight(WALLETS, exits=True))
        await spend(self.snapshots, SNAPSHOTS_WEIGHT)

    async def let_a_minute_pass(self) -> None:
        async with transaction(self._pool) as connection:
            await connection.execute("update ops.weight_spends set at = at - interval '2 hours'")

    async def let_the_share_be_free_again(self, *, spent_to: int) -> None:
        """The minute of what was spent of the share up to an id is over, and of nothing else."""
        async with transaction(self._pool) as connection:
            await connection.execute(
                "update ops.weight_spends set at = at - interval '2 hours' "
                "where egress <> 'here' and id <= %s",
                [spent_to],
            )

    async def newest_spend(self) -> int:
        async with transaction(self._pool) as connection:
            cursor = await connection.execute("select max(id) as id from ops.weight_spends")
            row = await cursor.fetchone()
            assert row is not None
            return int(row["id"])

    async def pull_all(self) -> int:
        """Let pulls spend all they can, a wallet without new fills at a time; how much it was."""
        spent = 0
        while await self.pulls.read_free() >= PAGE_WEIGHT_MAX:
            await spend(self.pulls, PAGE_WEIGHT_MAX, cost=20)
            spent += 20
        return spent


@pytest.fixture
def allowance(worker_pool: Pool) -> Allowance:
    return Allowance(worker_pool)


async def spend(
    budget: SharedBudget | ExitsBudget, weight: int, *, cost: int | None = None
) -> None:
    async with asyncio.timeout(10):
        reservation = await budget.reserve(weight)
    await budget.settle(reservation, weight if cost is None else cost)


async def ask_for_all(exits: ExitsBudget) -> int:
    """Ask for the fills of exits until no weight is left; what was spent."""
    spent = 0
    while await exits.read_free():
        await spend(exits, PAGE_WEIGHT_MAX, cost=ASKED_WEIGHT)
        spent += ASKED_WEIGHT
    return spent


async def test_pulls_that_need_all_lose_what_is_kept_for_exits_and_nothing_more(
    allowance: Allowance,
) -> None:
    await allowance.snapshots.reserve_share(share_weight(WALLETS))
    pulled = await allowance.pull_all()
    await allowance.let_a_minute_pass()
    await allowance.record_minute()
    assert pulled - await allowance.pull_all() == EXITS_WEIGHT_KEPT
    for _ in range(3):
        free = await allowance.pulls.read_free()
        spent = await ask_for_all(allowance.exits)
        assert EXITS_WEIGHT_KEPT <= spent < EXITS_WEIGHT_KEPT + ASKED_WEIGHT
        assert await allowance.pulls.read_free() == free, "pulls lose nothing"
        await allowance.let_a_minute_pass()
        await allowance.record_minute()
        await allowance.pull_all()


async def test_pulls_to_the_last_weight_leave_exits_a_part_every_minute(
    allowance: Allowance,
) -> None:
    for _ in range(3):
        await allowance.record_minute()
        await spend(allowance.pulls, await allowance.pulls.read_free())
        assert await ask_for_all(allowance.exits) >= 2 * ASKED_WEIGHT
        await allowance.let_a_minute_pass()


async def test_exits_take_what_pulls_leave_until_a_pull_of_a_full_page_would_wait(
    allowance: Allowance,
) -> None:
    await allowance.record_minute()
    free = await allowance.pulls.read_free()
    await spend(allowance.pulls, free - 3 * PAGE_WEIGHT_MAX)
    spent = await ask_for_all(allowance.exits)
    assert EXITS_WEIGHT_KEPT + PAGE_WEIGHT_MAX <= spent < EXITS_WEIGHT_MAX
    await spend(allowance.pulls, PAGE_WEIGHT_MAX)


async def test_what_pulls_left_in_the_minute_takes_nothing_of_the_part_that_they_keep_free(
    allowance: Allowance,
) -> None:
    """Where pulls leave a little, exits have that and their part in every minute."""
    await allowance.record_minute()
    await spend(allowance.pulls, await allowance.pulls.read_free() - 2 * PAGE_WEIGHT_MAX)
    for _ in range(3):
        await spend(allowance.exits, PAGE_WEIGHT_MAX, cost=ASKED_WEIGHT)
    spent_to = await allowance.newest_spend()
    assert await ask_for_all(allowance.exits) >= PAGE_WEIGHT_MAX - ASKED_WEIGHT, "pulls left it"
    await allowance.let_the_share_be_free_again(spent_to=spent_to)
    assert await ask_for_all(allowance.exits) >= EXITS_WEIGHT_KEPT
    await spend(allowance.pulls, PAGE_WEIGHT_MAX)


async def test_on_an_idle_allowance_exits_spend_no_more_than_their_most(
    allowance: Allowance,
) -> None:
    await allowance.record_minute()
    spent = await ask_for_all(allowance.exits)
    assert EXITS_WEIGHT_MAX <= spent < EXITS_WEIGHT_MAX + ASKED_WEIGHT
    await spend(allowance.snapshots, SNAPSHOTS_WEIGHT)


async def test_a_try_that_finds_no_weight_is_refused_at_once(allowance: Allowance) -> None:
    """A failed request may have been charged in full: nobody waits for a second try."""
    await allowance.record_minute()
    await spend(allowance.pulls, await allowance.pulls.read_free())
    exits = allowance.exits
    await exits.reserve(PAGE_WEIGHT_MAX)
    assert await exits.read_free() == 0
    async with asyncio.timeout(5):
        with pytest.raises(RateLimited, match="left no weight"):
            await exits.reserve(PAGE_WEIGHT_MAX)


async def test_an_allowance_too_small_for_a_part_pays_exits_from_what_pulls_leave(
    worker_pool: Pool,
) -> None:
    allowance = Allowance(worker_pool, weight_per_minute=3 * PAGE_WEIGHT_MAX)
    assert await ask_for_all(allowance.exits) > 0
    await spend(allowance.pulls, PAGE_WEIGHT_MAX)
    await allowance.let_a_minute_pass()
    await allowance.snapshots.reserve_share(share_weight(WALLETS, exits=True))
    assert await ask_for_all(allowance.exits) == 0
    await spend(allowance.pulls, PAGE_WEIGHT_MAX)
