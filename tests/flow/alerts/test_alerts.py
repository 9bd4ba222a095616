"""Alerts as a worker judges them and an operator sees them."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.db.alerts.alert_rows import Desk
from tests.flow.books import Books, serving, small_population
from tests.flow.smart_money.test_snapshots import watching

from hypertally.clock import system_clock
from hypertally.jobs.smart_money.snapshots import floor_minute
from hypertally.store.postgres import Pool

COMMAND = Path(sys.executable).with_name("hypertally")
PATIENCE_SECONDS = 60
POPULATION_SIZES: dict[str, Any] = {"wallets": 3, "days": 2, "fills": 60}


class Operator:
    """Runs the command on a database of its own."""

    def __init__(self, url: str, home: Path) -> None:
        self._url, self._home = url, home

    def run(self, *arguments: str, user: str = "anna") -> subprocess.CompletedProcess[str]:
        environment = os.environ | {
            "HYPERTALLY_HOME": str(self._home),
            "HYPERTALLY_DATABASE_URL": self._url,
            "USER": user,
        }
        return subprocess.run(
            [COMMAND, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )


@pytest.fixture
def operator(database_url: str, tmp_path: Path) -> Operator:
    return Operator(database_url, tmp_path)


async def test_housekeeping_alone_has_alerts_judged(books: Books) -> None:
    async with serving(small_population(7, **POPULATION_SIZES)) as exchange:
        await Desk(books.pool).universe("0.5", at=system_clock() - timedelta(minutes=5))
        await books.work(exchange)
    rows = await books.read("select type, to_state from ops.alerts order by id")
    assert [(row["type"], row["to_state"]) for row in rows] == [
        ("universe_churn", "firing"),
        ("universe_churn", "resolved"),
    ]


async def test_a_worker_of_smart_money_alone_judges_each_minute(books: Books) -> None:
    """And the feed that began with a failure, of which nobody wants to hear yet."""
    async with watching(books, small_population(7, **POPULATION_SIZES)) as eyes:
        minute = floor_minute(system_clock())
        await Desk(books.pool).minute(minute - timedelta(minutes=2), status="failed")
        await Desk(books.pool).universe("0.5", at=minute - timedelta(minutes=5))
        await eyes.work()
        await eyes.record(minute)
    jobs = await books.read(
        "select status, payload->>'at' as at from ops.jobs where kind = 'check_alerts'"
    )
    assert {"status": "done", "at": minute.isoformat()} in jobs
    assert await books.value("select count(*) from ops.alerts where type = 'universe_churn'") == 2


async def test_an_operator_lists_acknowledges_and_is_refused_what_does_not_fire(
    operator: Operator, worker_pool: Pool
) -> None:
    desk = Desk(worker_pool)
    quiet = operator.run("alerts")
    assert (quiet.returncode, quiet.stdout.startswith("alerts were never checked")) == (
        0,
        True,
    )
    await desk.signal(floor_minute(system_clock()), ecs="30", high=True)
    await desk.check(floor_minute(system_clock()))

    listed = operator.run("alerts")
    assert [line.split()[:4] for line in listed.stdout.splitlines()[2:]] == [
        ["firing", "high", "exit_cluster", "HYPE"]
    ]
    status = json.loads(operator.run("status", "--json").stdout)
    assert status["alerts"] == [{"type": "exit_cluster", "firing": 1, "acknowledged": 0}]

    taken = operator.run("alerts", "acknowledge", "exit_cluster", "HYPE", "--reason", "known")
    assert (taken.returncode, taken.stdout) == (0, "exit_cluster HYPE: acknowledged by anna\n")
    [row] = [json.loads(line) for line in operator.run("alerts", "--json").stdout.splitlines()]
    assert (row["state"], row["reason"]) == ("acknowledged", "anna: known")

    again = operator.run("alerts", "acknowledge", "exit_cluster", "HYPE", "--by", "ben")
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr.startswith("hypertally: exit_cluster HYPE is acknowledged: only what is")
    unknown = operator.run("alerts", "acknowledge", "delta_drift", "HYPE")
    assert unknown.returncode == 2
    assert len(operator.run("alerts", "--all", "--json").stdout.splitlines()) == 11
