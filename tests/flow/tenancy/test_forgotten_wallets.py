"""A wallet that is forgotten leaves the books of its org as if it had never been in them."""

import asyncio
import json
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest
from tests.flow.books import Books, Exchange, serving, small_population

from hypertally.clock import system_clock
from hypertally.jobs import membership
from hypertally.jobs.activity.rollup import compute_now
from hypertally.jobs.alerts.restatements import take_restatements
from hypertally.store.postgres import transaction
from hypertally.tenancy.wallet_files import FileWallet

ORGS = ("default", "never", "other")
NAMES = ("wallet_labels", "wallet_tags", "wallet_groups", "wallet_notes")
FIRST_DAY = date(2025, 10, 4)


async def books_of(books: Books, org: str) -> dict[str, Any]:
    """All that an org's figures and lists are made of, without the org's own number."""
    rows = await books.read(
        """
        select 'day ' || g.day as name, (to_jsonb(g) - 'org_id')::text as text
        from metrics.global_day_metrics as g join tenancy.orgs as o on o.id = g.org_id
        where o.name = %s
        union all
        select 'wallet ' || encode(w.address, 'hex') || m.from_day, m.to_day::text
        from tenancy.org_wallets as m join tenancy.orgs as o on o.id = m.org_id
        join tenancy.wallets as w on w.id = m.wallet_id
        where o.name = %s
        """,
        org, org,
    )  # fmt: skip
    return {row["name"]: row["text"] for row in rows}


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_the_books_equal_those_of_an_org_that_never_had_the_wallets(
    books: Books, seed: int
) -> None:
    """Random wallets are imported by mistake, from random days, some of them shared or removed."""
    random = Random(seed)
    for org in ORGS[1:]:
        await books.add_org(org)
    async with serving(small_population(seed=7, wallets=6, fills=400, days=6)) as exchange:
        addresses = sorted(await exchange.addresses())
        random.shuffle(addresses)
        ours, mistaken = addresses[:3], addresses[3:6]
        shared = random.sample(mistaken, 1)
        for org in ("default", "never"):
            await books.track(ours, org=org)
        await books.track(shared, org="other")
        await books.settle(exchange)
        for wallet in mistaken:
            from_day = random.choice([None, FIRST_DAY, FIRST_DAY + timedelta(days=2)])
            await import_named(books, wallet, from_day=from_day)
        await books.settle(exchange)
        if random.random() < 0.5:
            await books.untrack(mistaken[:1])
        of_other, digest = await books_of(books, "other"), await books.facts_digest()
        with_mistake = await books_of(books, "default")

        trial = await membership.try_forget(books.pool, mistaken, org="default")
        assert await books_of(books, "default") == with_mistake, "a trial writes nothing"
        forgotten = await membership.forget(books.pool, mistaken, org="default")
        assert forgotten == trial
        await books.settle(exchange)

        assert await books_of(books, "default") == await books_of(books, "never")
        assert await books_of(books, "default") != with_mistake
        assert await books_of(books, "other") == of_other
        assert await books.facts_digest() == digest, "facts stay"
        for table in NAMES:
            assert await books.read(f"select from tenancy.{table}") == []
        await require_restatements(books)
        await require_equal_to_all(books, tracked=[*ours, *shared])

        await books.track(mistaken)
        await books.track(mistaken, org="never")
        await books.settle(exchange)
        assert await books_of(books, "default") == await books_of(books, "never")


async def import_named(books: Books, wallet: str, *, from_day: date | None) -> None:
    """Track a wallet with all that an org can call it."""
    named = FileWallet(address=wallet, label="wrong", tags=["a", "b"], groups=["g"], note="n")
    await membership.import_wallets(
        books.pool, [named], org="default", from_day=from_day, at=system_clock()
    )


async def require_restatements(books: Books) -> None:
    """What was published and changes says why, and nobody is told."""
    causes = await books.read(
        "select distinct r.cause, o.name from metrics.restatements as r "
        "left join tenancy.orgs as o on o.id = r.org_id "
        "where r.metric = 'global_day_metrics' and r.cause = 'forgotten'"
    )
    assert {"cause": "forgotten", "name": "default"} in causes
    assert {"cause": "forgotten", "name": "never"} not in causes
    assert {"cause": "forgotten", "name": "other"} not in causes
    async with transaction(books.pool) as connection:
        alerts = await take_restatements(connection, books.clock() + timedelta(minutes=1))
    assert [subject for subject in alerts if subject.evaluation.cause == "forgotten"] == []


