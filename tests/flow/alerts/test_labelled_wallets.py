"""A trade of a labelled wallet: from the exchange's answer to a webhook, once."""

import asyncio
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from tests.flow.alerts.receivers import webhook
from tests.flow.books import Books, milliseconds
from tests.flow.handmade import ALICE, fill, holding
from tests.flow.scripted import Scripted, scripted

from hypertally.clock import system_clock
from hypertally.jobs import wallet_pulls
from hypertally.jobs.runtime.resources import Resources
from hypertally.jobs.worker import Options, Worker
from hypertally.sources.notifications import Channels, open_channels

COMMAND = Path(sys.executable).with_name("hypertally")
PATIENCE_SECONDS = 60
SECOND = timedelta(seconds=1)


async def run(books: Books, home: Path, *arguments: str) -> str:
    """The output of a command on these books."""
    done = await asyncio.to_thread(
        subprocess.run,
        [COMMAND, *arguments],
        env=os.environ | {"HYPERTALLY_HOME": str(home), "HYPERTALLY_DATABASE_URL": books.url},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def work(books: Books, scene: Scripted, channels: Channels) -> None:
    """Pull every wallet, compute, and check alerts, by workers that tell these channels."""
    await wallet_pulls.pull_now(books.pool, None)
    due = 1
    while due:
        await run_worker(books, scene, channels)
        due = await books.make_due()
    await books.execute("update ops.jobs set run_at = now() where kind = 'housekeeping'")
    await run_worker(books, scene, channels)


async def run_worker(books: Books, scene: Scripted, channels: Channels) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS), books._info(scene.exchange) as info:
        resources = Resources(pool=books.pool, info=info, clock=books.clock, channels=channels)
        await Worker(resources, Options(until_idle=True)).run()


@pytest.mark.parametrize("orders", [1, 100])
async def test_an_open_and_its_close_reach_a_webhook_once(
    books: Books, tmp_path: Path, orders: int
) -> None:
    size = 1_300 // orders
    with scripted() as scene:
        async with webhook() as hook:
            channels = open_channels(f"json://127.0.0.1:{hook.port}/alerts")
            await books.track([ALICE])
            await books.pull(scene.exchange)
            printed = await run(books, tmp_path, "wallets", "label", ALICE, "Alice & co")
            assert printed == f"{ALICE} is called Alice & co\n"
            first_ms = milliseconds(system_clock())
            scene.fills += [
                fill(first_ms + n, coin="ETH", px="2500", sz=str(size), startPosition=str(n * size))
                for n in range(orders)
            ]
            scene.state = holding(first_ms + 1_000, ETH=str(size * orders))
            books.later += timedelta(minutes=2)
            for _ in range(2):
                await work(books, scene, channels)
            scene.fills.append(
                fill(
                    first_ms + 60_000,
                    coin="ETH",
                    px="2500",
                    sz=str(size * orders),
                    side="A",
                    startPosition=str(size * orders),
                    dir="Close Long",
                )
            )
            scene.state = holding(first_ms + 61_000)
            books.later += timedelta(minutes=2)
            for _ in range(2):
                await work(books, scene, channels)
            titles = [body["title"] for body in hook.bodies if "wallet" in body["title"]]
            bodies = hook.messages
    name = f"Alice & co ({ALICE[:6]}..{ALICE[-4:]})"
    subject = f"[medium] wallet {ALICE}/ETH/default"
    assert titles == [
        f"{subject}: {name} opened long 1,300 ETH (about $3.2M)",
        f"{subject}: {name} closed long 1,300 ETH (about $3.2M)",
    ]
    assert "notional_usd: 3250000" in bodies[0]
