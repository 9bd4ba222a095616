"""Positions of the watched wallets, minute by minute: whole, once, and what is unknown says why."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx2
from tests.flow.books import NO_LIMIT, Books, Exchange, serving, small_population

from hypertally.clock import Clock, system_clock
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.kinds import Lane
from hypertally.jobs.runtime.resources import Resources, Watch
from hypertally.jobs.runtime.shared_budget import SharedBudget
from hypertally.jobs.smart_money import snapshots
from hypertally.jobs.smart_money.snapshot_share import PART_WEIGHT
from hypertally.jobs.smart_money.snapshots import begin_minute, floor_minute, snapshot_minute
from hypertally.jobs.worker import HANDLERS, Options, Worker
from hypertally.sandbox.launch import build_exchange
from hypertally.sources.info import InfoClient

POPULATION_SIZES: dict[str, Any] = {"wallets": 12, "days": 4, "fills": 1_500}
ASSETS = ("HYPE", "BTC", "ETH")
SECONDS_MAX = 30


@dataclass(frozen=True, slots=True)
class Watching:
    """Books whose worker watches wallets."""

    books: Books
    exchange: Exchange
    watch: Watch
    info: InfoClient

    def resources(self, clock: Clock = system_clock) -> Resources:
        return Resources(pool=self.books.pool, info=self.info, clock=clock, watch=self.watch)

    def worker(self, *, until_idle: bool = True, clock: Clock = system_clock) -> Worker:
        options = Options(until_idle=until_idle, watching_alone=True)
        return Worker(self.resources(clock), options)

    async def work(self) -> None:
        async with asyncio.timeout(SECONDS_MAX):
            await self.worker().run()

    async def record(self, minute: datetime) -> None:
        """Have a minute recorded."""
        assert await begin_minute(self.books.pool, minute)
        await self.work()

    async def record_again(self, minute: datetime) -> None:
        """Have a minute recorded that was, as if nobody knew."""
        await self.books.execute("delete from ops.jobs where kind = 'snapshot_minute'")
        await self.record(minute)

    async def run(self) -> dict[str, Any]:
        (run,) = await self.books.read("select * from ops.ingest_runs order by minute desc limit 1")
        return run

    async def health(self) -> dict[str, Any]:
        (health,) = await self.books.read("select * from ops.v_latest_health")
        return health

    async def rows(self) -> list[dict[str, Any]]:
        return await self.books.read(
            "select u.wallet, s.* from facts.wallet_snapshots as s "
            "join metrics.wallet_universe_current as u using (wallet_id) "
            "order by s.minute, u.wallet, s.asset"
        )

    async def asked(self) -> int:
        """How often the exchange was asked for positions."""
        return (await self.exchange.stats())["requests"].get("clearinghouseState", 0)

    async def held(self, address: str) -> dict[str, Decimal]:
        """What the exchange says a wallet holds now."""
        request = {"type": "clearinghouseState", "user": address}
        async with httpx2.AsyncClient(timeout=10) as http:
            state = (await http.post(f"{self.exchange.url}/info", json=request)).json()
        positions = [entry["position"] for entry in state["assetPositions"]]
        return {one["coin"]: Decimal(one["szi"]) for one in positions if one["coin"] in ASSETS}


@asynccontextmanager
async def watching(
    books: Books, world: Any, *, universe_size: int = 200, **options: Any
) -> AsyncGenerator[Watching]:
    """A worker's watch over the leaderboard of a world."""
    async with serving(world, **{"leaderboard_rows": 0, **options}) as exchange:
        budget = SharedBudget(books.pool, upstream_host="test", weight_per_minute=NO_LIMIT)
        url = f"{exchange.url}/info"
        async with (
            InfoClient(url, budget=budget, clock=system_clock) as info,
            InfoClient(
                url, budget=budget, clock=system_clock, concurrency=24, tries=2
            ) as positions,
        ):
            watch = Watch(
                leaderboard_url=f"{exchange.url}/leaderboard",
                fallback_url=None,
                positions=positions,
                budget=budget.snapshots(),
                universe_size=universe_size,
            )
            yield Watching(books, exchange, watch, info)


