"""`hypertally status`: how fresh records are, and what was spent on them."""

from collections.abc import Iterator

import click
import msgspec
from rich.table import Table
from rich.text import Text

from hypertally.cli import database, results, runtime
from hypertally.cli.exchange.sandbox_home import read_settings
from hypertally.cli.options import json_option
from hypertally.jobs.smart_money.exits_budget import EXITS, EXITS_OF_SHARE
from hypertally.jobs.status import Status, read_status
from hypertally.settings import EXITS_WEIGHT_KEPT, EXITS_WEIGHT_MAX

WEIGHT_MAX_OF = {EXITS: EXITS_WEIGHT_MAX, EXITS_OF_SHARE: EXITS_WEIGHT_KEPT}  # in a minute


@click.command(name="status")
@json_option
def status_command(*, as_json: bool) -> None:
    """Show the queue, how far the records reach, and the weight used."""
    settings = read_settings()

    async def read() -> Status:
        async with database.open_database(settings) as pool:
            return await read_status(pool)

    status = runtime.run(read())
    if as_json:
        results.echo_json_lines([status])
        return
    _show_status(status, weight_per_minute=settings.weight_per_minute)


def _show_status(status: Status, *, weight_per_minute: int) -> None:
    console = results.open_console()
    table = Table("job", "due", "waiting", "running", "dead", "late s", "weight 10 min", box=None)
    for job in status.jobs:
        counts = (job.due, job.waiting, job.running, job.dead, job.late_seconds)
        table.add_row(job.kind, *map(str, counts), f"{job.weight_ten_minutes:,}")
    console.print(table)
    for title, words in _list_lines(status, weight_per_minute=weight_per_minute):
        console.print(Text.assemble("\n", (title, "bold"), "  ", words))
    for error in status.errors:
        console.print(
            f"job {error.id} {error.kind} ({error.status}, attempt {error.attempts}): "
            f"{error.last_error}"
        )


def _list_lines(status: Status, *, weight_per_minute: int) -> Iterator[tuple[str, str]]:
    """A title and its words, line by line."""
    for title, counts in (("wallets", status.wallets), ("facts", status.facts)):
        fields = msgspec.structs.asdict(counts).items()
        yield title, ", ".join(f"{name.replace('_', ' ')} {value:,}" for name, value in fields)
    for spent in status.weight:
        purpose = spent.egress.partition(" (")[2].removesuffix(")")
        limit = min(weight_per_minute, WEIGHT_MAX_OF.get(purpose, weight_per_minute))
        yield "weight", f"{spent.egress}: {spent.last_minute} of {limit} in the last minute"
    for pause in status.pauses:
        since = pause.since.isoformat(timespec="seconds")
        yield "down", f"{pause.upstream_host} since {since}: {pause.reason}"
    for alert in status.alerts:
        counted = f"{alert.firing} firing, {alert.acknowledged} acknowledged"
        yield "alerts", f"{alert.type}: {counted}"
