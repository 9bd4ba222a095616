"""Making a seed: the sandbox runs in a home of its own until its books are settled."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import click

from hypertally import settings as program_settings
from hypertally.cli import runtime
from hypertally.cli.exchange.sandbox_home import find_addresses, sandbox_folder
from hypertally.cli.exchange.seed_file import AboutSeed, write_seed
from hypertally.errors import TryLater
from hypertally.jobs.status import Status, read_status
from hypertally.settings import PREFIX, Settings
from hypertally.store.embedded.join import wait_until_stopped
from hypertally.store.migrate import newest_migration
from hypertally.store.postgres import Pool

LOOK_SECONDS: Final = 1.0
SETTLED_LOOKS: Final = 2  # in a row: a job that ends may queue another
STOP_SECONDS_MAX: Final = 60
#: what the first books are made by; other kinds, such as second readings, are never over
FIRST_KINDS: Final = frozenset(
    (
        "ingest_wallet",
        "ingest_twaps",
        "pull_prices",
        "pull_reference",
        "rollup_wallet_day",
        "rollup_global_day",
        "rollup_twaps",
    )
)


async def make_seed(output: Path, *, world: str, edition: int) -> None:
    """Let a world begin, wait until its books are settled, and pack it."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="seed-", dir=output.parent) as folder:
        own = program_settings.read({"home": folder, "database_url": None, "port": "0"})
        async with _running(own, world):
            await _wait_until_settled(own)
        await wait_until_stopped(sandbox_folder(own))
        about = AboutSeed(edition=edition, schema=newest_migration(), world=world)
        write_seed(sandbox_folder(own), about, output)


@asynccontextmanager
async def _running(own: Settings, world: str) -> AsyncGenerator[None]:
    """Run `up --sandbox` in a home; it has stopped cleanly at the end."""
    chosen = {"HOME": str(own.home), "PORT": "0", "DATABASE_URL": "", "SMART_MONEY": "off"}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hypertally",
        *("up", "--sandbox", "--world", world),
        env={**os.environ, **{PREFIX + name: value for name, value in chosen.items()}},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        while line := await process.stdout.readline():
            if b"token=" in line:
                break
        if not line:
            raise TryLater("the sandbox did not start: see the lines above")
        yield
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        async with asyncio.timeout(STOP_SECONDS_MAX):
            await process.communicate()


async def _wait_until_settled(own: Settings) -> None:
    """Wait until every wallet is read and nothing is due."""
    addresses = find_addresses(own)
    books = program_settings.read(addresses.overrides())
    async with runtime.migrated(books) as url, runtime.worker_pool(url) as pool:
        looks = 0
        while looks < SETTLED_LOOKS:
            looks = looks + 1 if await _is_settled(pool) else 0
            await asyncio.sleep(LOOK_SECONDS)


async def _is_settled(pool: Pool) -> bool:
    status = await read_status(pool)
    read = status.wallets.tracked - status.wallets.never_pulled
    _show(f"{read} of {status.wallets.tracked} wallets read")
    return read == status.wallets.tracked > 0 and not _is_busy(status)


def _show(progress: str) -> None:
    """One line that is written anew, on a terminal alone: a log needs none of it."""
    if sys.stderr.isatty():
        click.echo(f"\r{progress}", nl=False, err=True)


def _is_busy(status: Status) -> bool:
    counted = (job for job in status.jobs if job.kind in FIRST_KINDS)
    marks = status.facts.dirty_wallet_days + status.facts.dirty_global_days
    return marks + status.facts.dirty_twaps > 0 or any(job.due for job in counted)
