"""`hypertally jobs`: jobs that used up their attempts, and a new start for them."""

import click
from rich.console import Console
from rich.table import Table

from hypertally import settings as program_settings
from hypertally.cli import runtime
from hypertally.cli.options import json_option
from hypertally.errors import Refused
from hypertally.jobs.runtime import queue

DEAD_SHOWN_MAX = 100


@click.group(name="jobs")
def jobs_group() -> None:
    """Jobs that used up their attempts."""


@jobs_group.command(name="dead")
@json_option
def jobs_dead(*, as_json: bool) -> None:
    """List dead jobs with their errors, newest first."""
    settings = program_settings.read()

    async def read() -> list[queue.DeadJob]:
        async with runtime.open_database(settings) as pool:
            return await queue.list_dead(pool, limit=DEAD_SHOWN_MAX)

    rows = runtime.run(read())
    if as_json:
        runtime.echo_json_lines(rows)
        return
    table = Table("id", "job", "attempts", "finished", "error", box=None)
    for row in rows:
        finished = row.finished_at.isoformat(timespec="seconds")
        table.add_row(str(row.id), row.kind, str(row.attempts), finished, row.last_error)
    Console().print(table if rows else "no dead jobs")


@jobs_group.command(name="requeue")
@click.argument("ids", nargs=-1, type=click.IntRange(1, 2**63 - 1))
@click.option("--all", "every", is_flag=True, help="Queue every dead job again.")
def jobs_requeue(*, ids: tuple[int, ...], every: bool) -> None:
    """Queue dead jobs again, with all their attempts."""
    if bool(ids) == every:
        raise Refused("name the jobs to queue again, or give --all, not both")
    settings = program_settings.read()

    async def requeue() -> int:
        async with runtime.open_database(settings) as pool:
            return await queue.requeue_dead(pool, None if every else ids)

    queued = runtime.run(requeue())
    click.echo(f"{queued} queued again")
    if queued < len(ids):
        raise click.exceptions.Exit(2)
