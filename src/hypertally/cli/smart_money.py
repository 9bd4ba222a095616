"""`hypertally smart-money`: watch the wallets of the leaderboard, minute by minute or once."""

import asyncio
from datetime import datetime
from typing import Any

import click
import msgspec

from hypertally.cli import database, results, runtime
from hypertally.cli.exchange.sandbox_home import read_settings
from hypertally.cli.options import day_type
from hypertally.cli.processes.worker import work
from hypertally.cli.smart_money_differences import print_differences
from hypertally.clock import system_clock
from hypertally.errors import Refused, TryLater
from hypertally.jobs.smart_money.snapshots import (
    ANSWERED_WITHIN,
    MINUTE,
    RecordedRun,
    begin_minute,
    floor_minute,
    read_run,
)
from hypertally.jobs.smart_money.universe import hurry_refresh, list_survivorship
from hypertally.jobs.worker import Options
from hypertally.records import ASSETS
from hypertally.settings import Settings
from hypertally.store.postgres import transaction

ALONE = Options(watching_alone=True)
ALONE_ONCE = Options(watching_alone=True, until_idle=True)


@click.command(name="smart-money")
@click.option(
    "--once", is_flag=True, help="Record the current minute (near its end the next), and stop."
)
@click.option("--refresh-universe", is_flag=True, help="First choose the watched wallets again.")
@click.option(
    "--survivors",
    is_flag=True,
    help="Only print the wallets that left the universe and their result since.",
)
@click.option("--differences", is_flag=True, help="Only print where and why two versions differ.")
@click.option(
    "--compare",
    nargs=2,
    type=click.Choice(("v1", "v2", "v3")),
    help="With --differences: these versions, v1 v2 or v2 v3.  [v1 v2]",
)
@click.option(
    "--asset", type=click.Choice(ASSETS), help="With --differences: this asset only.  [all]"
)
@click.option(
    "--from", "from_day", type=day_type, help="With --differences: the first day.  [the last day]"
)
@click.option("--to", "to_day", type=day_type, help="With --differences: the last day.  [today]")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="With --once or --differences: print JSON; --survivors always does.",
)
def smart_money_command(
    *,
    once: bool,
    refresh_universe: bool,
    survivors: bool,
    differences: bool,
    compare: tuple[str, str] | None,
    asset: str | None,
    from_day: datetime | None,
    to_day: datetime | None,
    as_json: bool,
) -> None:
    """Watch wallets: positions every minute, signals, alerts. Several may run at once."""
    if survivors and (once or refresh_universe):
        raise Refused("--survivors only prints: leave out --once and --refresh-universe")
    if differences and (once or refresh_universe or survivors):
        raise Refused(
            "--differences only prints: leave out --once, --refresh-universe and --survivors"
        )
    if not differences and (asset or from_day or to_day or compare):
        raise Refused("--compare, --asset, --from and --to need --differences")
    if as_json and not (once or survivors or differences):
        raise Refused("--json needs --once, --survivors or --differences: a watch prints no rows")
    runtime.configure_logs()
    settings = read_settings()
    if differences:
        print_differences(
            settings,
            versions=compare or ("v1", "v2"),
            asset=asset,
            days=(from_day, to_day),
            as_json=as_json,
        )
    elif survivors:
        results.echo_json_lines(runtime.run(_survivors(settings)))
    elif once:
        minute, recorded = runtime.run(_watch_once(settings, refresh=refresh_universe))
        report(minute, recorded, as_json=as_json)
    else:
        runtime.run(_watch(settings, refresh=refresh_universe))


async def _watch(settings: Settings, *, refresh: bool) -> None:
    if refresh:
        await _refresh(settings)
    await work(settings, ALONE, watching=True)


async def _watch_once(settings: Settings, *, refresh: bool) -> tuple[datetime, RecordedRun | None]:
    """Choose the universe if needed, record the current minute; the result of that minute."""
    async with database.migrated(settings) as url, database.worker_pool(url) as pool:
        if refresh:
            await _refresh(settings)
        await work(settings, ALONE_ONCE, watching=True)
        minute = await _next_minute()
        await begin_minute(pool, minute)
        await work(settings, ALONE_ONCE, watching=True)
        return minute, await read_run(pool, minute)


async def _next_minute() -> datetime:
    """The current minute; near its end the next minute, as soon as it begins."""
    at = system_clock()
    minute = floor_minute(at)
    if at < minute + ANSWERED_WITHIN:
        return minute
    await asyncio.sleep((minute + MINUTE - at).total_seconds())
    return minute + MINUTE


async def _refresh(settings: Settings) -> None:
    async with (
        database.migrated(settings) as url,
        database.worker_pool(url) as pool,
        transaction(pool) as connection,
    ):
        await hurry_refresh(connection)


def report(at: datetime, run: RecordedRun | None, *, as_json: bool) -> None:
    """Print the result of a minute.

    Errors: `TryLater` for a minute that another worker has not ended yet.
    """
    minute = f"{at:%Y-%m-%d %H:%M}"
    if run is None:
        raise TryLater(
            f"another worker is recording {minute}: run the command again in a minute, or leave it "
            "to that worker (`hypertally up` and `hypertally worker` record every minute)"
        )
    results.echo_result(
        f"{minute}: {run.status}, {run.wallets_ok} of {run.wallets} wallets answered, "
        f"{run.rows_written} rows in {run.duration_ms / 1000:.1f} s; {run.health}",
        {"minute": at, **msgspec.structs.asdict(run)},
        as_json=as_json,
    )
    if run.status == "failed":
        click.echo(run.error_text or "no wallet answered", err=True)
        raise click.exceptions.Exit(1)


async def _survivors(settings: Settings) -> list[dict[str, Any]]:
    async with database.migrated(settings) as url, database.worker_pool(url) as pool:
        return await list_survivorship(pool)