@asynccontextmanager
async def chosen(books: Books, **options: Any) -> AsyncGenerator[Watching]:
    """The same, of a small world, whose universe is chosen."""
    small = small_population(7, **POPULATION_SIZES)
    size = POPULATION_SIZES["wallets"] + 1  # and the vault
    async with watching(books, small, universe_size=size, **options) as eyes:
        await eyes.work()
        yield eyes


async def test_a_minute_holds_what_the_exchange_says_of_every_wallet(books: Books) -> None:
    async with chosen(books) as eyes:
        minute = floor_minute(system_clock())
        await eyes.record(minute)
        rows = await eyes.rows()
        members = await books.read("select wallet from metrics.wallet_universe_current")
        assert len(rows) == len(members) * len(ASSETS) > 0
        expected = {one["wallet"]: await eyes.held(one["wallet"]) for one in members}
        for row in rows:
            assert row["szi"] == expected[row["wallet"]].get(row["asset"], 0), row
            assert (row["minute"], row["missing"]) == (minute, None)
        sizes = {row["szi"] for row in rows}
        assert Decimal(0) in sizes
        assert min(sizes) < 0 < max(sizes)
        run, health = await eyes.run(), await eyes.health()
    assert (run["status"], run["wallets"], run["wallets_failed"]) == ("success", len(members), 0)
    assert (run["rows_written"], run["coverage"], run["minute"]) == (len(rows), 1, minute)
    assert (health["state"], health["last_success"], health["coverage"]) == ("healthy", minute, 1)


async def test_recording_a_minute_again_changes_nothing(books: Books) -> None:
    async with chosen(books) as eyes:
        minute = floor_minute(system_clock())
        await eyes.record(minute)
        before, run = await eyes.rows(), await eyes.run()
        await eyes.exchange.advance(timedelta(hours=6))
        held = [await eyes.held(row["wallet"]) for row in before]
        assert held != [{row["asset"]: row["szi"]} for row in before], "the world went on"
        await eyes.record_again(minute)
        assert await eyes.rows() == before
        assert await eyes.run() == run


async def test_a_wallet_that_does_not_answer_is_written_as_missing_with_the_reason(
    books: Books,
) -> None:
    async with chosen(books) as eyes:
        await eyes.exchange.set_faults(
            http_5xx={"types": ["clearinghouseState"], "probability": 0.6, "max_count": 1000}
        )
        await eyes.record(floor_minute(system_clock()))
        rows, run = await eyes.rows(), await eyes.run()
    missing = [row for row in rows if row["szi"] is None]
    wallets = {row["wallet"] for row in rows}
    silent = {row["wallet"] for row in missing}
    assert len(rows) == len(wallets) * len(ASSETS)
    assert len(missing) == len(silent) * len(ASSETS)
    assert 0 < len(silent) < len(wallets)
    assert all("HTTP 5" in row["missing"] for row in missing)
    assert (run["status"], run["wallets_failed"]) == ("partial", len(silent))
    assert run["coverage"] == round(1 - Decimal(len(silent)) / len(wallets), 8)


async def test_a_minute_without_the_exchange_is_a_failed_one_and_health_goes_by_the_last_good(
    books: Books,
) -> None:
    async with chosen(books) as eyes:
        minute = floor_minute(system_clock())
        await eyes.exchange.set_faults(outage={"max_count": 10_000})
        await eyes.record(minute)
        assert (await eyes.run())["status"] == "failed"
        assert (await eyes.health())["state"] == "stale"
        assert {row["szi"] for row in await eyes.rows()} == {None}
        await eyes.exchange.clear_faults()
        await eyes.record(minute + timedelta(minutes=1))
        assert (await eyes.run())["status"] == "success"


async def test_a_minute_that_is_over_is_missing_and_nobody_is_asked(books: Books) -> None:
    async with chosen(books) as eyes:
        await eyes.record(floor_minute(system_clock()) - timedelta(minutes=1))
        rows, run = await eyes.rows(), await eyes.run()
        assert await eyes.asked() == 0
    assert {row["missing"] for row in rows} == {"nobody asked before the minute was over"}
    assert (run["status"], run["coverage"]) == ("failed", 0)
    assert run["rows_written"] == len(rows) == run["wallets"] * len(ASSETS)


