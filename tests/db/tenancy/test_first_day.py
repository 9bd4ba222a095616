"""Adding a tracked wallet with another first day moves its interval, or says why not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random

import psycopg
import pytest

from hypertally.cli.tenancy.wallet_import import addition_text, kept_text
from hypertally.jobs import membership
from hypertally.store.postgres import Connection, Pool, open_pool, transaction
from hypertally.tenancy import orgs, wallets
from hypertally.tenancy.wallets import Addition, WalletInterval

ALICE, BOB = "0x" + "a1" * 20, "0x" + "b2" * 20
JANUARY, MARCH, MAY, JUNE, AUGUST = (date(2025, month, 1) for month in (1, 3, 5, 6, 8))
TOMORROW = datetime.now(UTC).date() + timedelta(days=1)
Interval = tuple[date | None, date | None]


class Tenancy:
    """The orgs and wallets of one database."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    @asynccontextmanager
    async def org(self, name: str) -> AsyncIterator[tuple[Connection, int]]:
        async with transaction(self.pool) as connection:
            await orgs.add_org(connection, name)
            yield connection, await orgs.find_org(connection, name)

    async def add(self, *addresses: str, day: date | None, org: str = "default") -> Addition:
        async with self.org(org) as (connection, org_id):
            return await wallets.add(connection, addresses, org_id=org_id, from_day=day)

    async def remove(self, address: str) -> list[int]:
        async with self.org("default") as (connection, org_id):
            return await wallets.remove(connection, [address], org_id=org_id)

    async def close(self, address: str, day: date) -> None:
        """Remove a wallet as if that had been done on a day of the past."""
        await self.remove(address)
        async with transaction(self.pool) as connection:
            await connection.execute(
                "update tenancy.org_wallets set to_day = %s where to_day = "
                "(now() at time zone 'UTC')::date",
                [day],
            )

    async def intervals(self, org: str = "default", wallet: str = ALICE) -> list[Interval]:
        async with self.org(org) as (connection, org_id):
            rows: list[WalletInterval] = await wallets.list_wallets(connection, org_id=org_id)
        return [(row.from_day, row.to_day) for row in rows if row.wallet == wallet]


@pytest.fixture
async def tenancy(database_url: str) -> AsyncIterator[Tenancy]:
    async with open_pool(database_url, role="hypertally_tenancy", size=8) as pool:
        yield Tenancy(pool)


def outcome(addition: Addition) -> tuple[int, int, int, int]:
    return len(addition.added), len(addition.moved), addition.same, len(addition.kept)


async def test_an_earlier_day_moves_the_interval(tenancy: Tenancy) -> None:
    await tenancy.add(ALICE, day=MAY)
    addition = await tenancy.add(ALICE, day=MARCH)
    assert outcome(addition) == (0, 1, 0, 0)
    assert addition.changed == addition.moved
    assert addition_text(addition, from_day=MARCH) == "0 added, 1 now counted from 2025-03-01"
    assert await tenancy.intervals() == [(MARCH, None)]


async def test_a_later_day_is_refused_with_the_reason(tenancy: Tenancy) -> None:
    await tenancy.add(ALICE, day=MARCH)
    await tenancy.add(BOB, day=None)
    addition = await tenancy.add(ALICE, BOB, day=MAY)
    assert outcome(addition) == (0, 0, 0, 2)
    assert addition.changed == []
    text = kept_text(addition, org="default", from_day=MAY)
    assert text.startswith(
        f"not moved to 2025-05-01: 2 counted by default already ({ALICE} from 2025-03-01, "
        f"{BOB} from its first fill on)."
    )
    assert await tenancy.intervals() == [(MARCH, None)]
    assert await tenancy.intervals(wallet=BOB) == [(None, None)]


async def test_the_same_day_changes_nothing(tenancy: Tenancy) -> None:
    await tenancy.add(ALICE, day=MARCH)
    assert outcome(await tenancy.add(ALICE, day=MARCH)) == (0, 0, 1, 0)
    assert await tenancy.intervals() == [(MARCH, None)]


async def test_without_a_day_a_tracked_wallet_stays_as_it_is(tenancy: Tenancy) -> None:
    await tenancy.add(ALICE, day=MARCH)
    assert outcome(await tenancy.add(ALICE, day=None)) == (0, 0, 1, 0)
    assert await tenancy.intervals() == [(MARCH, None)]


async def test_new_moved_same_and_kept_wallets_are_told_apart(tenancy: Tenancy) -> None:
    others = ["0x" + f"{number:02x}" * 20 for number in range(3)]
    for address, day in zip(others, (JANUARY, MAY, AUGUST), strict=True):
        await tenancy.add(address, day=day)
    assert outcome(await tenancy.add(*others, ALICE, day=MAY)) == (1, 1, 1, 1)


@pytest.mark.parametrize(
    ("day", "intervals"),
    [
        (AUGUST, [(MARCH, JUNE), (AUGUST, None)]),
        (JUNE, [(MARCH, JUNE), (JUNE, None)]),
        (MAY, [(MARCH, None)]),
        (MARCH, [(MARCH, None)]),
        (JANUARY, [(JANUARY, None)]),
        (None, [(MARCH, JUNE), (JUNE, None)]),
    ],
)
async def test_a_removed_wallet_is_added_again(
    tenancy: Tenancy, day: date | None, intervals: list[Interval]
) -> None:
    await tenancy.add(ALICE, day=MARCH)
    await tenancy.close(ALICE, JUNE)
    assert outcome(await tenancy.add(ALICE, day=day)) == (1, 0, 0, 0)
    assert await tenancy.intervals() == intervals


