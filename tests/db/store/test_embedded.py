"""The embedded PostgreSQL: shared, stopped when unused, and back after any kill."""

import asyncio
import contextlib
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Generator
from pathlib import Path

import psutil
import psycopg
import pytest

from hypertally.errors import Refused
from hypertally.store.embedded.account import ACCOUNT
from hypertally.store.embedded.join import ensure_running

NOBODY = 65534
PATIENCE = 30
USE = """
import asyncio, sys, time
from pathlib import Path
from hypertally.store.embedded.join import ensure_running
server = asyncio.run(ensure_running(Path(sys.argv[1])))
print(server.url, flush=True)
time.sleep(60)
"""
BUSY = """
import sys, psycopg
with psycopg.connect(sys.argv[1]) as session:
    print("busy", flush=True)
    session.execute("select count(*) from generate_series(1, 10_000_000_000)")
"""


@pytest.fixture(scope="module")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose data exists: making it anew for each test would cost most of the time."""
    home = tmp_path_factory.mktemp("home")
    asyncio.run(start_and_leave(home))
    return home


@pytest.fixture
async def home(made_home: Path) -> AsyncIterator[Path]:
    yield made_home
    await gone(supervisors(made_home))


async def start_and_leave(home: Path) -> None:
    (await ensure_running(home)).close()
    await gone(supervisors(home))


def supervisors(home: Path) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            command = process.cmdline()
            if (
                "hypertally.store.embedded.supervisor" in command
                and str(home / "postgres") in command
            ):
                found.append(process)
    return found


def postmaster(home: Path) -> psutil.Process:
    return psutil.Process(int((home / "postgres/data/postmaster.pid").read_text().split()[0]))


def is_gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def gone(processes: list[psutil.Process]) -> None:
    await until(lambda: all(is_gone(process) for process in processes))


async def kill(*processes: psutil.Process) -> None:
    for victim in processes:
        victim.kill()
    await gone(list(processes))


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 (another process's doing)
            await asyncio.sleep(0.01)


def answer(url: str, question: str) -> str:
    with psycopg.connect(url, connect_timeout=5) as session:
        row = session.execute(question.encode()).fetchone()
    assert row is not None
    return str(row[0])


def answers(url: str) -> bool:
    try:
        return answer(url, "select 1") == "1"
    except psycopg.OperationalError:
        return False


@contextlib.contextmanager
def process(*command: str, user: int | None = None) -> Generator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, user=user
    ) as started:
        try:
            yield started
        finally:
            started.kill()


@contextlib.contextmanager
def running(code: str, argument: str) -> Generator[tuple[subprocess.Popen[str], str]]:
    """A Python process of its own, with the first line it prints."""
    with process(sys.executable, "-c", code, argument) as started:
        assert started.stdout is not None
        yield started, started.stdout.readline().strip()


async def test_first_user_finds_a_safe_server_on_loopback(home: Path) -> None:
    async with await ensure_running(home) as server:
        for setting, value in {
            "listen_addresses": "127.0.0.1",
            "data_checksums": "on",
            "fsync": "on",
            "synchronous_commit": "on",
            "timezone": "UTC",
            "server_encoding": "UTF8",
            "password_encryption": "scram-sha-256",
        }.items():
            assert answer(server.url, f"select current_setting('{setting}')") == value
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            answer(server.url.replace("hypertally_owner:", "hypertally_owner:x"), "select 1")


async def test_its_owner_is_no_superuser_and_the_superuser_has_no_password(home: Path) -> None:
    async with await ensure_running(home) as server:
        assert answer(server.url, "select rolsuper from pg_roles where rolname = current_user") == (
            "False"
        )
        password = (home / "postgres/owner_password").read_text()
        for word in ("", "postgres", password):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(server.url, user="postgres", password=word)
        port = (home / "postgres/port").read_text()
        sockets = {one.laddr for one in psutil.net_connections("unix")}
        assert not [path for path in sockets if str(path).endswith(f".s.PGSQL.{port}")]


async def test_second_user_joins_the_server_of_the_first(home: Path) -> None:
    async with await ensure_running(home) as second:
        with running(USE, str(home)) as (_, url):
            assert url == second.url
            assert len(supervisors(home)) == 1
        assert answers(second.url)


async def test_users_that_come_together_share_one_server(home: Path) -> None:
    servers = await asyncio.gather(*(ensure_running(home) for _ in range(5)))
    assert len({server.url for server in servers}) == 1
    assert len(supervisors(home)) == 1
    for server in servers:
        server.close()


async def test_last_user_to_leave_stops_the_server(home: Path) -> None:
    first, last = await ensure_running(home), await ensure_running(home)
    server = postmaster(home)
    first.close()
    await asyncio.sleep(0.3)
    assert answers(last.url)
    last.close()
    await gone([server])
    assert not (home / "postgres/data/postmaster.pid").exists()


async def test_killed_user_does_not_keep_the_server(home: Path) -> None:
    with running(USE, str(home)) as (user, url):
        server = postmaster(home)
        assert answers(url)
        user.kill()
        await gone([server])


async def test_killed_server_is_back_at_the_same_address_with_its_data(home: Path) -> None:
    async with await ensure_running(home) as server:
        with psycopg.connect(server.url) as session:
            session.execute("create table if not exists kept (at timestamptz)")
            session.execute("insert into kept values (now())")
        rows = answer(server.url, "select count(*) from kept")
        with running(BUSY, server.url):  # a session that would run on without its server
            await kill(postmaster(home))
            await until(lambda: answers(server.url))
        assert answer(server.url, "select count(*) from kept") == rows


async def test_killed_supervisor_takes_its_server_along_and_is_replaced(home: Path) -> None:
    async with await ensure_running(home) as before:
        server = postmaster(home)
        await kill(*supervisors(home))
        if sys.platform == "linux":  # elsewhere the next supervisor ends it
            await gone([server])
        async with await ensure_running(home) as after:
            assert is_gone(server)
            assert after.url == before.url
            assert answers(before.url)


async def test_supervisor_and_server_killed_together_are_replaced(home: Path) -> None:
    async with await ensure_running(home) as before:
        with running(BUSY, before.url):
            await kill(*supervisors(home), postmaster(home))
            async with await ensure_running(home) as after:
                assert answers(after.url)


async def test_half_made_data_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    with process(sys.executable, "-c", USE, str(tmp_path)) as user:
        await until(lambda: any(folder.glob("new-*/global")))
        user.kill()
        await kill(*supervisors(tmp_path))
    assert not (folder / "data").exists()
    async with await ensure_running(tmp_path) as server:
        assert answers(server.url)
        assert not list(folder.glob("new-*"))


async def test_pid_file_that_names_another_program_is_no_obstacle(home: Path) -> None:
    data = home / "postgres/data"
    owner = data.stat().st_uid if os.geteuid() == 0 else None
    with process("sleep", "60", user=owner) as other:
        (data / "postmaster.pid").write_text(f"{other.pid}\n{data}\n1\n5432\n\n127.0.0.1\n")
        async with await ensure_running(home) as server:
            assert answers(server.url)
            assert other.poll() is None


async def test_port_taken_by_another_program_is_left_to_it(home: Path) -> None:
    port = int((home / "postgres/port").read_text())
    with socket.create_server(("127.0.0.1", port)):
        async with await ensure_running(home) as server:
            assert f":{port}/" not in server.url
            assert answers(server.url)


async def test_lost_password_is_replaced(home: Path) -> None:
    (home / "postgres/owner_password").unlink()
    async with await ensure_running(home) as server:
        assert answers(server.url)
    assert (home / "postgres/owner_password").stat().st_mode & 0o777 == 0o600


async def test_server_below_a_closed_folder_is_not_root_and_opens_nothing(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    parents = [closed, *closed.parents]
    before = [(path.stat().st_mode, path.stat().st_uid) for path in parents]
    async with await ensure_running(closed / "home") as server:
        assert answers(server.url)
        assert postmaster(closed / "home").username() == own_account()
    assert [(path.stat().st_mode, path.stat().st_uid) for path in parents] == before


async def test_data_that_ran_as_nobody_goes_over_to_the_account(home: Path) -> None:
    data = home / "postgres/data"
    if os.geteuid() == 0:  # who is not root runs it as themselves
        for path in (data, *data.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
    async with await ensure_running(home) as server:
        assert answers(server.url)
        assert {path.owner() for path in (data, *data.rglob("*"))} == {own_account()}


def own_account() -> str:
    return ACCOUNT if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


async def test_data_of_another_postgresql_is_refused_by_its_version(tmp_path: Path) -> None:
    data = tmp_path / "postgres/data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("17\n")
    with pytest.raises(Refused, match=r"was written by PostgreSQL 17 and this release runs 18"):
        await ensure_running(tmp_path)


async def test_server_that_cannot_start_says_why(home: Path) -> None:
    settings = home / "postgres/data/postgresql.auto.conf"
    before = settings.read_text()
    settings.write_text("max_conections = 5\n")
    try:
        started = time.monotonic()
        with pytest.raises(
            Refused, match=r"does not run: .*(auto\.conf|configuration).*server\.log"
        ):
            await ensure_running(home)
        assert time.monotonic() - started < PATIENCE
    finally:
        settings.write_text(before)


async def test_stopped_supervisor_stops_its_server_cleanly(home: Path) -> None:
    server = await ensure_running(home)
    owner, process = supervisors(home)[0], postmaster(home)
    owner.send_signal(signal.SIGTERM)
    await gone([owner, process])
    server.close()
    assert not (home / "postgres/data/postmaster.pid").exists()


async def test_log_does_not_grow_without_end(home: Path) -> None:
    log = home / "postgres/log/server.log"
    async with await ensure_running(home) as server:
        os.truncate(log, 17 * 2**20)
        await until(lambda: log.stat().st_size < 2**20)
        assert answers(server.url)
    assert sorted(path.name for path in log.parent.iterdir()) == ["server.log", "server.log.1"]
