"""`hypertally api` as a process: it ends in time and in order, and says why it cannot start."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import psycopg
import pytest

from hypertally.api.http.limits import SHUTDOWN_SECONDS_MAX
from hypertally.api.identity.tokens import mint

from .conftest import SECRET, free_port, wait_for

API = [sys.executable, "-m", "hypertally", "api"]
USER = """
insert into tenancy.orgs (name) values ('org');
insert into tenancy.user_profiles (user_id, org_id, role)
select 'alice', id, 'analyst' from tenancy.orgs where name = 'org';
"""
END_SECONDS_MAX = SHUTDOWN_SECONDS_MAX + 10  # and what a busy machine takes


@pytest.fixture(scope="module")
def books_url(make_database: Callable[[], str]) -> str:
    """A database with a user; the definitions in it are the program's own."""
    url = make_database()
    with psycopg.connect(url) as connection:
        connection.execute(USER)
    return url


@pytest.fixture
def environment(books_url: str, tmp_path: Path) -> dict[str, str]:
    settings = {
        "DATABASE_URL": books_url, "JWT_SECRET": SECRET, "HOME": str(tmp_path),
        "PORT": str(free_port()),
    }  # fmt: skip
    return os.environ | {f"HYPERTALLY_{name}": value for name, value in settings.items()}


@pytest.fixture
def process(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(API, env=environment, stderr=subprocess.PIPE, text=True)
    wait_for(int(environment["HYPERTALLY_PORT"]))
    with process:
        yield process
        process.kill()


def test_it_finishes_what_is_under_way_and_waits_for_nobody_else(
    process: subprocess.Popen[str], environment: dict[str, str], books_url: str
) -> None:
    port = int(environment["HYPERTALLY_PORT"])
    bearer = {"Authorization": f"Bearer {mint(SECRET, 'alice', seconds=60)}"}
    with (
        httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as idle,
        socket.create_connection(("127.0.0.1", port)) as half,
        psycopg.connect(books_url) as lock,
        ThreadPoolExecutor() as threads,
    ):
        assert idle.get("/healthz").status_code == 200  # and it keeps its connection
        half.sendall(b"GET / HTTP/1.1\r\nHost:")
        lock.execute("lock table tenancy.user_profiles")
        address = f"http://127.0.0.1:{port}/api/v1/session"
        session = threads.submit(httpx2.get, address, headers=bearer, timeout=30)
        waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        with psycopg.connect(books_url, autocommit=True) as looking:
            while not looking.execute(waiting).fetchone()[0]:
                pass
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        lock.rollback()
        assert session.result().json()["user_id"] == "alice"
        # An idle connection and half a head are no reason to stay.
        assert process.wait(END_SECONDS_MAX) == 0
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [([], r"port \d+ \(Address already in use\)"), (["--host", "192.0.2.1"], "192.0.2.1")],
)
def test_an_address_it_cannot_listen_on_stops_the_start(
    environment: dict[str, str], arguments: list[str], remedy: str
) -> None:
    with socket.create_server(("127.0.0.1", int(environment["HYPERTALLY_PORT"]))):
        ended = subprocess.run(
            [*API, *arguments],
            check=False,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert ended.returncode == 2, ended.stderr
    assert re.search(remedy, ended.stderr)
    assert ended.stderr.count("\n") == 1
