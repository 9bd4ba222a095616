"""`hypertally archive`: seal days of facts as files, release, verify and restore them."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import date, datetime
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from hypertally.cli import database, kept_secrets, results, runtime
from hypertally.cli.exchange.sandbox_home import read_settings
from hypertally.cli.options import day_of, day_type, json_option, refuse_turned_days
from hypertally.clock import system_clock
from hypertally.flow import ARCHIVED
from hypertally.jobs.archive import seal as archive_seal
from hypertally.jobs.archive import verify_files
from hypertally.jobs.archive.verify_files import Proof, Seal, Step, Tell, Vault
from hypertally.settings import Settings
from hypertally.sources.object_store import ObjectStore
from hypertally.store.parquet_archive import Dataset, Manifest, signing_key
from hypertally.store.postgres import Pool, transaction

FOLDER = "archive"


@click.group(name="archive")
def archive_group() -> None:
    """Days of wallet snapshots as signed Parquet files."""


@archive_group.command(name="seal")
@click.option("--before", type=day_type, help="Days before this one alone.")
@click.option(
    "--release", is_flag=True, help="Delete sealed days that ended 9 days ago from the database."
)
@json_option
def seal_command(*, before: datetime | None, release: bool, as_json: bool) -> None:
    """Write each day that ended two days ago to the archive, and read it back."""
    bound = day_of(before)

    async def run(tell: Tell) -> tuple[list[Manifest], list[date]]:
        async with _opened() as (pool, vault):
            sealed: list[Manifest] = []
            released: list[date] = []
            for dataset in ARCHIVED:
                sealed += await archive_seal.seal_days(
                    pool, vault, dataset, before=bound, tell=tell
                )
                if release:
                    released += await archive_seal.release_days(
                        pool, vault, dataset, before=bound, tell=tell
                    )
            return sealed, released

    with _telling() as tell:
        sealed, released = runtime.run(run(tell))
    if as_json:
        results.echo_json_lines([_seal_row(manifest) for manifest in sealed])
        results.echo_json_lines({"day": day, "released": True} for day in released)
        return
    for manifest in sealed:
        size = sum(file.bytes for file in manifest.files)
        click.echo(f"{manifest.day}: {manifest.rows:,} rows sealed in {size:,} bytes")
    for day in released:
        click.echo(f"{day}: released")
    if not sealed and not released:
        click.echo("nothing to do: every closed day is sealed")


def _seal_row(manifest: Manifest) -> dict[str, object]:
    size = sum(file.bytes for file in manifest.files)
    return {"day": manifest.day, "sealed": True, "rows": manifest.rows, "bytes": size}


@archive_group.command(name="verify")
@click.option("--day", type=day_type, help="The files of this day alone.")
@json_option
def verify_command(*, day: datetime | None, as_json: bool) -> None:
    """Check the archive: manifests, signatures, hashes, rows and digests."""

    async def run() -> list[Proof]:
        async with _opened() as (pool, vault):
            return [await _verify(pool, vault, dataset, day) for dataset in ARCHIVED]

    proofs = runtime.run(run())
    if as_json:
        results.echo_json_lines(
            {"dataset": dataset.name, **msgspec.structs.asdict(proof)}
            for dataset, proof in zip(ARCHIVED, proofs, strict=True)
        )
        return
    click.echo(
        f"{sum(proof.manifests for proof in proofs)} manifests and "
        f"{sum(proof.files for proof in proofs)} files are right: "
        f"{sum(proof.rows for proof in proofs):,} rows in "
        f"{sum(proof.bytes for proof in proofs):,} bytes"
    )
    if unknown := sum(proof.unknown for proof in proofs):
        click.echo(f"{unknown} are not in the database yet: `hypertally archive seal` records them")


async def _verify(pool: Pool, vault: Vault, dataset: Dataset, day: datetime | None) -> Proof:
    async with transaction(pool) as connection:
        seals = await archive_seal.list_seals(connection, dataset)
    return await verify_files.verify(vault, dataset, seals, day=day_of(day))


@archive_group.command(name="list")
@json_option
def list_command(*, as_json: bool) -> None:
    """List the sealed days, and whether the database still holds them."""
    settings = read_settings()

    async def read() -> list[tuple[str, Seal]]:
        async with (
            database.migrated(settings) as url,
            database.worker_pool(url) as pool,
            transaction(pool) as connection,
        ):
            return [
                (dataset.name, seal)
                for dataset in ARCHIVED
                for seal in await archive_seal.list_seals(connection, dataset)
            ]

    seals = runtime.run(read())
    if as_json:
        results.echo_json_lines(
            {"dataset": name, **msgspec.structs.asdict(seal)} for name, seal in seals
        )
        return
    table = Table("day", "manifest", "rows", "bytes", "sealed", "verified", "released", box=None)
    for _, seal in seals:
        times = (seal.sealed_at, seal.verified_at, seal.released_at)
        shown = (time.isoformat(timespec="seconds") if time else "" for time in times)
        table.add_row(str(seal.day), str(seal.number), f"{seal.rows:,}", f"{seal.bytes:,}", *shown)
    results.open_console().print(table if seals else "nothing is sealed")


@archive_group.command(name="restore")
@click.option("--from", "from_day", type=day_type, required=True)
@click.option("--to", "to_day", type=day_type, required=True)
@json_option
def restore_command(*, from_day: datetime, to_day: datetime, as_json: bool) -> None:
    """Bring released days back into the database, unchanged."""
    refuse_turned_days(from_day, to_day)

    async def run(tell: Tell) -> list[date]:
        async with _opened() as (pool, vault):
            first, last = from_day.date(), to_day.date()
            return [
                day
                for dataset in ARCHIVED
                for day in await archive_seal.restore_days(
                    pool, vault, dataset, from_day=first, to_day=last, tell=tell
                )
            ]

    with _telling() as tell:
        days = runtime.run(run(tell))
    if as_json:
        results.echo_json_lines({"day": day, "restored": True} for day in days)
        return
    for day in days:
        click.echo(f"{day}: restored")
    if not days:
        click.echo("nothing to do: the database holds every sealed row of these days")


@asynccontextmanager
async def _opened() -> AsyncGenerator[tuple[Pool, Vault]]:
    """The database and its archive."""
    settings = read_settings()
    store = ObjectStore(_store_url(settings))
    key, *earlier = map(signing_key, kept_secrets.archive_secrets(settings))
    async with database.migrated(settings) as url, database.worker_pool(url) as pool:
        yield (
            pool,
            Vault(
                database_url=url,
                store=store,
                key=key,
                earlier_keys=tuple(earlier),
                clock=system_clock,
            ),
        )


def _store_url(settings: Settings) -> str:
    """The archive of the setting, which must exist; by default a folder under home."""
    if settings.seal_url:
        return settings.seal_url
    folder = Path(settings.home, FOLDER).absolute()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder.as_uri()


@contextmanager
def _telling() -> Generator[Tell]:
    """Show progress on a terminal, or a line for each step in a file or a pipe."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda step: click.echo(_said(step), err=True)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task("archive", total=None)
        yield lambda step: bars.update(task, description=_said(step))


def _said(step: Step) -> str:
    return f"{step.day}: {step.what}"
