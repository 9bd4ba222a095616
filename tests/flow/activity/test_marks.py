"""Whatever a day's completeness rests on marks all days that it touches: `verify` finds nothing."""

from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from tests.flow.books import Books, Exchange, milliseconds, serving
from tests.flow.handmade import ALICE, BOB, CAROL, Row, fill, holding, ms, world

from hypertally.flow import METRICS
from hypertally.jobs.activity import tracked_wallets
from hypertally.jobs.activity.end_positions import enqueue_check
from hypertally.jobs.rebuild.verify import verify
from hypertally.store.postgres import open_pool, transaction

ACTIVITY = ("fill_gaps", "wallet_day_metrics", "global_day_metrics")
DAY_MS = 86_400_000
START = ms("2025-10-01T12:00")


async def differing(books: Books) -> dict[str, int]:
    chosen = [metric for metric in METRICS if metric.name in ACTIVITY]
    async with open_pool(books.url, role="hypertally_worker", size=1) as pool:
        compared = await verify(pool, chosen)
    assert [comparison.waiting for comparison in compared] == [0, 0, 0]
    return {comparison.metric: comparison.differing for comparison in compared}


def spot_days(*days: int) -> list[Row]:
    return [fill(START + day * DAY_MS, coin="@107", dir="Buy") for day in days]


def perp_days(*days: int) -> list[Row]:
    return [
        fill(START + day * DAY_MS, startPosition=f"{number}.0") for number, day in enumerate(days)
    ]


async def limit_history(books: Books, wallet: str, *, until: date) -> None:
    """Record that nothing is known of a wallet before a day, as a pull does that met a limit."""
    await books.execute(
        "insert into facts.limits_met (wallet_id, kind, from_ms, to_ms, reason, page_id) "
        "select id, 'thin_answer', 0, extract(epoch from %s::date)::bigint * 1000, 'cut', 1 "
        "from tenancy.wallets where address = decode(substr(%s, 3), 'hex')",
        until,
        wallet,
    )
    await books.execute(
        "insert into ops.dirty_wallet_days (wallet_id, day, from_at) select id, %s, %s::date "
        "from tenancy.wallets where address = decode(substr(%s, 3), 'hex')",
        until,
        until,
        wallet,
    )
    await books.execute(
        "insert into ops.jobs (kind, payload, dedupe_key) select 'rollup_wallet_day', "
        "jsonb_build_object('wallet_id', id), 'rollup_wallet_day:' || id from tenancy.wallets "
        "where address = decode(substr(%s, 3), 'hex') on conflict do nothing",
        wallet,
    )


async def test_a_cut_history_added_to_older_books_leaves_no_stale_day(
    books: Books, tmp_path: Path
) -> None:
    """The days of the org before the wallet's history begins rest on it, though it has none."""
    rows = {ALICE: spot_days(*range(10)), BOB: spot_days(8, 9)}
    async with serving(world(tmp_path / "world", rows)) as exchange:
        await books.track([ALICE])
        await books.settle(exchange)
        await books.track([BOB])
        await books.settle(exchange)
        await limit_history(books, BOB, until=date(2025, 10, 9))
        await books.settle(exchange)
    assert await differing(books) == dict.fromkeys(ACTIVITY, 0)
    days = await books.read(
        "select day, completeness from metrics.global_day_metrics where org_id = 0 order by day"
    )
    assert [float(row["completeness"]) for row in days[:8]] == [0.499999] * 8


@pytest.mark.parametrize("seed", range(3))
async def test_any_order_of_what_happens_leaves_what_a_rebuild_gives(
    books: Books, tmp_path: Path, seed: int
) -> None:
    random = Random(seed)
    rows = {
        ALICE: spot_days(0, 1, 2, 5) + perp_days(0, 3),
        BOB: spot_days(1, 4, 6),
        CAROL: perp_days(1, 2, 6),
    }
    now_ms = milliseconds(books.clock())
    stated = {ALICE: holding(now_ms, BTC="2.0"), CAROL: holding(now_ms, BTC="4.0")}
    async with serving(world(tmp_path / "world", rows, positions=stated)) as exchange:
        await books.track([ALICE])
        await books.work(exchange)
        await check(books, exchange, ALICE)  # before a reading of fills settles what was stated
        untracked = random.sample([BOB, CAROL], 2)
        for _ in range(12):
            await something(books, exchange, untracked, random)
            await books.work(exchange)
            assert await differing(books) == dict.fromkeys(ACTIVITY, 0)
        await books.settle(exchange)
    assert await differing(books) == dict.fromkeys(ACTIVITY, 0)


async def told_otherwise(books: Books, exchange: Exchange, fault: str) -> None:
    """Read again, later, what is stored; one row comes with other content or cannot be read."""
    await exchange.set_faults(**{fault: {"max_count": 1, "types": ["userFillsByTime"]}})
    await books.read_again(exchange)
    await exchange.clear_faults()


async def test_a_conflict_of_a_complete_day_lowers_it_at_once(books: Books, tmp_path: Path) -> None:
    async with serving(world(tmp_path / "world", {ALICE: spot_days(0, 0, 0)})) as exchange:
        await books.track([ALICE])
        await books.settle(exchange)
        await books.read_again(exchange)
        complete = "select completeness from metrics.wallet_day_metrics"
        assert await books.value(complete) == 1
        await exchange.set_faults(amended={"max_count": 1, "types": ["userFillsByTime"]})
        await books.pull_deep(exchange)
    (day,) = await books.read("select * from metrics.wallet_day_metrics")
    assert float(day["completeness"]) == 0.75  # three fills that stand, and one told otherwise
    assert [reason["kind"] for reason in day["reasons"]] == ["conflict"]
    assert await differing(books) == dict.fromkeys(ACTIVITY, 0)


async def check(books: Books, exchange: Exchange, wallet: str) -> None:
    """Hold a wallet's fills against its positions now."""
    (row,) = await tracked_wallets.list_tracked(books.pool, [wallet])
    async with transaction(books.pool) as connection:
        await enqueue_check(connection, row.id)
    await books.run_kind(exchange, "check_positions")


async def something(books: Books, exchange: Exchange, untracked: list[str], random: Random) -> None:
    """Add a wallet, pull, read all again, be told otherwise: whatever the seed draws."""
    tracked = sorted({ALICE, BOB, CAROL} - set(untracked))
    kinds = ["track", "track", "pull", "check", "read again", "limit", "wait", "conflict", "reject"]
    match random.choice(kinds):
        case "track" if untracked:
            await books.track([untracked.pop()])
        case "pull":
            books.later += timedelta(minutes=2)
            await books.pull(exchange)
        case "check" if tracked:
            await check(books, exchange, random.choice(tracked))
        case "read again":
            await books.read_again(exchange)
        case "conflict":
            await told_otherwise(books, exchange, "amended")
        case "reject":
            await told_otherwise(books, exchange, "malformed_row")
        case "limit" if tracked:
            until = date(2025, 10, 1) + timedelta(days=random.randrange(7))
            await limit_history(books, random.choice(tracked), until=until)
        case _:
            books.later += timedelta(minutes=random.randrange(90))
