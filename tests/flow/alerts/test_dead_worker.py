"""A worker that is killed is told by an API process, and shown to whoever asks."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from tests.db.alerts.alert_rows import Desk
from tests.db.runtime.offline import offline
from tests.flow.alerts.receivers import webhook
from tests.flow.alerts.test_alerts import Operator

from hypertally.cli.processes.api import watching_worker
from hypertally.clock import system_clock
from hypertally.jobs.alerts import watchdog
from hypertally.jobs.alerts.watchdog import Watchdog
from hypertally.settings import Settings
from hypertally.sources.notifications import open_channels
from hypertally.store.postgres import Pool

COMMAND = Path(sys.executable).with_name("hypertally")
SECONDS_MAX = 60
LAST_CHECK = "select max(checked_at) as at from ops.alert_checks where checked_by = 'worker'"


@pytest.fixture
def desk(worker_pool: Pool) -> Desk:
    return Desk(worker_pool)


@pytest.fixture
def operator(database_url: str, tmp_path: Path) -> Operator:
    return Operator(database_url, tmp_path)


@contextmanager
def worker_process(database_url: str, home: Path) -> Iterator[subprocess.Popen[bytes]]:
    settings = {
        "HOME": str(home),
        "DATABASE_URL": database_url,
        "INFO_URL": "http://127.0.0.1:9/info",
        "SMART_MONEY": "off",
        "TWAP_URL": home.as_uri(),
    }
    environment = {f"HYPERTALLY_{name}": value for name, value in settings.items()}
    process = subprocess.Popen([COMMAND, "worker"], env=os.environ | environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def checked(desk: Desk) -> None:
    """Wait until a worker has checked alerts."""
    async with asyncio.timeout(SECONDS_MAX):
        while (await desk.run(LAST_CHECK))[0]["at"] is None:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)


async def test_a_killed_worker_is_told_once_and_the_command_shows_it(
    desk: Desk, operator: Operator, database_url: str, tmp_path: Path
) -> None:
    with worker_process(database_url, tmp_path) as process:
        await checked(desk)
        assert (operator.run("alerts")).stdout.startswith("last check: ")
        process.send_signal(signal.SIGKILL)
        process.wait()
    died_at = (await desk.run(LAST_CHECK))[0]["at"]
    async with webhook() as hook:
        channels = open_channels(f"json://127.0.0.1:{hook.port}/alerts")
        for minutes in (3, 10, 11, 12, 60):
            at = died_at + timedelta(minutes=minutes, seconds=30)
            await Watchdog(offline(desk.pool, clock=lambda at=at: at, channels=channels)).look()
    assert len(hook.bodies) == 1
    assert hook.bodies[0]["title"].startswith("[critical] system_stale system: no worker has")
    [row] = [json.loads(line) for line in operator.run("alerts", "--json").stdout.splitlines()]
    assert (row["type"], row["state"]) == ("system_stale", "firing")


async def test_nothing_is_called_resolved_when_nobody_checked_lately(
    desk: Desk, operator: Operator
) -> None:
    now = system_clock()
    await desk.universe("0.5", at=now - timedelta(minutes=7))
    await desk.check(now - timedelta(minutes=6))
    listed = operator.run("alerts").stdout
    assert "no worker checks alerts now, so what does not fire is unchecked" in listed
    assert "unchecked" in listed.splitlines()[2]
    assert "resolved" not in listed
    every = operator.run("alerts", "--all", "--json").stdout.splitlines()
    assert {json.loads(line)["state"] for line in every} == {"unchecked"}
    await desk.check(now)
    assert "no worker checks" not in (current := operator.run("alerts").stdout)
    assert current.splitlines()[2].split()[0] == "resolved"


async def test_an_api_process_tells_that_the_worker_is_dead(
    desk: Desk, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "GRACE_SECONDS", 0)
    await desk.check(system_clock() - timedelta(minutes=12))
    async with webhook() as hook:
        channels = open_channels(f"json://127.0.0.1:{hook.port}/alerts")
        async with (
            asyncio.timeout(SECONDS_MAX),
            watching_worker(Settings(), database_url, channels),
        ):
            await hook.arrived.acquire()
    assert len(hook.bodies) == 1
    assert await desk.moves() == ["system: firing"]
