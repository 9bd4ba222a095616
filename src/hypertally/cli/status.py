"""`hypertally status` and `hypertally plan`: how fresh records are, and how fresh they can be."""

import click
import msgspec
from rich.console import Console
from rich.table import Table

from hypertally import settings as program_settings
from hypertally.cli import runtime
from hypertally.cli.options import json_option
from hypertally.jobs import periodic
from hypertally.jobs.status import Status, read_status
from hypertally.sources.weights import BASE_WEIGHT


@click.command(name="status")
@json_option
def status_command(*, as_json: bool) -> None:
    """Show the queue, how far the records reach, and the weight used."""
    settings = program_settings.read()

    async def read() -> Status:
        async with runtime.open_database(settings) as pool:
            return await read_status(pool)

    status = runtime.run(read())
    if as_json:
        runtime.echo_json_lines([status])
        return
    _show_status(status, weight_per_minute=settings.weight_per_minute)


def _show_status(status: Status, *, weight_per_minute: int) -> None:
    console = Console()
    table = Table("job", "due", "waiting", "running", "dead", "late s", box=None)
    for job in status.jobs:
        figures = (job.due, job.waiting, job.running, job.dead, job.late_seconds)
        table.add_row(job.kind, *map(str, figures))
    console.print(table)
    for title, counts in (("wallets", status.wallets), ("facts", status.facts)):
        words = ", ".join(
            f"{name.replace('_', ' ')} {value:,}"
            for name, value in msgspec.structs.asdict(counts).items()
        )
        console.print(f"\n[bold]{title}[/bold]  {words}", highlight=False)
    for spent in status.weight:
        console.print(
            f"\n[bold]weight[/bold]  {spent.egress}: {spent.last_minute} of "
            f"{weight_per_minute} in the last minute",
            highlight=False,
        )
    for pause in status.pauses:
        console.print(
            f"\n[bold]down[/bold]  {pause.upstream_host} since "
            f"{pause.since.isoformat(timespec='seconds')}: {pause.reason}",
            highlight=False,
        )
    for alert in status.alerts:
        console.print(
            f"\n[bold]alerts[/bold]  {alert.type}: {alert.firing} firing, "
            f"{alert.acknowledged} acknowledged",
            highlight=False,
        )
    for error in status.errors:
        console.print(
            f"job {error.id} {error.kind} ({error.status}, attempt {error.attempts}): "
            f"{error.last_error}",
            highlight=False,
            markup=False,
        )


@click.command(name="plan")
@click.option(
    "--wallets", "count", type=click.IntRange(1), required=True, help="The number of wallets."
)
def plan_command(*, count: int) -> None:
    """Tell how often each of N wallets can be pulled within the allowed request weight."""
    settings = program_settings.read()
    polls = settings.weight_per_minute / BASE_WEIGHT
    minutes = count / polls
    click.echo(
        f"{count:,} wallets at {settings.weight_per_minute:,} weight a minute: "
        f"{polls:,.0f} looks a minute, each wallet every {minutes:,.1f} minutes if all are alike"
    )
    for pace in periodic.PACES:
        within, seconds = pace.active_within, pace.seconds
        share = polls * seconds / 60
        hours = f"traded within {within.total_seconds() / 3600:g} h" if within else "idle longer"
        click.echo(f"  {hours}: every {seconds / 60:g} min, room for {share:,.0f} such wallets")
