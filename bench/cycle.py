"""A minute of two hundred watched wallets: fetched, written, judged; and its weight.

The rival is the first version's way: ten requests at a time, a row at a time, no anomalies.
"""

import asyncio
import time
from datetime import timedelta
from statistics import median

import httpx2
import psycopg

from bench.api import free_port, running_process
from bench.database import fresh_database
from bench.feeder import HOST
from bench.machine import announce
from bench.measuring import Claim, report_claims, show_times
from hypertally.cli.processes.worker import watch_of
from hypertally.clock import system_clock
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.resources import Resources
from hypertally.jobs.smart_money.snapshots import (
    SNAPSHOT_MINUTE,
    begin_minute,
    floor_minute,
    snapshot_minute,
)
from hypertally.jobs.smart_money.universe import hurry_refresh, refresh_universe
from hypertally.settings import Settings
from hypertally.store.postgres import open_pool

AIM_SECONDS = 2.0
AIM_WEIGHT = 400
LEADERS = 230
RIVAL_SIDE_BY_SIDE = 10
ROLE = "hypertally_worker"
ASSETS = ("HYPE", "BTC", "ETH")
_UPSERT = """
insert into rival_snapshots (minute, wallet, asset, szi, entry_px) values (%s, %s, %s, %s, %s)
on conflict (minute, wallet, asset) do update set szi = excluded.szi, entry_px = excluded.entry_px
"""
_TABLE = """
create table rival_snapshots (
    minute timestamptz, wallet text, asset text, szi numeric, entry_px numeric,
    primary key (minute, wallet, asset))
"""


async def run(*, minutes: int) -> None:
    """Ours and the rival's in turns, against the sandbox in a process of its own."""
    port = free_port()
    address = f"http://{HOST}:{port}"
    environment = {"BENCH_PORT": str(port), "BENCH_LEADERS": str(LEADERS)}
    with running_process(["-m", "bench.leaders"], environment, f"{address}/sandbox/stats"):
        async with fresh_database() as url:
            announce("a minute of the universe", url)
            settings = Settings(
                info_url=f"{address}/info",
                leaderboard_url=f"{address}/leaderboard",
                weight_per_minute=1_000_000,
            )
            async with (
                open_pool(url, role=ROLE, size=8) as pool,
                watch_of(settings, pool) as watch,
            ):
                ours, rival, weights = await _turns(
                    url,
                    address,
                    Resources(pool=pool, info=watch.positions, clock=system_clock, watch=watch),
                    minutes=minutes,
                )
    show_times("a minute of 200 wallets", {"ours": ours, "rival": rival}, unit="s")
    report_claims(
        (
            Claim(
                text="fetch, write, anomalies and health of 200 wallets, the slowest",
                measured=max(ours),
                bound=AIM_SECONDS,
                unit="s",
                at_least=False,
            ),
            Claim(
                text="weight of a minute", measured=median(weights), bound=AIM_WEIGHT, unit="of "
                "the allowance", at_least=False,
            ),
        )
    )  # fmt: skip


async def _turns(
    url: str, address: str, resources: Resources, *, minutes: int
) -> tuple[list[float], list[float], list[int]]:
    await choose_universe(resources)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_TABLE)
        rows = connection.execute("select wallet from metrics.wallet_universe_current").fetchall()
        wallets = [row[0] for row in rows]
        ours: list[float] = []
        rival: list[float] = []
        weights: list[int] = []
        first = floor_minute(system_clock())
        for number in range(minutes):
            before = _spent(connection)
            ours.append(await _minute(resources, number))
            weights.append(_spent(connection) - before)
            minute = first + timedelta(minutes=number)
            rival.append(await _rival(connection, address, wallets, minute.isoformat()))
    assert len(wallets) == AIM_WEIGHT // 2, f"the universe has {len(wallets)} wallets"
    return ours, rival, weights


async def choose_universe(resources: Resources) -> None:
    """Run the job that chooses the universe."""
    async with resources.pool.connection() as connection:
        await hurry_refresh(connection)
    [job] = await queue.claim(resources.pool, worker="bench", lease_seconds=60, limit=1)
    await refresh_universe(resources, job)


async def _minute(resources: Resources, number: int) -> float:
    await begin_minute(resources.pool, floor_minute(system_clock()) + timedelta(minutes=number))
    [job] = await queue.claim(
        resources.pool,
        worker="bench",
        lease_seconds=60,
        limit=1,
        only_kinds=[SNAPSHOT_MINUTE.name],
    )
    started = time.perf_counter()
    await snapshot_minute(resources, job)
    return time.perf_counter() - started


def _spent(connection: psycopg.Connection[tuple[int, ...]]) -> int:
    row = connection.execute("select coalesce(sum(weight), 0) from ops.weight_spends").fetchone()
    assert row is not None
    return int(row[0])


async def _rival(
    connection: psycopg.Connection[tuple[int, ...]], address: str, wallets: list[str], minute: str
) -> float:
    started = time.perf_counter()
    side_by_side = asyncio.Semaphore(RIVAL_SIDE_BY_SIDE)
    async with httpx2.AsyncClient(trust_env=False, timeout=10) as http:

        async def fetch(wallet: str) -> tuple[str, dict[str, dict[str, str]]]:
            request = {"type": "clearinghouseState", "user": wallet}
            async with side_by_side:
                answer = (await http.post(f"{address}/info", json=request)).json()
            positions = [entry["position"] for entry in answer["assetPositions"]]
            return wallet, {position["coin"]: position for position in positions}

        answers = await asyncio.gather(*map(fetch, wallets))
    with connection.transaction():
        for wallet, positions in answers:
            for asset in ASSETS:
                position = positions.get(asset, {"szi": "0", "entryPx": None})
                connection.execute(
                    _UPSERT, [minute, wallet, asset, position["szi"], position["entryPx"]]
                )
    return time.perf_counter() - started
