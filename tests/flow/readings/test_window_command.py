"""`hypertally pull fills --from --to` as a user has it: it asks, computes, and ends."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
from tests.flow.books import Books, Exchange, serving
from tests.flow.handmade import ALICE, BOB, fill, ms, world

from hypertally.jobs.wallet_pulls import pull_now

NOON = ms("2025-10-01T12:00")
DAY = ("--from", "2025-10-01", "--to", "2025-10-01")
COMMAND_SECONDS_MAX = 60
WORKER_SECONDS_MAX = 30
ORG_DAYS = "select count(*) from metrics.global_day_metrics"


def environment(books: Books, exchange: Exchange) -> dict[str, str]:
    return os.environ | {
        "HYPERTALLY_DATABASE_URL": books.url,
        "HYPERTALLY_INFO_URL": f"{exchange.url}/info",
        "HYPERTALLY_SMART_MONEY": "false",
    }


async def pull(books: Books, exchange: Exchange, *window: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "hypertally", "pull", "fills", "--wallet", ALICE, *window],
        env=environment(books, exchange),
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS_MAX,
        check=False,
    )


@asynccontextmanager
async def worker(books: Books, exchange: Exchange) -> AsyncGenerator[None]:
    """A worker process, from its first computed day on."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hypertally", "worker"),
        env=environment(books, exchange),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(WORKER_SECONDS_MAX):
            while not await books.value(ORG_DAYS):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        yield
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def unfinished_job(books: Books) -> AsyncGenerator[None]:
    """A job that is due and that nobody gets to: the queue is never empty."""
    async with await psycopg.AsyncConnection.connect(books.url) as connection:
        await connection.execute(
            "insert into ops.jobs (kind, payload) values ('ingest_wallet', %s) returning id",
            ['{"wallet_id": 0}'],
        )
        async with await psycopg.AsyncConnection.connect(books.url) as other:
            await connection.commit()
            await other.execute(
                "select from ops.jobs where payload = %s for update", ['{"wallet_id": 0}']
            )
            yield


async def marks(books: Books) -> int:
    return await books.value(
        "select (select count(*) from ops.dirty_wallet_days as d join tenancy.wallets as w "
        "on w.id = d.wallet_id where w.address = decode(%s, 'hex')) + "
        "(select count(*) from ops.dirty_global_days)",
        ALICE.removeprefix("0x"),
    )


async def test_a_window_is_asked_for_once_more_and_the_command_ends(
    books: Books, tmp_path: Path
) -> None:
    async with serving(world(tmp_path / "world", {ALICE: [fill(NOON)]})) as exchange:
        await books.track([ALICE])
        ended = await pull(books, exchange, *DAY)
    assert ended.returncode == 0
    assert ended.stdout == f"{ALICE}: 1 fills shown in 1 pages, 1 new, 0 conflicts, 0 rejects\n"
    assert await books.value("select sum(fills) from metrics.wallet_day_metrics") == 1
    orgs = await books.read("select dau from metrics.global_day_metrics order by org_id")
    assert [row["dau"] for row in orgs] == [1, 1], "of all tracked wallets, and of the org"
    assert await marks(books) == 0


async def test_beside_a_worker_it_ends_when_its_own_days_are_computed(
    books: Books, tmp_path: Path
) -> None:
    """Neither the rest of the queue nor a day that waits for other wallets holds it up."""
    fills = {ALICE: [fill(NOON)], BOB: [fill(NOON, tid=2)]}
    async with serving(world(tmp_path / "world", fills)) as exchange:
        await books.track([BOB])
        await pull_now(books.pool, None)
        async with worker(books, exchange), unfinished_job(books):
            await books.track([ALICE])
            ended = await pull(books, exchange, *DAY)
            assert ended.returncode == 0, ended.stderr
            orgs = await books.read("select dau from metrics.global_day_metrics order by org_id")
            assert [row["dau"] for row in orgs] == [2, 2]
    assert "computing the days of these wallets and of their orgs" in ended.stderr
