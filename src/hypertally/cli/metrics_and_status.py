"""The books: status, jobs, plan, rebuild, verify."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from hypertally import settings as program_settings
from hypertally.cli import runtime
from hypertally.errors import Refused
from hypertally.jobs import periodic
from hypertally.jobs.rebuild import rebuild, verify
from hypertally.jobs.runtime import queue
from hypertally.jobs.status import read_status
from hypertally.settings import Settings
from hypertally.sources.weights import BASE_WEIGHT
from hypertally.store.postgres import Pool, Role, open_pool

DEAD_SHOWN_MAX = 100
day_type = click.DateTime(formats=["%Y-%m-%d"])


@asynccontextmanager
async def _pool(settings: Settings, *, role: Role = "hypertally_worker") -> AsyncIterator[Pool]:
    async with runtime.migrated(settings) as url, open_pool(url, role=role, size=2) as pool:
        yield pool


@click.command(name="status")
@click.option("--json", "as_json", is_flag=True)
def status_command(*, as_json: bool) -> None:
    """Show the queue, how far the records reach, and the weight used."""
    settings = program_settings.read()

    async def read() -> dict[str, Any]:
        async with _pool(settings) as pool:
            return await read_status(pool)

    status = runtime.run(read())
    if as_json:
        runtime.echo_json_lines([status])
        return
    _show_status(status, weight_per_minute=settings.weight_per_minute)


def _show_status(status: dict[str, Any], *, weight_per_minute: int) -> None:
    console = Console()
    table = Table("job", "due", "waiting", "running", "dead", "late s", box=None)
    for job in status["jobs"]:
        names = ("kind", "due", "waiting", "running", "dead", "late_seconds")
        table.add_row(*(str(job[name]) for name in names))
    console.print(table)
    for title in ("wallets", "facts"):
        figures = ", ".join(
            f"{name.replace('_', ' ')} {value:,}" for name, value in status[title].items()
        )
        console.print(f"\n[bold]{title}[/bold]  {figures}", highlight=False)
    for spent in status["weight"]:
        console.print(
            f"\n[bold]weight[/bold]  {spent['egress']}: {spent['last_minute']} of "
            f"{weight_per_minute} in the last minute",
            highlight=False,
        )
    for alert in status["alerts"]:
        console.print(
            f"\n[bold]alerts[/bold]  {alert['type']}: {alert['firing']} firing, "
            f"{alert['acknowledged']} acknowledged",
            highlight=False,
        )
    for error in status["errors"]:
        console.print(
            f"job {error['id']} {error['kind']} ({error['status']}, attempt {error['attempts']}): "
            f"{error['last_error']}",
            highlight=False,
            markup=False,
        )


@click.group(name="jobs")
def jobs_group() -> None:
    """Jobs that used up their attempts."""


@jobs_group.command(name="dead")
@click.option("--json", "as_json", is_flag=True)
def jobs_dead(*, as_json: bool) -> None:
    """List dead jobs with their errors, newest first."""
    settings = program_settings.read()

    async def read() -> list[dict[str, Any]]:
        async with _pool(settings) as pool:
            return await queue.list_dead(pool, limit=DEAD_SHOWN_MAX)

    rows = runtime.run(read())
    if as_json:
        runtime.echo_json_lines(rows)
        return
    table = Table("id", "job", "attempts", "finished", "error", box=None)
    for row in rows:
        finished = row["finished_at"].isoformat(timespec="seconds")
        table.add_row(
            str(row["id"]), row["kind"], str(row["attempts"]), finished, row["last_error"]
        )
    Console().print(table if rows else "no dead jobs")


@jobs_group.command(name="requeue")
@click.argument("ids", nargs=-1, type=int)
@click.option("--all", "every", is_flag=True, help="Every dead job.")
def jobs_requeue(*, ids: tuple[int, ...], every: bool) -> None:
    """Queue dead jobs again, with all their attempts."""
    if bool(ids) == every:
        raise Refused("name the jobs to queue again, or say --all")
    settings = program_settings.read()

    async def requeue() -> int:
        async with _pool(settings) as pool:
            return await queue.requeue_dead(pool, None if every else ids)

    queued = runtime.run(requeue())
    click.echo(f"{queued} queued again")
    if queued < len(ids):
        raise click.exceptions.Exit(2)


@click.command(name="plan")
@click.option("--wallets", "count", type=click.IntRange(1), required=True)
def plan_command(*, count: int) -> None:
    """Say how often each of so many wallets can be looked at within the allowance."""
    settings = program_settings.read()
    polls = settings.weight_per_minute / BASE_WEIGHT
    minutes = count / polls
    click.echo(
        f"{count:,} wallets at {settings.weight_per_minute:,} weight a minute: "
        f"{polls:,.0f} looks a minute, each wallet every {minutes:,.1f} minutes if all are alike"
    )
    for within, seconds, _ in periodic.PACES:
        share = polls * seconds / 60
        hours = f"traded within {within.total_seconds() / 3600:g} h" if within else "idle longer"
        click.echo(f"  {hours}: every {seconds / 60:g} min, room for {share:,.0f} such wallets")


@click.command(name="rebuild")
@click.argument("metrics", nargs=-1)
@click.option("--from", "from_day", type=day_type)
@click.option("--to", "to_day", type=day_type)
@click.option("--engine", type=click.Choice(["postgres"]), default="postgres", show_default=True)
def rebuild_command(
    *, metrics: tuple[str, ...], from_day: datetime | None, to_day: datetime | None, engine: str
) -> None:
    """Delete metrics and compute them again from the facts."""
    chosen = rebuild.choose(metrics)
    if from_day and to_day and to_day < from_day:
        raise Refused(f"--to {to_day:%Y-%m-%d} lies before --from {from_day:%Y-%m-%d}")
    settings = program_settings.read()

    async def run() -> dict[str, int]:
        rows: dict[str, int] = {}
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        ) as bars:
            tasks: dict[str, Any] = {}
            async with _pool(settings) as pool:
                async for progress in rebuild.rebuild(
                    pool,
                    chosen,
                    from_day=from_day.date() if from_day else None,
                    to_day=to_day.date() if to_day else None,
                ):
                    name = progress.metric
                    tasks.setdefault(name, bars.add_task(name) if name not in tasks else None)
                    bars.update(tasks[name], completed=progress.done, total=progress.total)
                    rows[name] = progress.rows
        return rows

    for name, count in runtime.run(run()).items():
        click.echo(f"{name}: {count:,} rows rebuilt on {engine}")


@click.command(name="verify")
@click.argument("metrics", nargs=-1)
@click.option("--json", "as_json", is_flag=True)
def verify_command(*, metrics: tuple[str, ...], as_json: bool) -> None:
    """Recompute metrics beside the stored ones and compare digits and digests."""
    chosen = rebuild.choose(metrics)
    settings = program_settings.read()

    async def run() -> list[verify.Comparison]:
        async with _pool(settings, role="none") as pool:
            return await verify.verify(pool, chosen)

    verdicts = runtime.run(run())
    if as_json:
        runtime.echo_json_lines(verdicts)
    for verdict in [] if as_json else verdicts:
        waiting = f", {verdict.waiting} wait to be recomputed" if verdict.waiting else ""
        sealed = f", {verdict.sealed} rest on sealed facts" if verdict.sealed else ""
        click.echo(
            f"{verdict.metric}: {verdict.rows} rows, {verdict.differing} differ{waiting}{sealed}"
        )
        if verdict.first:
            click.echo(f"  first difference [stored, recomputed]: {verdict.first}")
    if any(verdict.differing for verdict in verdicts):
        raise click.exceptions.Exit(1)
