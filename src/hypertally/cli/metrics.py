"""`hypertally rebuild` and `hypertally verify`: compute metrics again, and compare them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from hypertally.cli import database, results, runtime
from hypertally.cli.exchange.sandbox_home import read_settings
from hypertally.cli.options import day_of, day_type, json_option, refuse_turned_days
from hypertally.jobs.rebuild import published_changes, rebuild, verify
from hypertally.jobs.rebuild.differences import Difference
from hypertally.jobs.rebuild.published_changes import ChangedColumn


@click.command(name="rebuild")
@click.argument("metrics", nargs=-1)
@click.option("--from", "from_day", type=day_type, help="The first day.  [the first of all]")
@click.option("--to", "to_day", type=day_type, help="The last day.  [the last of all]")
@click.option("--engine", type=click.Choice(["postgres"]), default="postgres", show_default=True)
@json_option
def rebuild_command(
    *,
    metrics: tuple[str, ...],
    from_day: datetime | None,
    to_day: datetime | None,
    engine: str,
    as_json: bool,
) -> None:
    """Delete metrics and compute them again from the facts; all metrics if none is named."""
    chosen = rebuild.choose(metrics)
    refuse_turned_days(from_day, to_day)
    settings = read_settings()

    async def run() -> tuple[dict[str, int], list[ChangedColumn]]:
        rows: dict[str, int] = {}
        with _progress_bars() as bars:
            tasks: dict[str, TaskID] = {}
            async with database.open_database(settings) as pool:
                last = await published_changes.last_restatement(pool)
                async for progress in rebuild.rebuild(
                    pool, chosen, from_day=day_of(from_day), to_day=day_of(to_day)
                ):
                    name = progress.metric
                    if name not in tasks:
                        tasks[name] = bars.add_task(name)
                    bars.update(tasks[name], completed=progress.done, total=progress.total)
                    rows[name] = progress.rows
                changes = await published_changes.list_changes(pool, after=last)
        return rows, changes

    rows, changes = runtime.run(run())
    if as_json:
        results.echo_json_lines(
            {
                "metric": name,
                "rows": count,
                "engine": engine,
                "changes": [change for change in changes if change.metric == name],
            }
            for name, count in rows.items()
        )
        return
    for name, count in rows.items():
        click.echo(f"{name}: {count:,} rows rebuilt on {engine}")
        for change in changes:
            if change.metric == name:
                click.echo(f"  {_describe_change(change)}")


def _describe_change(change: ChangedColumn) -> str:
    largest = "" if change.largest is None else f", by at most {change.largest:f}"
    plural = "" if change.rows == 1 else "s"
    return (
        f"published {change.column} changed in {change.rows:,} row{plural}{largest} "
        f"({change.cause})"
    )


def _progress_bars() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


@click.command(name="verify")
@click.argument("metrics", nargs=-1)
@json_option
def verify_command(*, metrics: tuple[str, ...], as_json: bool) -> None:
    """Compute metrics again beside the stored rows, and show the first rows that differ."""
    chosen = rebuild.choose(metrics)
    settings = read_settings()

    async def run() -> list[verify.Comparison]:
        async with database.open_database(settings, size=1) as pool:
            return await verify.verify(pool, chosen)

    comparisons = runtime.run(run())
    if as_json:
        results.echo_json_lines(comparisons)
    else:
        _show(comparisons)
    if any(comparison.differing for comparison in comparisons):
        raise click.exceptions.Exit(1)


def _show(comparisons: Sequence[verify.Comparison]) -> None:
    console = results.open_console()
    for row in comparisons:
        waiting = f", {row.waiting} wait to be recomputed" if row.waiting else ""
        sealed = f", {row.sealed} rest on sealed facts" if row.sealed else ""
        click.echo(f"{row.metric}: {row.rows} rows, {row.differing} differ{waiting}{sealed}")
        if row.differences:
            console.print(difference_table(row.differences))
        if row.differing > len(row.differences):
            click.echo(f"  and {row.differing - len(row.differences)} more rows")


def difference_table(differences: Sequence[Difference]) -> Table:
    """A line for each field that differs, with the key of its row on the first line."""
    table = Table("row", "field", "stored", "recomputed", box=None, padding=(0, 2))
    for difference in differences:
        title = _row_title(difference)
        for field, (stored, recomputed) in difference["fields"].items():
            table.add_row(title, field, _value_text(stored), _value_text(recomputed))
            title = ""
        if difference.get("more_fields"):
            table.add_row("", f"and {difference['more_fields']} more fields")
    return table


def _row_title(difference: Mapping[str, object]) -> str:
    hidden = {"fields", "more_fields"}
    return " ".join(str(value) for name, value in difference.items() if name not in hidden)


def _value_text(value: str | None) -> str:
    return "-" if value is None else value
