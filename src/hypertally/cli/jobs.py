"""`hypertally pull` and `hypertally jobs`: pull facts now; jobs that used up their attempts."""

from datetime import UTC, datetime

import click
import msgspec
from rich.table import Table

from hypertally.cli import database, results, runtime
from hypertally.cli.exchange.sandbox_home import read_settings
from hypertally.cli.options import json_option, read_time
from hypertally.cli.processes.worker import info_client, work
from hypertally.clock import milliseconds, system_clock
from hypertally.errors import Refused, TryLater
from hypertally.facts.activity.rejects import BEGINNING
from hypertally.jobs import wallet_pulls
from hypertally.jobs.activity import tracked_wallets
from hypertally.jobs.activity.fill_sweep import Pulled
from hypertally.jobs.activity.pull_fills import pull_window
from hypertally.jobs.activity.rollup import compute_now
from hypertally.jobs.activity.running_twaps import hurry_twaps
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.source_pause import list_pauses
from hypertally.jobs.worker import Options
from hypertally.settings import Settings
from hypertally.store.postgres import Pool, transaction
from hypertally.tenancy.addresses import read_address

DEAD_SHOWN_MAX = 100


@click.group(name="jobs")
def jobs_group() -> None:
    """Jobs that used up their attempts."""


@jobs_group.command(name="dead")
@json_option
def jobs_dead(*, as_json: bool) -> None:
    """List dead jobs with their errors, newest first."""
    settings = read_settings()

    async def read() -> list[queue.DeadJob]:
        async with database.open_database(settings) as pool:
            return await queue.list_dead(pool, limit=DEAD_SHOWN_MAX)

    rows = runtime.run(read())
    if as_json:
        results.echo_json_lines(rows)
        return
    table = Table("id", "job", "attempts", "finished", "error", box=None)
    for row in rows:
        finished = row.finished_at.isoformat(timespec="seconds")
        table.add_row(str(row.id), row.kind, str(row.attempts), finished, row.last_error)
    results.open_console().print(table if rows else "no dead jobs")


@jobs_group.command(name="requeue")
@click.argument("ids", nargs=-1, type=click.IntRange(1, 2**63 - 1))
@click.option("--all", "every", is_flag=True, help="Queue every dead job again.")
@json_option
def jobs_requeue(*, ids: tuple[int, ...], every: bool, as_json: bool) -> None:
    """Queue dead jobs again, with all their attempts."""
    if bool(ids) == every:
        raise Refused("name the jobs to queue again, or give --all, not both")
    settings = read_settings()

    async def requeue() -> int:
        async with database.open_database(settings) as pool:
            return await queue.requeue_dead(pool, None if every else list(ids))

    queued = runtime.run(requeue())
    results.echo_result(f"{queued} queued again", {"queued": queued}, as_json=as_json)
    if queued < len(ids):
        raise click.exceptions.Exit(2)


@click.group(name="pull")
def pull_group() -> None:
    """Pull facts from the exchange."""


@pull_group.command(name="fills")
@click.option(
    "--wallet", "addresses", multiple=True, help="Pull this wallet only; may be repeated."
)
@click.option("--once", is_flag=True, help="Stop when all due jobs are done.")
@click.option("--from", "from_text", help="Ask again from this time on: 2026-10-01, or with zone.")
@click.option("--to", "to_text", help="Ask again up to this time; a day is meant whole.")
@json_option
def pull_fills(
    *,
    addresses: tuple[str, ...],
    once: bool,
    from_text: str | None,
    to_text: str | None,
    as_json: bool,
) -> None:
    """Pull the fills of the tracked wallets now, and compute their metrics.

    With --from and --to, ask for this window of the named wallets once more, and stop.
    """
    runtime.configure_logs()
    settings = read_settings()
    checked = [read_address(address) for address in addresses]
    if from_text is None and to_text is None:
        pulled = runtime.run(_pull_all(settings, checked, once=once))
        results.echo_result(f"{pulled} wallets pulled", {"wallets": pulled}, as_json=as_json)
        return
    if from_text is None or to_text is None or not checked:
        raise Refused("a window needs all of --wallet, --from and --to")
    from_at = read_time("--from", from_text)
    to_at = read_time("--to", to_text, is_end=True)
    if to_at < from_at:
        raise Refused(f"--to {to_text} lies before --from {from_text}")
    if to_at < BEGINNING:
        raise Refused(
            f"--to {to_text} lies before {BEGINNING:%Y-%m-%d}: the exchange has no earlier fill"
        )
    if from_at > system_clock():
        raise Refused(f"--from {from_text} lies in the future: no fill can be shown yet")
    pulled_by_address = runtime.run(_pull_window(settings, checked, max(from_at, BEGINNING), to_at))
    for address, result in pulled_by_address.items():
        results.echo_result(
            f"{address}: {result.rows} fills shown in {result.pages} pages, "
            f"{result.fills} new, {result.conflicts} conflicts, {result.rejects} rejects",
            {"wallet": address, **msgspec.structs.asdict(result)},
            as_json=as_json,
        )


async def _pull_all(settings: Settings, addresses: list[str], *, once: bool) -> int:
    """Hurry the pulls and work; how many wallets.

    Errors: `TryLater` when jobs died, or the exchange is down.
    """
    async with database.migrated(settings) as url, database.worker_pool(url) as pool:
        chosen = await wallet_pulls.pull_now(pool, addresses or None)
        await work(settings, Options(until_idle=once))
        await _require_exchange(pool)
        if await queue.list_dead(pool, limit=1):
            raise TryLater("some jobs are dead: `hypertally jobs dead` lists them")
    return chosen


async def _pull_window(
    settings: Settings, addresses: list[str], from_at: datetime, to_at: datetime
) -> dict[str, Pulled]:
    """Ask for a window of each wallet, and compute the days that change; by address."""
    async with (
        database.migrated(settings) as url,
        database.worker_pool(url) as pool,
        info_client(pool, settings) as info,
    ):
        window = (max(0, milliseconds(from_at)), milliseconds(to_at))
        results: dict[str, Pulled] = {}
        wallets = await tracked_wallets.list_tracked(pool, addresses)
        _echo_step("asking the exchange; beside a worker, a request waits for weight to be free")
        for wallet in wallets:
            pulled = await pull_window(pool, info, wallet, from_ms=window[0], until_ms=window[1])
            results[wallet.address] = pulled
            if pulled.twaps:
                async with transaction(pool) as connection:
                    await hurry_twaps(connection, wallet.id)
        _echo_step("computing the days of these wallets and of their orgs")
        await compute_now(pool, [wallet.id for wallet in wallets], clock=system_clock)
    return results


def _echo_step(words: str) -> None:
    """Say what takes its time, beside the result."""
    click.echo(words, err=True)


async def _require_exchange(pool: Pool) -> None:
    for pause in await list_pauses(pool):
        since = pause.since.astimezone(UTC).isoformat(timespec="seconds")
        raise TryLater(f"{pause.upstream_host} is down since {since}: {pause.reason}")