async def require_equal_to_all(books: Books, *, tracked: list[str]) -> None:
    """The days of all tracked wallets are of those that an org still tracks."""
    wallets = await books.value(
        "select max(wallets) from metrics.global_day_metrics where org_id = 0"
    )
    assert wallets <= len(tracked)


async def test_a_wallet_that_was_alone_leaves_no_day(books: Books, tmp_path: Path) -> None:
    async with serving(small_population(wallets=2, fills=100, days=3)) as exchange:
        wallet, other = sorted(await exchange.addresses())
        await books.track([wallet])
        await books.settle(exchange)
        assert await books_of(books, "default")
        forgotten = await membership.forget(books.pool, [wallet, other], org="default")
        assert (forgotten.not_members, forgotten.days > 0) == ([other], True)
        assert not forgotten.wallets[0].is_shared
        await books.settle(exchange)
        requests = (await exchange.stats())["requests"]
        await books.pull(exchange)
        assert (await exchange.stats())["requests"] == requests, "it is asked for no more"
    assert await books_of(books, "default") == {}
    assert await books.read("select from metrics.global_day_metrics") == []
    assert json.dumps(await books.unfinished_work()) == "[]"


RACES, ROUNDS = 3, 3
PATIENCE_SECONDS = 5
# Fewer wallets than before: they left, and `forgotten` is the only way out of the past.
LEFT = """
    select cause, count(*)::integer as rows from metrics.restatements
    where metric = 'global_day_metrics'
        and (changes -> 'wallets' ->> 0)::integer
            > coalesce((changes -> 'wallets' ->> 1)::integer, 0)
    group by cause
"""


WAITING = """
    select count(*) from pg_stat_activity
    where wait_event_type = 'Lock' and datname = current_database()
"""


async def test_wallets_that_are_forgotten_while_they_are_imported_say_so(books: Books) -> None:
    """Rollups run at the same moment; each day that then changes was forgotten, none `left`."""
    random = Random(5)
    async with serving(small_population(seed=7, wallets=6, fills=300, days=6)) as exchange:
        addresses = sorted(await exchange.addresses())
        ours, mistaken = addresses[:2], addresses[2:]
        await books.track(ours)
        await books.settle(exchange)
        before = await books_of(books, "default")
        for _ in range(RACES):
            working = asyncio.create_task(work_until_done(books, exchange))
            for wallet in mistaken:
                await import_named(books, wallet, from_day=None)
                await asyncio.sleep(random.random() / 10)
            await asyncio.sleep(random.random() / 2)
            await membership.forget(books.pool, mistaken, org="default")
            await working
            await books.settle(exchange)
            assert await books_of(books, "default") == before
    assert {row["cause"] for row in await books.read(LEFT)} == {"forgotten"}


async def test_days_that_are_computed_while_wallets_are_forgotten_are_computed_again(
    books: Books,
) -> None:
    """A rollup that still counts the wallets must not publish them behind the back of `forget`."""
    async with serving(small_population(seed=7, wallets=4, fills=200, days=4)) as exchange:
        mistaken = await exchange.addresses()
        await books.track(mistaken)
        await books.settle(exchange)
        wallet_ids = await undo_rollups(books)

        async with await psycopg.AsyncConnection.connect(books.url) as other:
            # So that to forget waits between its marks and its end.
            await other.execute("select from tenancy.org_wallets for update")
            forgetting = asyncio.create_task(membership.forget(books.pool, mistaken, org="default"))
            await until_waiting(books, sessions=1)
            computing = asyncio.create_task(compute_now(books.pool, wallet_ids, clock=books.clock))
            await asyncio.wait([computing], timeout=PATIENCE_SECONDS)
        await asyncio.gather(forgetting, computing)
        await books.settle(exchange)
    assert await books_of(books, "default") == {}
    assert {row["cause"] for row in await books.read(LEFT)} <= {"forgotten"}


async def undo_rollups(books: Books) -> list[int]:
    """Be where fills are stored and their days are not computed yet; all tracked wallets."""
    await books.execute(
        "insert into ops.dirty_wallet_days (wallet_id, day) "
        "select wallet_id, day from metrics.wallet_day_metrics"
    )
    await books.execute("delete from metrics.wallet_day_metrics")
    await books.execute("delete from metrics.global_day_metrics")
    rows = await books.read("select id from tenancy.wallets order by id")
    return [row["id"] for row in rows]


async def until_waiting(books: Books, *, sessions: int) -> None:
    """Wait until so many sessions wait for another's lock."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await books.value(WAITING) < sessions:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def work_until_done(books: Books, exchange: Exchange) -> None:
    """Let several workers compute at once what comes due."""
    for _ in range(ROUNDS):
        await asyncio.gather(*(books.work(exchange) for _ in range(3)))
        await books.make_due()
