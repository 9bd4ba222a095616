"""A day of watched wallets: its size in the table and as Parquet, and the seconds of each step."""

import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psycopg
from rich.table import Table

from bench import stored_minutes
from bench.database import fresh_database
from bench.machine import announce, calibrate, console
from hypertally.clock import system_clock
from hypertally.facts.smart_money.archived_snapshots import DATASET
from hypertally.jobs.archive import seal, verify_files
from hypertally.jobs.archive.verify_files import Step, Vault
from hypertally.sources.object_store import ObjectStore
from hypertally.store.parquet_archive import signing_key
from hypertally.store.postgres import Pool, open_pool, transaction

HOURS = 24
_BYTES = "select pg_total_relation_size(%s::regclass)"


async def run(*, wallets: int) -> None:
    """Seal, verify, release and restore a day of so many wallets."""
    async with fresh_database() as url:
        rows = stored_minutes.write(url, wallets=wallets, hours=HOURS)
        announce(f"a day of {wallets} wallets, {rows:,} snapshots", url)
        with (
            tempfile.TemporaryDirectory(prefix="hypertally-bench-") as folder,
            psycopg.connect(url) as connection,
        ):
            name = f"facts.wallet_snapshots_{stored_minutes.BEGIN:%Y_%m_%d}"
            size = connection.execute(_BYTES, [name]).fetchone()
            assert size is not None
            key = signing_key("a secret of this measurement")
            vault = Vault(
                database_url=url,
                store=ObjectStore(Path(folder).as_uri()),
                key=key,
                clock=system_clock,
            )
            connection.rollback()
            async with open_pool(url, role="hypertally_worker", size=3) as pool:
                times = await _steps(pool, vault)
            _show(size[0], _written(Path(folder)), times)


def _written(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.parquet"))


async def _steps(pool: Pool, vault: Vault) -> dict[str, float]:
    def silent(step: Step) -> None:
        del step

    options: dict[str, Any] = {"before": None, "tell": silent}
    day = stored_minutes.BEGIN.date()
    times = {"seal": await _timed(lambda: seal.seal_days(pool, vault, DATASET, **options))}
    async with transaction(pool) as connection:
        seals = await seal.list_seals(connection, DATASET)
    times["verify"] = await _timed(lambda: verify_files.verify(vault, DATASET, seals, day=None))
    times["verify again and release"] = await _timed(
        lambda: seal.release_days(pool, vault, DATASET, **options)
    )
    times["restore"] = await _timed(
        lambda: seal.restore_days(
            pool, vault, DATASET, from_day=day, to_day=day, tell=options["tell"]
        )
    )
    return times


async def _timed(work: Callable[[], Awaitable[Any]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


def _show(stored: int, written: int, times: dict[str, float]) -> None:
    table = Table("what", "measured", title="a sealed day")
    table.add_row("in the table, with indexes", f"{stored / 1e6:,.1f} MB")
    table.add_row("as Parquet", f"{written / 1e6:,.1f} MB")
    for name, seconds in times.items():
        table.add_row(name, f"{seconds:,.1f} s")
    console.print(table)
    calibrate()
