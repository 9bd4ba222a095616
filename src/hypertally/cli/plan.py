"""`hypertally plan`: what wallets cost of the allowance of requests."""

from collections.abc import Iterator
from decimal import ROUND_UP, Decimal

import click
import msgspec
from rich.table import Table

from hypertally.cli import database, results, runtime
from hypertally.cli.exchange.sandbox_home import read_settings
from hypertally.cli.options import json_option
from hypertally.clock import system_clock
from hypertally.errors import Refused
from hypertally.jobs.paces import PACES, Pace
from hypertally.jobs.request_plan import assumed
from hypertally.jobs.request_plan.activity import Activity, read_activity
from hypertally.jobs.request_plan.plan import Plan, make_plan, scaled
from hypertally.records import Record
from hypertally.settings import Settings
from hypertally.sources.weights import BASE_WEIGHT
from hypertally.store.postgres import transaction

BUSIEST, *_, IDLE = PACES
_WHOLE = Decimal(1)
PLANNED_WALLETS_MAX = 10_000_000  # far beyond any fund, and the table still fits a screen
AS_TRACKED = "as the tracked wallets did in the last day"


class PullCost(Record, frozen=True, kw_only=True):
    """What the pulls of the fills of new wallets cost of the request weight."""

    first_pulls_min: int
    idle_per_minute: int  # if all are idle
    busy_per_minute: int  # if all trade within the hour


def cost_of(wallets: int) -> PullCost:
    """What the pulls of the fills of new wallets cost."""
    return PullCost(
        first_pulls_min=wallets * BASE_WEIGHT,
        idle_per_minute=_weight(wallets, IDLE),
        busy_per_minute=_weight(wallets, BUSIEST),
    )


def cost_text(wallets: int) -> str:
    """The same in words."""
    cost = cost_of(wallets)
    return (
        f"first pulls: {cost.first_pulls_min:,} of the request weight, or more; then "
        f"{cost.idle_per_minute:,} a minute if all are idle, {cost.busy_per_minute:,} if all trade "
        "within the hour"
    )


def _weight(wallets: int, pace: Pace) -> int:
    """The weight a minute of wallets at a pace, rounded up."""
    weight = Decimal(wallets * BASE_WEIGHT * 60) / pace.seconds
    return int(weight.quantize(_WHOLE, ROUND_UP))


@click.command(name="plan")
@click.option(
    "--wallets",
    "count",
    type=click.IntRange(1, PLANNED_WALLETS_MAX),
    help="The number of wallets.  [those that are tracked]",
)
@click.option(
    "--as-tracked",
    is_flag=True,
    help="Plan for wallets that trade as the tracked ones do, not for an assumed mix.",
)
@json_option
def plan_command(*, count: int | None, as_tracked: bool, as_json: bool) -> None:
    """Forecast the request weight of wallets by purpose, and when all have their history.

    Without --wallets: for the tracked wallets, as they traded in the last day.
    """
    settings = read_settings()
    if count is None or as_tracked:
        activity, basis = runtime.run(_read_tracked(settings, count)), AS_TRACKED
    else:
        watched = settings.universe_size if settings.smart_money else 0
        activity, basis = assumed.assume_activity(count, watched=watched), assumed.WORDS
    plan = make_plan(activity, weight_per_minute=settings.weight_per_minute)
    if as_json:
        results.echo_json_lines([msgspec.structs.asdict(plan) | {"basis": basis}])
    else:
        _show(plan, basis)


async def _read_tracked(settings: Settings, count: int | None) -> Activity:
    async with database.open_database(settings) as pool, transaction(pool) as connection:
        activity = await read_activity(connection, system_clock())
    if not activity.wallets:
        raise Refused("no wallet is tracked: add --wallets N without --as-tracked")
    return activity if count is None else scaled(activity, count)


def _show(plan: Plan, basis: str) -> None:
    wallets = "1 wallet" if plan.wallets == 1 else f"{plan.wallets:,} wallets"
    click.echo(f"{wallets}, {basis}; weight a minute:")
    table = Table("purpose", box=None)
    for column in ("needed", "granted"):
        table.add_column(column, justify="right")
    for line in plan.lines:
        if line.needed:
            table.add_row(line.purpose, f"{line.needed:,}", f"{line.granted:,}")
    table.add_row("in all", f"{plan.needed:,}", f"{plan.granted:,} of {plan.weight_per_minute:,}")
    results.open_console().print(table)
    for line in _history_lines(plan):
        click.echo(line)


def _history_lines(plan: Plan) -> Iterator[str]:
    yield f"first readings of all histories, once: {plan.first_weight:,} weight"
    for minutes, rows in (
        (plan.minutes_to_fills, "all fills"),
        (plan.minutes_to_history, "all fills and TWAPs"),
    ):
        when = "never" if minutes is None else f"after {minutes:,} minutes"
        yield f"{rows} are read {when}"
    if plan.needed > plan.granted:
        yield (
            "the allowance is too small: what is less urgent comes later than it should; track "
            "fewer wallets, or use another network address with its own allowance"
        )
