"""Making a seed: the sandbox runs in a home of its own until its books are settled."""

import asyncio
import fcntl
import os
import shutil
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Coroutine, Generator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from hypertally import settings as program_settings
from hypertally.cli import database
from hypertally.cli.exchange.sandbox_home import find_addresses, sandbox_folder
from hypertally.cli.exchange.seed_file import AboutSeed, write_seed
from hypertally.cli.exchange.seed_progress import SeedProgress
from hypertally.cli.exchange.seed_signals import make_signals
from hypertally.cli.exchange.seed_stories import hide_fills, show_fills
from hypertally.errors import Refused, TryLater
from hypertally.jobs.status import Status, read_status
from hypertally.settings import PREFIX, Settings
from hypertally.store.embedded.folder import take_lock
from hypertally.store.embedded.join import find_holder, wait_until_stopped
from hypertally.store.embedded.programs import die_with
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
    """Let a world begin, wait until its books are settled, and pack it.

    Errors: `Refused` while another process makes a seed in the same folder; `TryLater` when we are
    stopped, or the sandbox ends too early.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    with alone(output.parent):
        working = asyncio.create_task(_make_seed(output, world, edition))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, working.cancel)
        try:
            await working
        except asyncio.CancelledError:
            raise TryLater("stopped before the seed was made") from None


@contextmanager
def alone(folder: Path) -> Generator[None]:
    """Make the only seed in a folder."""
    held = os.open(folder, os.O_RDONLY)
    try:
        if not take_lock(held, fcntl.LOCK_EX):
            raise Refused(f"another process makes a seed in {folder}: wait until it has ended")
        yield
    finally:
        os.close(held)


async def _make_seed(output: Path, world: str, edition: int) -> None:
    folder = output.with_name(f"{output.name}.making")
    own = program_settings.read({"home": str(folder), "database_url": None, "port": "0"})
    home = sandbox_folder(own)
    await _remove(folder, home)  # what a killed command left
    try:
        hide_fills(home, world=world)
        async with _running(own, world) as process:
            await require_running(process, _make_books(own, world))
        await _wait_until_free(home)
        write_seed(home, AboutSeed(edition=edition, schema=newest_migration(), world=world), output)
    finally:
        await _remove(folder, home)


async def _remove(folder: Path, home: Path) -> None:
    """Remove the folder of a world, once nothing runs in its home any more."""
    if _is_there(folder):
        await _wait_until_free(home)
        shutil.rmtree(folder)


def _is_there(folder: Path) -> bool:
    return folder.exists()


async def _wait_until_free(home: Path) -> None:
    async with asyncio.timeout(STOP_SECONDS_MAX):
        while find_holder(home) is not None:  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(LOOK_SECONDS)
    if _is_there(home / "postgres"):
        await wait_until_stopped(home)


@asynccontextmanager
async def _running(own: Settings, world: str) -> AsyncGenerator[Process]:
    """Run `up --sandbox` in a home; it has stopped cleanly at the end."""
    chosen = {"HOME": str(own.home), "PORT": "0", "DATABASE_URL": "", "SMART_MONEY": "off"}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hypertally",
        *("up", "--sandbox", "--world", world),
        env={**os.environ, **{PREFIX + name: value for name, value in chosen.items()}},
        stdout=asyncio.subprocess.PIPE,
        preexec_fn=partial(die_with, os.getpid(), signal.SIGTERM),  # when we are killed outright
    )
    assert process.stdout is not None
    try:
        while line := await process.stdout.readline():
            if b"token=" in line:
                break
        if not line:
            raise TryLater("the sandbox did not start: see the lines above")
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        async with asyncio.timeout(STOP_SECONDS_MAX):
            await process.communicate()


async def require_running(process: Process, work: Coroutine[None, None, None]) -> None:
    """Do what rests on a process.

    Errors: `TryLater` when the process ends before.
    """
    working, ended = asyncio.create_task(work), asyncio.create_task(process.wait())
    try:
        await asyncio.wait((working, ended), return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            raise TryLater(
                f"the sandbox ended (code {ended.result()}) before its books were settled: "
                "no seed was made"
            )
        await working
    finally:
        working.cancel()
        ended.cancel()
        await asyncio.gather(working, ended, return_exceptions=True)


async def _make_books(own: Settings, world: str) -> None:
    """Make the signals of weeks, while the worker reads every wallet."""
    addresses = find_addresses(own)
    books = program_settings.read(addresses.overrides())
    progress = SeedProgress()
    async with database.migrated(books) as url, database.worker_pool(url) as pool:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(
                    make_signals(pool, addresses.state, world=world, progress=progress)
                )
                group.create_task(_wait_until_settled(pool, progress))
        except* (Refused, TryLater) as problems:
            raise problems.exceptions[0] from None
        await show_fills(own.home, addresses, world=world)
        await _wait_until_settled(pool, progress)


async def _wait_until_settled(pool: Pool, progress: SeedProgress) -> None:
    """Wait until every wallet is read and nothing is due."""
    looks = 0
    while looks < SETTLED_LOOKS:
        looks = looks + 1 if await _is_settled(pool, progress) else 0
        await asyncio.sleep(LOOK_SECONDS)


async def _is_settled(pool: Pool, progress: SeedProgress) -> bool:
    status = await read_status(pool)
    read = status.wallets.tracked - status.wallets.never_pulled
    progress.tell("wallets read", done=read, total=status.wallets.tracked)
    return read == status.wallets.tracked > 0 and not _is_busy(status)


def _is_busy(status: Status) -> bool:
    counted = (job for job in status.jobs if job.kind in FIRST_KINDS)
    marks = status.facts.dirty_wallet_days + status.facts.dirty_global_days
    return marks + status.facts.dirty_twaps > 0 or any(job.due for job in counted)