async def test_without_a_universe_the_minute_says_so(books: Books) -> None:
    async with watching(books, small_population(7, **POPULATION_SIZES)) as eyes:
        await begin_minute(books.pool, floor_minute(system_clock()))
        (job,) = await queue.claim(books.pool, worker="test", lease_seconds=60, limit=1)
        await snapshot_minute(eyes.resources(), job)
        run = await eyes.run()
    assert (run["status"], run["wallets"]) == ("failed", 0)
    assert run["error_text"] == "no universe is chosen yet"


async def test_a_minute_is_begun_once_whoever_sees_it_begin(books: Books) -> None:
    minute = floor_minute(system_clock())
    begun = await asyncio.gather(*(begin_minute(books.pool, minute) for _ in range(12)))
    assert sorted(begun) == [False] * 11 + [True]


async def test_a_minute_that_was_recorded_is_not_begun_again(books: Books) -> None:
    async with chosen(books) as eyes:
        minute = floor_minute(system_clock())
        await eyes.record(minute)
        assert await begin_minute(books.pool, minute) is False
        assert await begin_minute(books.pool, minute + timedelta(minutes=1)) is True


async def test_two_workers_ask_for_a_minute_once(books: Books) -> None:
    async with chosen(books) as eyes:
        minute = floor_minute(system_clock())

        async def one() -> None:
            await begin_minute(books.pool, minute)
            await eyes.work()

        await asyncio.gather(one(), one())
        assert await eyes.asked() == (await eyes.run())["wallets"]
        assert await books.value("select count(*) from ops.ingest_runs") == 1


async def test_a_minute_of_two_hundred_wallets_is_paid_in_few_parts_and_its_share_kept(
    books: Books,
) -> None:
    world = build_exchange(
        seed=3, wallets=4, days=2, fills=50, live_per_second=0, until_ms=None, leaders=220
    )
    async with watching(books, world) as eyes:
        await eyes.work()
        await eyes.record(floor_minute(system_clock()))
        assert (await eyes.run())["wallets_ok"] == 200
    spends = await books.read(
        "select weight, settled from ops.weight_spends where egress = 'test (snapshots)'"
    )
    assert sum(spend["weight"] for spend in spends) == 400
    assert len(spends) == 400 / PART_WEIGHT
    assert all(spend["settled"] for spend in spends)
    assert await books.value("select weight from ops.weight_shares") == 400 + PART_WEIGHT


async def test_a_worker_that_is_not_given_a_watch_leaves_smart_money_alone(books: Books) -> None:
    async with serving(small_population(7, **POPULATION_SIZES)) as exchange:
        await begin_minute(books.pool, floor_minute(system_clock()))
        await books.work(exchange)
    jobs = await books.read("select kind, status from ops.jobs where kind = any (%s)", _KINDS)
    assert jobs == [{"kind": "snapshot_minute", "status": "queued"}]


async def test_a_running_worker_begins_each_minute_as_it_comes(books: Books) -> None:
    async with chosen(books) as eyes:
        offset = floor_minute(system_clock()) + timedelta(seconds=59.5) - system_clock()
        running = eyes.worker(until_idle=False, clock=lambda: system_clock() + offset)
        task = asyncio.create_task(running.run())
        async with asyncio.timeout(SECONDS_MAX):
            while not await books.value("select count(*) from ops.ingest_runs"):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        running.stop()
        async with asyncio.timeout(10):
            await task
        assert await books.value("select count(*) from ops.ingest_runs") == 1


async def test_days_have_their_partitions_before_they_begin(books: Books) -> None:
    async with chosen(books) as eyes:
        minute = floor_minute(system_clock())
        await eyes.record(minute)
    found = await books.read(
        "select inhrelid::regclass::text as name from pg_inherits "
        "where inhparent = 'facts.wallet_snapshots'::regclass order by 1"
    )
    days = [minute + timedelta(days=days) for days in range(snapshots.DAYS_AHEAD + 1)]
    names = [f"facts.wallet_snapshots_{day:%Y_%m_%d}" for day in days]
    assert [row["name"] for row in found] == names


_KINDS = sorted(kind.name for kind in HANDLERS if kind.lane is Lane.WATCHING)
