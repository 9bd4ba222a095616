"""The whole program on a PostgreSQL without any superuser for it, in both ways it can be set up."""

import asyncio
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest_asyncio
from tests import hour
from tests.db.api.conftest import free_port
from tests.flow.books import (
    Books,
    open_books,
    require_oracle_figures,
    serving,
    small_population,
)
from tests.server import superuser_server

from hypertally.flow import METRICS
from hypertally.jobs.rebuild.rebuild import rebuild
from hypertally.sandbox.oracles.inputs import population_fills, population_usd_prices
from hypertally.store.embedded.join import ensure_running

COMMAND = Path(sys.executable).with_name("hypertally")
OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
SECONDS_MAX = 60
DAY = f"{hour.BEGIN:%Y-%m-%d}"
SECRET = "a secret of tests that is long enough to sign"


@dataclass(frozen=True)
class Installation:
    """A server, and the settings of each process."""

    home: Path
    owner_url: str
    worker_url: str
    migrate: Mapping[str, str]
    worker: Mapping[str, str]
    api: Mapping[str, str]

    def environment(self, settings: Mapping[str, str], **more: str) -> dict[str, str]:
        chosen = {"HOME": str(self.home), "JWT_SECRET": SECRET, "PORT": "0", **settings, **more}
        return os.environ | {f"HYPERTALLY_{name}": value for name, value in chosen.items()}

    def run(
        self, *arguments: str, settings: Mapping[str, str], **more: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *arguments],
            env=self.environment(settings, **more),
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )


@pytest_asyncio.fixture
async def one_address(tmp_path: Path) -> AsyncGenerator[Installation]:
    """A plain owner who may make roles, and the address of that owner alone."""
    async with await ensure_running(tmp_path / "server") as server:
        settings = {"DATABASE_URL": server.url}
        yield Installation(
            home=tmp_path,
            owner_url=server.url,
            worker_url=server.url,
            migrate=settings,
            worker=settings,
            api=settings,
        )


@pytest_asyncio.fixture
async def made_beforehand(tmp_path: Path) -> AsyncGenerator[Installation]:
    """A plain owner who may make no role, and logins as the documents tell to make them."""
    async with await superuser_server(tmp_path / "server") as server:
        with psycopg.connect(server.url, dbname="postgres", autocommit=True) as administrator:
            # The embedded server's own: they would have the documented names.
            for statement in (
                "drop database hypertally",
                "drop role hypertally_owner",
                *documented_statements(),
            ):
                administrator.execute(statement.encode())
        address = urlsplit(server.url)
        port = address.netloc.rpartition(":")[2]

        def of(login: str, secret: str) -> str:
            return f"postgresql://{login}:{secret}@127.0.0.1:{port}/hypertally"

        worker_url = of("hypertally_worker_login", "secret-4")
        yield Installation(
            home=tmp_path,
            owner_url=of("hypertally_owner", "secret-1"),
            worker_url=worker_url,
            migrate={"OWNER_DATABASE_URL": of("hypertally_owner", "secret-1")},
            worker={"DATABASE_URL": worker_url},
            api={
                "DATABASE_URL": of("hypertally_watchdog_login", "secret-3"),
                "API_DATABASE_URL": of("hypertally_api_login", "secret-2"),
            },
        )


def documented_statements() -> list[str]:
    """What docs/operations.md tells an administrator to run."""
    text = OPERATIONS.read_text(encoding="utf-8").partition("runs these lines. -->")[2]
    block = text.partition("```sql\n")[2].partition("```")[0]
    return [line for line in re.sub(r" --.*", "", block).split(";") if line.strip()]


async def test_with_one_address_of_a_plain_owner(one_address: Installation) -> None:
    await keep_books(one_address)


async def test_with_logins_made_beforehand(made_beforehand: Installation) -> None:
    installed = made_beforehand
    lacking = installed.run("status", settings=installed.worker)
    assert (lacking.returncode, lacking.stderr.count("\n")) == (2, 1)
    assert "run `hypertally migrate`" in lacking.stderr
    refused = installed.run("migrate", settings=installed.worker)
    assert (refused.returncode, "HYPERTALLY_OWNER_DATABASE_URL" in refused.stderr) == (2, True)
    await keep_books(installed)
    alone = installed.run("status", settings=installed.migrate)
    assert (alone.returncode, "HYPERTALLY_DATABASE_URL" in alone.stderr) == (2, True)
    reading = installed.run("api", settings={"DATABASE_URL": installed.api["DATABASE_URL"]})
    assert (reading.returncode, "HYPERTALLY_API_DATABASE_URL" in reading.stderr) == (2, True)
    with psycopg.connect(installed.owner_url) as owner:
        owner.execute("update metrics.definitions set definition = definition || 'x'")
    unknown = installed.run("status", settings=installed.worker)
    assert (unknown.returncode, "does not know" in unknown.stderr) == (2, True)


async def keep_books(installed: Installation) -> None:
    """Everything that the program does with a database, by its own doors."""
    done = installed.run("migrate", settings=installed.migrate)
    assert (done.returncode, done.stderr) == (0, "")
    world = small_population(8, wallets=2, days=3, fills=60)
    async with serving(world) as exchange, open_books(installed.worker_url) as working:
        endpoint = {"INFO_URL": f"{exchange.url}/info"}

        async def command(*arguments: str) -> None:
            done = await asyncio.to_thread(
                installed.run, *arguments, settings=installed.worker | endpoint
            )
            assert done.returncode == 0, (arguments, done.stderr)

        await command("users", "add", "somebody")  # the first use of the books
        books = Books(installed.owner_url, working.pool)
        await books.track(await exchange.addresses())
        await books.settle(exchange)
        hour.record(installed.owner_url)
        async for _ in rebuild(books.pool, METRICS, from_day=None, to_day=None):
            pass
        await command("archive", "seal", "--release")
        await command("archive", "restore", "--from", DAY, "--to", DAY)
        await command("verify")
        await require_oracle_figures(books, population_fills(world), population_usd_prices(world))
        await asyncio.to_thread(read_by_api, installed, endpoint)
        assert await books.value(SUPERUSERS) == 0


# Sessions of the program that have more than a login: of the test's own only the one that asks.
SUPERUSERS = """
select count(*) from pg_stat_activity as a join pg_roles as r on r.oid = a.usesysid
where a.pid <> pg_backend_pid() and a.datname = current_database()
    and a.usename not in (
        'hypertally_api_login', 'hypertally_watchdog_login', 'hypertally_worker_login')
"""


def read_by_api(installed: Installation, endpoint: Mapping[str, str]) -> None:
    """Ask a real API process for a figure and for its proof, as a user of an org."""
    token = installed.run("token", settings=installed.worker | endpoint).stdout.strip()
    port = free_port()
    environment = installed.environment(installed.api | endpoint, PORT=str(port))
    with subprocess.Popen([COMMAND, "api"], env=environment) as process:
        try:
            wait_for_port(port, process)
            for path in ("metrics/global", "wallets", "coverage", "dashboard/summary"):
                request = urllib.request.Request(
                    f"http://127.0.0.1:{port}/api/v1/{path}",
                    headers={"Authorization": f"Bearer {token}"},
                )
                with urllib.request.urlopen(request, timeout=SECONDS_MAX) as answer:
                    assert json.load(answer)
        finally:
            process.terminate()


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until the server listens; one that ended never will."""
    deadline = time.monotonic() + SECONDS_MAX
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        time.sleep(0.05)
    raise AssertionError("the server does not listen")
