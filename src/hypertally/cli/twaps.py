"""`hypertally twap`: read TWAPs from the objects of a store or from a file: statuses, or fills."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from hypertally.cli import database, results, runtime
from hypertally.cli.exchange.sandbox_home import read_settings
from hypertally.clock import system_clock
from hypertally.errors import Refused
from hypertally.jobs.runtime.resources import TwapSource
from hypertally.jobs.twaps import object_import, rollup
from hypertally.jobs.twaps.fill_objects import FILLS
from hypertally.jobs.twaps.ingest_log import Reading
from hypertally.jobs.twaps.object_choice import Choice
from hypertally.jobs.twaps.object_import import ObjectKind
from hypertally.jobs.twaps.status_objects import STATUSES
from hypertally.settings import PREFIX, Settings
from hypertally.sources.object_store import ObjectStore

FILLS_PREFIX = "node_fills_by_block/hourly"  # where the exchange's own archive has fills since 2025


class _IsoTime(click.ParamType[datetime]):
    """A day or a time, with a fraction and a zone if need be; UTC unless it names a zone."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read the time.

        Errors: `click.UsageError` that names the value and what is expected.
        """
        try:
            time = datetime.fromisoformat(str(value))
            return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no time: write 2026-11-20 or 2026-11-20T08:30:00.5+01:00",
                      param, ctx)  # fmt: skip


@click.group(name="twap")
def twap_group() -> None:
    """TWAP orders from the TWAP source."""


@twap_group.command(name="ingest")
@click.option(
    "--fills",
    is_flag=True,
    help="Read fills of an archive instead (HYPERTALLY_ARCHIVE_URL), and keep those of TWAPs.",
)
@click.option(
    "--prefix",
    default="",
    help=f"Read the objects below this folder of the store; of fills {FILLS_PREFIX} by default.",
)
@click.option("--incremental", is_flag=True, help="Read each object that was not read yet.")
@click.option(
    "--since",
    type=_IsoTime(),
    help="Read the objects changed since this time; with --incremental those not read yet.",
)
@click.option("--object-key", help="Read the object with this key, as a listing shows it.")
@click.option(
    "--local-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Read a file of this machine.",
)
@click.option(
    "--parallel",
    type=click.IntRange(1, 16),
    default=object_import.PARALLEL,
    show_default=True,
    help="The number of objects read at the same time.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each object.")
def ingest_command(
    *,
    fills: bool,
    prefix: str,
    incremental: bool,
    since: datetime | None,
    object_key: str | None,
    local_file: Path | None,
    parallel: int,
    as_json: bool,
) -> None:
    """Read TWAP statuses, or fills of TWAPs, from objects; reading one twice adds nothing."""
    if sum((incremental or since is not None, bool(object_key), local_file is not None)) != 1:
        raise Refused("choose one of --incremental, --since, --object-key and --local-file")
    if fills and incremental and since is None:
        raise Refused("an archive of fills holds hundreds of gigabytes: name --since as well")
    runtime.configure_logs()
    settings = read_settings()
    choice = Choice(
        incremental=incremental,
        since=since,
        key=local_file.name if local_file else object_key,
        prefix=prefix or (FILLS_PREFIX if fills else ""),
        is_local=local_file is not None,
    )
    url = local_file.resolve().parent.as_uri() if local_file else _source_url(settings, fills=fills)
    kind = FILLS if fills else STATUSES
    with _bars() as bars:
        readings = runtime.run(_ingest(settings, url, choice, bars, kind=kind, parallel=parallel))
    if local_file:
        _refuse_unreadable(local_file, readings[0])
    _report(readings, as_json=as_json)
    if any(reading.is_failed for reading in readings):
        raise click.exceptions.Exit(1)


def _source_url(settings: Settings, *, fills: bool) -> str:
    """Where the objects are.

    Errors: `Refused` when that is not known of this exchange.
    """
    url = settings.fills_archive if fills else settings.twap_source
    if url is None:
        name = f"{PREFIX}{'ARCHIVE' if fills else 'TWAP'}_URL"
        raise Refused(f"{name} is not set, and only mainnet has a default: name the source")
    return url


def _refuse_unreadable(path: Path, reading: Reading) -> None:
    """Raise `Refused` for a file that was named and could not be read to its end."""
    if reading.skipped:
        raise Refused(f"{path}: nothing to read, {reading.skipped}")
    if reading.error_text:
        stored = reading.rows_ingested + reading.rows_repeated
        part = f"after {stored:,} rows, which are stored" if stored else "nothing of it is stored"
        raise Refused(f"{path} cannot be read to its end, {part}: {reading.error_text}")


async def _ingest(
    settings: Settings,
    url: str,
    choice: Choice,
    bars: Progress,
    *,
    kind: ObjectKind,
    parallel: int,
) -> list[Reading]:
    store = ObjectStore(url)
    tasks: dict[str, Any] = {}

    def show(reading: Reading) -> None:
        key = reading.s3_object_key
        if key not in tasks:
            tasks[key] = bars.add_task(key, total=None)
        bars.update(tasks[key], description=_line(reading))

    async with (
        database.migrated(settings) as database_url,
        database.worker_pool(database_url) as pool,
    ):
        source = TwapSource(database_url=database_url, store=store)
        readings = await object_import.import_objects(
            pool,
            source,
            choice,
            kind=kind,
            clock=system_clock,
            progress=show,
            parallel=parallel,
        )
        await rollup.rollup_marked(pool, clock=system_clock)
    return readings


def _bars() -> Progress:
    console = Console(stderr=True)
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _report(readings: list[Reading], *, as_json: bool) -> None:
    if as_json:
        results.echo_json_lines([msgspec.structs.asdict(reading) for reading in readings])
        return
    for reading in readings:
        if reading.skipped:
            click.echo(f"{reading.s3_object_key}: skipped, {reading.skipped}")
            continue
        click.echo(_line(reading))
        for reason, rows in reading.reject_reasons.items():
            click.echo(f"  {rows:,} rejected: {reason}")
        for warning in reading.warnings:
            click.echo(f"  {warning}")
        if reading.error_text:
            click.echo(f"  not read to its end: {reading.error_text}")
        elif reading.is_refused:
            click.echo("  every row was refused")
    added = sum(reading.rows_ingested for reading in readings)
    noun = (
        "fills of TWAPs" if any(reading.content == "fills" for reading in readings) else "statuses"
    )
    skipped = sum(reading.skipped is not None for reading in readings)
    click.echo(
        f"{len(readings) - skipped} objects read"
        f"{f', {skipped} skipped' if skipped else ''}, {added:,} new {noun}"
    )


def _line(reading: Reading) -> str:
    return (
        f"{reading.s3_object_key}: {reading.rows_ingested:,} new, "
        f"{reading.rows_repeated:,} repeated, {reading.rows_rejected:,} rejected"
    )
