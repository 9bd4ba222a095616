"""`hypertally alerts`: where each alert stands, and acknowledging one that fires."""

from typing import Any

import click
from rich.console import Console
from rich.table import Table

from hypertally import settings as program_settings
from hypertally.cli import runtime
from hypertally.cli.alerts_test import test_command
from hypertally.jobs.alerts.check import acknowledge_alert, list_standings
from hypertally.jobs.alerts.state_machine import RULES, Standing

PIPE_WIDTH = 1000  # of a file or a pipe no line is broken: who reads that searches it


@click.group(name="alerts", invoke_without_command=True)
@click.option("--all", "quiet", is_flag=True, help="Those that never moved, too.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def alerts_group(context: click.Context, *, quiet: bool, as_json: bool) -> None:
    """List where alerts stand, what fires first; say that one is being looked at."""
    if context.invoked_subcommand is not None:
        return
    settings = program_settings.read()

    async def read() -> list[dict[str, Any]]:
        async with runtime.migrated(settings) as url, runtime.worker_pool(url) as pool:
            return await list_standings(pool, quiet=quiet)

    rows = runtime.run(read())
    if as_json:
        runtime.echo_json_lines(rows)
    else:
        _show(rows)


def _show(rows: list[dict[str, Any]]) -> None:
    if not rows:
        click.echo("no alert has moved yet: `hypertally alerts --all` lists what is watched")
        return
    table = Table("state", "level", "type", "subject", "since (UTC)", "why", box=None)
    for row in rows:
        since = f"{row['since']:%Y-%m-%d %H:%M:%S}" if row["since"] else ""
        names = ("state", "level", "type", "subject")
        table.add_row(*(row[name] for name in names), since, row["reason"])
    console = Console()
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    console.print(table, highlight=False)


@alerts_group.command(name="acknowledge")
@click.argument("name", metavar="TYPE", type=click.Choice(list(RULES)))
@click.argument("subject")
@click.option("--by", envvar="USER", required=True, help="Who looks at it; else $USER.")
@click.option("--reason", default="", help="What is known, or done about it.")
def acknowledge_command(*, name: str, subject: str, by: str, reason: str) -> None:
    """Say that somebody looks at an alert that fires. It is resolved when its cause is over."""
    settings = program_settings.read()

    async def note() -> Standing:
        async with runtime.migrated(settings) as url, runtime.worker_pool(url) as pool:
            return await acknowledge_alert(pool, name, subject, by=by, reason=reason)

    standing = runtime.run(note())
    click.echo(f"{standing.type} {standing.subject}: acknowledged by {by}")


alerts_group.add_command(test_command)
