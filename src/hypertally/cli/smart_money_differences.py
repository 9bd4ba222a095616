"""`hypertally smart-money --differences`: where the two versions differ, as the API reports it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import click
import msgspec
from rich.table import Table

from hypertally.api.smart_money.differences import PERIODS_MAX, read_differences
from hypertally.api.smart_money.signals import RANGE_MAX
from hypertally.cli import database, results, runtime
from hypertally.clock import system_clock
from hypertally.errors import Refused
from hypertally.records import ASSETS
from hypertally.settings import Settings
from hypertally.store.postgres import transaction

DAY = timedelta(days=1)
COMPARED = {
    ("v1", "v2"): ("smart_money/1", "smart_money/2"),
    ("v2", "v3"): ("smart_money/2", "smart_money/3"),
}


def print_differences(
    settings: Settings,
    *,
    versions: tuple[str, str],
    asset: str | None,
    days: tuple[datetime | None, datetime | None],
    as_json: bool,
) -> None:
    """Print the summary of whole UTC days, both included, and each period that differs."""
    if versions not in COMPARED:
        raise Refused(f"--compare {' '.join(versions)}: give v1 v2 or v2 v3")
    start, end = _day_range(*days)
    asked = {
        "assets": [asset] if asset else list(ASSETS),
        "from_at": start,
        "to_at": end,
        "before_at": "infinity",
        "after_asset": "",
        "limit": PERIODS_MAX,
        "earlier": COMPARED[versions][0],
        "later": COMPARED[versions][1],
    }
    found = {"asset": asset, **runtime.run(_read(settings, asked))}
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
    else:
        _show(found)


def _day_range(first: datetime | None, last: datetime | None) -> tuple[datetime, datetime]:
    """The requested days; by default today."""
    today = system_clock().replace(hour=0, minute=0, second=0, microsecond=0)
    if last and last.date() == date.max:
        raise Refused(f"--to {last:%Y-%m-%d}: no day follows it, give an earlier one")
    end = (last.replace(tzinfo=UTC) if last else today) + DAY
    start = first.replace(tzinfo=UTC) if first else end - DAY
    if start >= end:
        raise Refused(
            f"--from {start:%Y-%m-%d} lies after --to {end - DAY:%Y-%m-%d}: exchange them"
        )
    if end - start > RANGE_MAX:
        raise Refused(f"--from {start:%Y-%m-%d}: at most {RANGE_MAX.days} days, give a later one")
    return start, end


async def _read(settings: Settings, asked: Mapping[str, Any]) -> dict[str, Any]:
    """All pages as one answer."""
    async with (
        database.migrated(settings) as url,
        database.worker_pool(url) as pool,
        transaction(pool) as connection,
    ):
        found = await read_differences(connection, asked)
        page = found
        while page["next"]:
            last = page["periods"][-1]
            place = {"before_at": last["at"], "after_asset": last["asset"]}
            page = await read_differences(connection, {**asked, **place})
            found["periods"] += page["periods"]
        return {**found, "next": None}


def _show(found: Mapping[str, Any]) -> None:
    if not found["summary"]:
        click.echo(f"no period from {found['from']} to {found['to']} has a signal")
        return
    names = ["v" + found[version].partition("/")[2] for version in ("earlier", "later")]
    console = results.open_console()
    for row in found["summary"]:
        click.echo(
            f"{row['asset']}: {row['periods']} periods, {row['locked']} locked; the same playbook "
            f"in {row['same_playbook']}, the same band in {row['same_band']}"
        )
        console.print(_scores(row["scores"], names))
        for part in ("playbooks", "bands"):
            console.print(_pairs(part, row[part], names))
    for row in found["periods"]:
        click.echo(
            f"{row['at'][:16]} {row['asset']}: {names[0]} {_playbook_text(row['first'])}; "
            f"{names[1]} {_playbook_text(row['second'])}; because {row['because']}"
        )


def _scores(scores: Mapping[str, Mapping[str, Any]], names: Sequence[str]) -> Table:
    columns = (
        "periods", "mean_difference", "largest_difference", "first_alone", "second_alone",
    )  # fmt: skip
    alone = [f"{name} alone" for name in names]
    table = Table("score", "both known", "mean apart", "at most", *alone, box=None)
    for name, row in scores.items():
        table.add_row(name, *("" if row[one] is None else str(row[one]) for one in columns))
    return table


def _pairs(part: str, rows: list[dict[str, Any]], names: Sequence[str]) -> Table:
    table = Table(f"{part}, {names[0]}", names[1], "periods", box=None)
    for row in rows:
        table.add_row(row["first"] or "unknown", row["second"] or "unknown", str(row["periods"]))
    return table


def _playbook_text(row: Mapping[str, Any]) -> str:
    scores = ", ".join(f"{one} {row[name] or 'unknown'}" for one, name in _SCORES)
    return f"{row['bias']} / {row['risk']} ({row['rule']}; {scores})"


_SCORES = (("CAS", "cas"), ("dispersion", "dispersion"), ("ECS", "ecs"))