@pytest.mark.parametrize(
    ("day", "intervals"),
    [
        (JUNE, [(MARCH, JUNE), (JUNE, None)]),
        (MAY, [(MARCH, None)]),
        (JANUARY, [(JANUARY, None)]),
    ],
)
async def test_an_interval_that_moves_takes_in_the_closed_ones_it_meets(
    tenancy: Tenancy, day: date, intervals: list[Interval]
) -> None:
    await tenancy.add(ALICE, day=MARCH)
    await tenancy.close(ALICE, JUNE)
    await tenancy.add(ALICE, day=AUGUST)
    assert outcome(await tenancy.add(ALICE, day=day)) == (0, 1, 0, 0)
    assert await tenancy.intervals() == intervals


async def test_a_closed_interval_of_the_whole_history_keeps_it(tenancy: Tenancy) -> None:
    await tenancy.add(ALICE, day=None)
    await tenancy.close(ALICE, JUNE)
    await tenancy.add(ALICE, day=MAY)
    assert await tenancy.intervals() == [(None, None)]


async def test_another_org_and_another_wallet_keep_their_days(tenancy: Tenancy) -> None:
    await tenancy.add(ALICE, BOB, day=MAY)
    await tenancy.add(ALICE, day=MAY, org="other")
    await tenancy.add(ALICE, day=MARCH, org="other")
    assert await tenancy.intervals("other") == [(MARCH, None)]
    assert await tenancy.intervals() == await tenancy.intervals(wallet=BOB) == [(MAY, None)]


async def test_an_interval_of_the_future_moves_both_ways(tenancy: Tenancy) -> None:
    await tenancy.add(ALICE, day=TOMORROW)
    later = TOMORROW + timedelta(days=9)
    assert outcome(await tenancy.add(ALICE, day=later)) == (0, 1, 0, 0)
    assert await tenancy.intervals() == [(later, None)]
    assert outcome(await tenancy.add(ALICE, day=MARCH)) == (0, 1, 0, 0)
    assert await tenancy.intervals() == [(MARCH, None)]
    assert outcome(await tenancy.add(ALICE, day=TOMORROW)) == (0, 0, 0, 1)


async def test_of_many_at_once_the_earliest_day_wins(tenancy: Tenancy) -> None:
    days = [date(2025, 4, day) for day in range(1, 9)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(tenancy.add(ALICE, BOB, day=day)) for day in reversed(days)]
    assert sum(len(task.result().added) for task in tasks) == 2
    assert await tenancy.intervals() == await tenancy.intervals(wallet=BOB) == [(days[0], None)]


async def test_a_wallet_removed_on_its_first_day_leaves_no_interval(tenancy: Tenancy) -> None:
    await tenancy.add(ALICE, day=datetime.now(UTC).date())
    await tenancy.remove(ALICE)
    assert await tenancy.intervals() == []


async def test_a_wallet_that_is_added_again_never_counts_twice_on_a_day(tenancy: Tenancy) -> None:
    random = Random(5)
    for number in range(12):
        org = f"org{number}"
        for _ in range(4):
            day = random.choice([None, JANUARY, MARCH, MAY, JUNE, AUGUST])
            await tenancy.add(ALICE, day=day, org=org)
            async with tenancy.org(org) as (connection, org_id):
                await wallets.remove(connection, [ALICE], org_id=org_id)
                # As if that had been done on a day of the past.
                await connection.execute(
                    "update tenancy.org_wallets set to_day = %s "
                    "where org_id = %s and to_day = (now() at time zone 'UTC')::date "
                    "and from_day < %s",
                    [end := random.choice([MARCH, JUNE, AUGUST]), org_id, end],
                )
        await tenancy.add(ALICE, day=random.choice([None, MARCH]), org=org)
        intervals = [
            (first or date.min, last or date.max)
            for first, last in await tenancy.intervals(org=org)
        ]
        ordered = sorted(intervals)
        for (_, end_of_one), (begin_of_next, _) in pairwise(ordered):
            assert end_of_one <= begin_of_next, ordered


async def test_an_interval_and_the_marks_of_its_days_are_one_commit(database_url: str) -> None:
    async with open_pool(database_url, role="hypertally_worker", size=2) as pool:
        with psycopg.connect(database_url, autocommit=True) as owner:
            owner.execute("alter table ops.jobs add constraint nothing check (kind = '')")
            with pytest.raises(psycopg.errors.CheckViolation):
                await membership.track(pool, [ALICE], org="default")
            assert owner.execute("select count(*) from tenancy.org_wallets").fetchone() == (0,)
            owner.execute("alter table ops.jobs drop constraint nothing")
            await membership.track(pool, [ALICE], org="default")
            owner.execute("alter table ops.jobs add constraint nothing check (kind = '') not valid")
            owner.execute("update tenancy.org_wallets set from_day = '2025-01-01'")
            owner.execute("delete from ops.jobs")
            with pytest.raises(psycopg.errors.CheckViolation):
                await membership.untrack(pool, [ALICE], org="default")
            closed = owner.execute("select to_day from tenancy.org_wallets").fetchone()
            assert closed == (None,)
