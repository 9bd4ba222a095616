"""A regime played to the program minute by minute, and the rows that the program stored of it.

The program's modules, the exchange and the playback share one clock; only the queue goes by the
database's own, so what is to be done is always due.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import stamina
from tests.flow.books import EPOCH, NO_LIMIT, Books, Exchange, open_books, serving

from hypertally.jobs.activity.pull_fills import pull_fills
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.resources import Resources, Watch
from hypertally.jobs.runtime.shared_budget import SharedBudget
from hypertally.jobs.smart_money.exit_readings import enqueue_exit_readings
from hypertally.jobs.smart_money.snapshots import begin_minute
from hypertally.jobs.worker import Options, Worker
from hypertally.records import Wallet
from hypertally.sandbox.regimes.exchange import RegimeExchange, regime_exchange
from hypertally.sandbox.regimes.playback import RegimePlayback
from hypertally.sources.info import InfoClient
from hypertally.store.postgres import transaction

START_MS = 1_795_000_200_000  # 2026-11-18 11:10 UTC: the day holds every playback
START = EPOCH + timedelta(milliseconds=START_MS)
MINUTE = timedelta(minutes=1)
KILLED_LEASE_SECONDS = 0.2  # so that what a killed worker had in hand is soon found again

SIGNALS = (
    "select * from metrics.signals where at >= %s and window_minutes = 5 "
    "order by at, asset, definition"
)
CONTRIBUTORS = (
    "select * from metrics.signal_contributors where at >= %s and window_minutes = 5 "
    "order by at, asset, definition, wallet"
)


def minute_at(number: int) -> datetime:
    """A full minute of a playback."""
    return START + number * MINUTE


def number_of(at: datetime) -> int:
    """The minute of a playback that a time is in."""
    return (at - START) // MINUTE


class StageClock:
    """What time it is for the exchange's clients and the worker of a stage."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """The rows that the program stored during a playback."""

    url: str
    playback: RegimePlayback
    minutes: frozenset[int]  # that were recorded
    signals: dict[tuple[int, str, str], dict[str, Any]]  # by minute, asset, definition
    contributors: dict[tuple[int, str, str], list[dict[str, Any]]]
    health: list[dict[str, Any]]
    runs: list[dict[str, Any]]
    anomalies: list[dict[str, Any]]
    alerts: list[dict[str, Any]]
    position_requests: int  # requests for positions that the exchange saw


