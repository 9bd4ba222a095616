"""Hours that pass in seconds for the program, its database and the exchange alike.

The database takes its time from functions of the same names that are found first: so leases, paces
and the allowance's minutes go by one clock, which the test alone moves; the worker is the real one.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg
from tests.flow.books import Exchange

from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.resources import Resources, Watch
from hypertally.jobs.runtime.shared_budget import SharedBudget
from hypertally.jobs.smart_money.snapshots import begin_minute, floor_minute
from hypertally.jobs.worker import POOL_SIZE, Worker
from hypertally.sources.info import InfoClient
from hypertally.store.postgres import Pool, open_pool

MINUTE = timedelta(minutes=1)
STEP_SECONDS_MAX = 120  # a step takes a second, far more on a busy machine
LOOK_SECONDS = 0.02
HOST = "exchange"
SCHEMA = """
    create schema virtual;
    grant usage on schema virtual to public;
"""
# A constant, so that it is a part of each plan: as a table it would be read for every row.
CLOCK = "create or replace function virtual.{} returns timestamptz language sql {} return {}"
CLOCKS = (("now()", "stable"), ("clock_timestamp()", "volatile"))
LEDGER = """
    alter table ops.weight_spends alter column at set default virtual.clock_timestamp()
"""
UNFINISHED = """
    select exists (select from ops.jobs where status = 'running'
        or status = 'queued' and run_at <= virtual.now())
"""
SPENT = """
    select purpose, sum(weight)::integer as weight
    from ops.weight_spends
    where egress in (%s, %s || ' (snapshots)')
    group by purpose
"""


@dataclass(slots=True, kw_only=True)
class Hours:
    """A worker with all it needs, in a time that the test moves on."""

    owner: psycopg.AsyncConnection[Any]  # of the database
    pool: Pool
    exchange: Exchange
    at: datetime
    resources: Resources = field(init=False)

    def clock(self) -> datetime:
        """The time as the program is told it."""
        return self.at

    async def execute(self, statement: Any, *values: Any) -> list[Any]:
        """Run a statement as the owner of the database; its rows."""
        cursor = await self.owner.execute(statement, values)
        return await cursor.fetchall() if cursor.description else []

    async def be_at(self, at: datetime) -> None:
        """Let the program and its database be at a time."""
        self.at = at
        await set_clocks(self.owner, at)

    async def step(self, delta: timedelta) -> None:
        """Let time pass, record the minute, and wait until nothing is due or running."""
        await self.exchange.advance(delta)
        await self.be_at(self.at + delta)
        await begin_minute(self.pool, floor_minute(self.clock()))
        await self.execute("select pg_notify(%s, '')", queue.CHANNEL)
        async with asyncio.timeout(STEP_SECONDS_MAX):
            while (await self.execute(UNFINISHED))[0][0]:  # noqa: ASYNC110
                await asyncio.sleep(LOOK_SECONDS)

    async def count_spends(self) -> dict[str, int]:
        """The weight in the ledger, by purpose."""
        return {str(purpose): weight for purpose, weight in await self.execute(SPENT, HOST, HOST)}

    async def forget_spends(self) -> None:
        """Empty the ledger."""
        await self.execute("delete from ops.weight_spends")


async def set_clocks(owner: psycopg.AsyncConnection[Any], at: datetime) -> None:
    """Let the functions of the database that tell the time tell this one."""
    for function, kind in CLOCKS:
        time = f"timestamptz '{at.isoformat()}'"
        await owner.execute(CLOCK.format(function, kind, time).encode())


@asynccontextmanager
async def _owner_of(url: str, *, start: datetime) -> AsyncGenerator[psycopg.AsyncConnection[Any]]:
    """A session of the owner of a database whose time begins then."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as owner:
        await owner.execute(SCHEMA)
        await set_clocks(owner, start)
        await owner.execute(LEDGER)
        name = psycopg.sql.Identifier(owner.info.dbname)
        path = psycopg.sql.SQL("alter database {} set search_path = virtual, pg_catalog, public")
        await owner.execute(path.format(name))
        yield owner


@asynccontextmanager
async def open_hours(
    url: str, exchange: Exchange, *, start: datetime, watched: int, weight_per_minute: int
) -> AsyncGenerator[Hours]:
    """The program at a time, before anything was asked."""
    async with (
        _owner_of(url, start=start) as owner,
        open_pool(url, role="hypertally_worker", size=POOL_SIZE) as pool,
    ):
        hours = Hours(owner=owner, pool=pool, exchange=exchange, at=start)
        budget = SharedBudget(pool, upstream_host=HOST, weight_per_minute=weight_per_minute)
        info_url = f"{exchange.url}/info"
        async with (
            InfoClient(info_url, budget=budget, clock=hours.clock) as info,
            InfoClient(info_url, budget=budget.snapshots(), clock=hours.clock) as positions,
        ):
            hours.resources = Resources(
                pool=pool,
                info=info,
                clock=hours.clock,
                weight_per_minute=weight_per_minute,
                watch=Watch(
                    leaderboard_url=f"{exchange.url}/leaderboard",
                    fallback_url=None,
                    positions=positions,
                    budget=budget.snapshots(),
                    universe_size=watched,
                ),
            )
            worker = Worker(hours.resources)
            working = asyncio.create_task(worker.run())
            try:
                yield hours
            finally:
                worker.stop()
                await working
