"""A wallet that is forgotten leaves the books of its org as if it had never been in them."""

import json
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.flow.books import Books, serving, small_population

from hypertally.clock import system_clock
from hypertally.jobs import membership
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