@dataclass(slots=True)
class Stage:
    """One regime on one set of books."""

    books: Books
    exchange: Exchange
    regime: RegimeExchange
    time: StageClock
    info: InfoClient
    watch: Watch
    minutes: set[int] = field(default_factory=set[int])

    async def move_to(self, number: int) -> None:
        """Let the exchange and the program be at a full minute of the playback."""
        later = minute_at(number) - self.time.at
        if later:
            await self.exchange.advance(later)
            self.time.at += later

    def worker(self, **options: Any) -> Worker:
        resources = Resources(
            pool=self.books.pool,
            info=self.info,
            clock=self.time,
            weight_per_minute=NO_LIMIT,
            watch=self.watch,
        )
        return Worker(resources, Options(until_idle=True, watching_alone=True, **options))

    async def play(self, numbers: Iterable[int]) -> None:
        """Record these minutes, each after the prices of its first moment."""
        for number in numbers:
            await self.begin(number)
            await self.worker().run()

    async def begin(self, number: int) -> None:
        """Be at a minute, know its prices, and have it asked for."""
        await self.move_to(number)
        await self.books.execute(
            "update ops.jobs set run_at = now() where kind = 'pull_mids' and status = 'queued'"
        )
        await self.worker().run()
        assert await begin_minute(self.books.pool, minute_at(number))
        self.minutes.add(number)

    async def read_exits(self, later: timedelta = MINUTE) -> None:
        """Let time pass and read the fills of exits, as after a minute without a change."""
        await self.exchange.advance(later)
        self.time.at += later
        async with transaction(self.books.pool) as connection:
            await enqueue_exit_readings(connection)
        await self.worker().run()

    async def play_with_two_workers(self, numbers: Iterable[int]) -> None:
        """The same by workers that race for every job."""
        for number in numbers:
            await self.begin(number)
            await asyncio.gather(self.worker().run(), self.worker().run())

    async def play_with_kills(self, numbers: Iterable[int], *, after: Iterator[float]) -> None:
        """The same by workers each of which is killed after some seconds, and started again."""
        for number in numbers:
            await self.begin(number)
            killed = asyncio.create_task(self.worker(lease_seconds=KILLED_LEASE_SECONDS).run())
            await asyncio.sleep(next(after))
            killed.cancel()
            await asyncio.gather(killed, return_exceptions=True)
            await asyncio.sleep(KILLED_LEASE_SECONDS)
            await queue.reap(self.books.pool)
            await self.worker(lease_seconds=KILLED_LEASE_SECONDS).run()

    async def track(self, addresses: Iterable[str]) -> None:
        """Track wallets for the default org from the day of the playback on."""
        await self.books.track(sorted(addresses), from_day=START.date())

    async def pull(self, number: int) -> None:
        """Know the fills of every tracked wallet up to a minute."""
        await self.move_to(number)
        for row in await self.books.read(
            "select id, '0x' || encode(address, 'hex') as address from tenancy.wallets as w "
            "where exists (select from tenancy.org_wallets as o where o.wallet_id = w.id)"
        ):
            await pull_fills(self.books.pool, self.info, Wallet(**row), clock=self.time)

    async def record(self) -> Recording:
        """Read all stored rows."""
        signals = await self.books.read(SIGNALS, START)
        contributors = await self.books.read(CONTRIBUTORS, START)
        requests = (await self.exchange.stats())["requests"]
        return Recording(
            url=self.books.url,
            playback=self.regime.playback,
            minutes=frozenset(self.minutes),
            signals={_signal_key(row): row for row in signals},
            contributors=_grouped(contributors),
            health=await self.books.read("select * from ops.ingest_health order by id"),
            runs=await self.books.read("select * from ops.ingest_runs order by minute"),
            anomalies=await self.books.read("select * from metrics.snapshot_anomalies"),
            alerts=await self.books.read("select * from ops.alerts order by at, type, subject, id"),
            position_requests=requests["clearinghouseState"],
        )


def _signal_key(row: dict[str, Any]) -> tuple[int, str, str]:
    return number_of(row["at"]), row["asset"], row["definition"]


def _grouped(rows: Iterable[dict[str, Any]]) -> dict[tuple[int, str, str], list[dict[str, Any]]]:
    grouped: dict[tuple[int, str, str], list[dict[str, Any]]] = {}
    for row in rows:
        grouped.setdefault(_signal_key(row), []).append(row)
    return grouped


@asynccontextmanager
async def open_stage(url: str, name: str) -> AsyncGenerator[Stage]:
    """A regime that begins now, the universe not chosen yet."""
    regime = regime_exchange(name, start_ms=START_MS)
    time = StageClock()
    with stamina.set_testing(True, attempts=10, cap=True):
        async with (
            open_books(url) as books,
            serving(regime) as exchange,
            _asking(books, exchange, time) as (info, watch),
        ):
            yield Stage(books, exchange, regime, time, info, watch)


@asynccontextmanager
async def _asking(
    books: Books, exchange: Exchange, time: StageClock
) -> AsyncGenerator[tuple[InfoClient, Watch]]:
    budget = SharedBudget(books.pool, upstream_host="test", weight_per_minute=NO_LIMIT)
    url = f"{exchange.url}/info"
    async with (
        InfoClient(url, budget=budget, clock=time) as info,
        InfoClient(url, budget=budget, clock=time, concurrency=24, tries=2) as positions,
    ):
        watch = Watch(
            leaderboard_url=f"{exchange.url}/leaderboard",
            fallback_url=None,
            positions=positions,
            budget=budget.snapshots(),
            exits_weight_max=NO_LIMIT // 2,
        )
        yield info, watch
