"""A session of a login stays what it is, whatever it tries."""

import asyncio
import os
import socket
import struct
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from tests.security.login_rights import API, BECOMES, WATCHDOG, WORKER
from tests.security.walk import LOGINS, Connection, Walk, session_of
from tests.server import superuser_server

from hypertally.cli.database import bring_up_to_date
from hypertally.errors import Refused
from hypertally.jobs.runtime.long_sessions import SessionLimits, end_long_sessions
from hypertally.store.logins import ROLE_OF_LOGIN, Login, address_of_login
from hypertally.store.make_logins import MARK, are_made
from hypertally.store.migrate import require_migrated
from hypertally.store.postgres import connection_string, login_connection, open_pool

PATIENCE_SECONDS = 30
ATTACK = "copy (select 1) to program 'touch {file}'"  # after: set role none


def test_a_session_becomes_its_own_role_and_no_other(owner_url: str, owner: Connection) -> None:
    roles = [name for (name,) in owner.execute("select rolname from pg_roles").fetchall()]
    assert len(roles) > 20
    for login in LOGINS:
        with session_of(owner_url, login) as session:
            walk = Walk(session, owner)
            for kind in ("set role", "set local role", "set session authorization"):
                allowed = {name for name in roles if walk.is_allowed(f"{kind} {name}")}
                own = set() if "authorization" in kind else set(BECOMES[login].split())
                assert allowed == own | {login}, kind
            session.execute("reset role")
            session.execute("reset session authorization")
            shown = session.execute("select session_user, current_user").fetchone()
            assert shown == (login, ROLE_OF_LOGIN[login])


def test_the_attack_by_which_the_api_became_the_superuser(
    make_database: Callable[[], str], owner_url: str, tmp_path: Path
) -> None:
    """It ran a program as long as pools connected as a superuser."""
    file = Path(tempfile.gettempdir(), f"taken-{tmp_path.name}-{os.getpid()}")
    attack = ATTACK.format(file=file).encode()
    superuser = make_database()
    with psycopg.connect(superuser, options="-c role=hypertally_api", autocommit=True) as before:
        before.execute("set role none")
        before.execute(attack)
    assert file.exists()
    file.unlink()
    for login in LOGINS:
        with session_of(owner_url, login) as session:
            session.execute("set role none")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(attack)
            assert session.execute("select current_user").fetchone() == (login,)
    with (
        psycopg.connect(owner_url, autocommit=True) as owner,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        owner.execute(attack)
    assert not file.exists()


def test_nobody_who_can_log_in_is_a_superuser(owner_url: str, owner: Connection) -> None:
    attributes = owner.execute(
        "select rolname from pg_roles where rolcanlogin and not rolsuper and not rolbypassrls "
        "and not rolreplication and not rolcreatedb order by 1"
    ).fetchall()
    assert [name for (name,) in attributes] == sorted([*LOGINS, "hypertally_owner"])
    for word in ("", "postgres", urlsplit(owner_url).password):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(owner_url, user="postgres", password=word)


def test_a_login_comes_into_no_other_database(owner_url: str) -> None:
    for login in LOGINS:
        for name in ("postgres", "template1"):
            address = urlsplit(address_of_login(owner_url, login))._replace(path=f"/{name}")
            with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                psycopg.connect(address.geturl())


def test_what_acts_as_another_looks_nowhere_else_for_names(owner: Connection) -> None:
    functions = owner.execute(
        "select p.oid::regproc::text, array_to_string(p.proconfig, ' ') from pg_proc as p "
        "where p.prosecdef and p.pronamespace::regnamespace::text "
        "in ('facts', 'metrics', 'ops', 'tenancy')"
    ).fetchall()
    assert len(functions) >= 17
    paths = ("search_path=pg_catalog, pg_temp", 'search_path=""')
    assert [name for name, settings in functions if not settings.startswith(paths)] == []


def test_names_of_temporary_objects_lead_no_function_astray(owner_url: str) -> None:
    with session_of(owner_url, WORKER) as session:
        for table in ("pg_class", "pg_proc", "hl_fills_raw", "pages", "format"):
            session.execute(
                f"create temporary table {table} (relname name, taken integer)".encode()
            )
        session.execute(
            "create function pg_temp.format(text, variadic text[]) returns text "
            "language sql as $$ select 'drop table facts.pages' $$"
        )
        session.execute(
            "create function pg_temp.current_org() returns integer language sql as 'select 1'"
        )
        session.execute("set search_path = pg_temp, pg_catalog, public")
        assert session.execute("select facts.ensure_month('pages', '2031-05-01')").fetchone() == (
            True,
        )
        assert session.execute("select facts.ensure_month('pages', '2031-05-01')").fetchone() == (
            False,
        )
        for trick in ("pages; drop table facts.pages", 'pages" (a int); --', "jobs", "../pages"):
            with pytest.raises(psycopg.errors.RaiseException, match="is not partitioned by month"):
                session.execute("select facts.ensure_month(%s, now())", [trick])


async def test_what_a_login_changes_about_itself_is_put_right(owner_url: str) -> None:
    with session_of(owner_url, API) as session:
        session.execute("set role none")
        session.execute(f"alter role {API} password 'taken'")
        session.execute(f"alter role {API} set statement_timeout = 0")
    with pytest.raises(psycopg.OperationalError, match="password"):
        session_of(owner_url, API)
    await bring_up_to_date(owner_url)
    url = address_of_login(owner_url, API)
    with psycopg.connect(url) as session:
        assert session.execute("show statement_timeout").fetchone() == ("10s",)


@pytest.mark.parametrize("login", LOGINS)
async def test_settings_of_one_database_are_put_right_too(owner_url: str, login: Login) -> None:
    database = urlsplit(owner_url).path.removeprefix("/")
    with session_of(owner_url, login) as session:
        session.execute("set role none")
        for setting in ("local_preload_libraries = 'nope'", "default_transaction_read_only = on"):
            session.execute(f"alter role {login} in database {database} set {setting}".encode())
    with pytest.raises(psycopg.OperationalError, match="nope"):
        session_of(owner_url, login)
    await bring_up_to_date(owner_url)
    with session_of(owner_url, login) as session:
        assert session.execute("show default_transaction_read_only").fetchone() == ("off",)


async def test_without_a_password_in_the_address_the_logins_keep_theirs(
    owner_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = urlsplit(owner_url)
    hosts = f"{address.username}@{address.netloc.rpartition('@')[2]}"
    monkeypatch.setenv("PGPASSWORD", str(address.password))
    with pytest.raises(Refused, match="password"):
        await bring_up_to_date(address._replace(netloc=hosts).geturl())
    for login in LOGINS:
        session_of(owner_url, login).close()


async def test_a_login_that_somebody_else_made_keeps_its_password(
    owner_url: str, owner: Connection
) -> None:
    owner.execute(f"comment on role {API} is null")
    owner.execute(f"alter role {API} password 'theirs'")
    with pytest.raises(Refused, match="HYPERTALLY_OWNER_DATABASE_URL"):
        await bring_up_to_date(owner_url)
    psycopg.connect(address_of_login(owner_url, API), password="theirs").close()
    owner.execute(f"comment on role {API} is '{MARK}'".encode())
    await bring_up_to_date(owner_url)
    session_of(owner_url, API).close()


@pytest.mark.parametrize(
    ("more", "less", "remedy"),
    [
        ("alter role {0} inherit", "alter role {0} noinherit", "`alter role {0} noinherit`"),
        (
            "alter role {0} createrole",
            "alter role {0} nocreaterole",
            "`alter role {0} nocreaterole`",
        ),
        (
            "grant hypertally_facts to {0}",
            "revoke hypertally_facts from {0}",
            "may become hypertally_api alone: let an administrator revoke the other roles",
        ),
        (
            "grant hypertally_facts to hypertally_api",
            "revoke hypertally_facts from hypertally_api",
            "may become hypertally_api alone",
        ),
        (
            "grant select on ops.jobs to {0}",
            "revoke select on ops.jobs from {0}",
            "has rights of its own, or owns something (table ops.jobs): let an administrator",
        ),
        (
            "grant select (id) on ops.jobs to {0}",
            "revoke select (id) on ops.jobs from {0}",
            "column id of table ops.jobs",
        ),
        ("grant usage on schema ops to {0}", "revoke usage on schema ops from {0}", "schema ops"),
        (
            "grant execute on function ops.is_forgetting to {0}",
            "revoke execute on function ops.is_forgetting from {0}",
            "function ops.is_forgetting(integer)",
        ),
        (
            "grant temporary on database {1} to {0}",
            "revoke temporary on database {1} from {0}",
            "(temporary on database {1})",
        ),
    ],
)
async def test_a_login_that_may_do_more_stops_every_process(
    owner_url: str, owner: Connection, more: str, less: str, remedy: str
) -> None:
    names = (API, owner.info.dbname)
    async with login_connection(owner_url, role="hypertally_jobs") as connection:
        assert await are_made(connection)
        owner.execute(more.format(*names).encode())
        try:
            assert not await are_made(connection)
            for refusing in (
                bring_up_to_date(owner_url),
                require_migrated(address_of_login(owner_url, WATCHDOG)),
            ):
                with pytest.raises(Refused) as refused:
                    await refusing
                assert remedy.format(*names) in str(refused.value)
        finally:
            owner.execute(less.format(*names).encode())
        assert await are_made(connection)
        await require_migrated(address_of_login(owner_url, WATCHDOG))


async def test_a_login_cannot_stop_other_processes_by_what_it_changes_about_itself(
    owner_url: str,
) -> None:
    with session_of(owner_url, API) as session:
        session.execute("set role none")
        session.execute(f"alter role {API} set work_mem = '1MB'".encode())
        session.execute("alter default privileges grant select on tables to public")
    await require_migrated(address_of_login(owner_url, WATCHDOG))
    await bring_up_to_date(owner_url)
    async with login_connection(owner_url, role="hypertally_jobs") as connection:
        assert await are_made(connection)


async def test_the_logins_of_two_databases_are_made_at_once(tmp_path: Path) -> None:
    async with await superuser_server(tmp_path) as server:
        names = [f"first_{number}" for number in range(3)]
        with psycopg.connect(server.url, autocommit=True) as administrator:
            for name in names:
                administrator.execute(f"create database {name}".encode())
        urls = [urlsplit(server.url)._replace(path=f"/{name}").geturl() for name in names]
        applied = await asyncio.gather(*(bring_up_to_date(url) for url in urls))
    assert [len(files) > 40 for files in applied] == [True] * 3


def test_those_who_read_leave_connections_to_the_others(owner: Connection) -> None:
    row = owner.execute(
        "select rolconnlimit, current_setting('max_connections')::integer from pg_roles"
        " where rolname = %s",
        [API],
    ).fetchone()
    assert row is not None
    assert 0 < row[0] <= row[1] * 2 / 3


async def test_a_session_that_holds_up_the_worker_is_ended(owner_url: str) -> None:
    url = connection_string(owner_url, role="hypertally_api")
    async with (
        open_pool(owner_url, role="hypertally_jobs", size=1) as pool,
        await psycopg.AsyncConnection.connect(url, autocommit=True) as holding,
        await psycopg.AsyncConnection.connect(url, autocommit=True) as quiet,
    ):
        await quiet.execute("select 1")
        await holding.execute("select pg_advisory_lock(hashtext('snapshot_minute'), 0)")
        assert await end_long_sessions(pool) == 1
        with pytest.raises(psycopg.errors.AdminShutdown):
            await holding.execute("select 1")
        await quiet.execute("select 1")


async def test_a_function_called_by_its_own_message_of_the_protocol_is_ended_too(
    owner_url: str, owner: Connection
) -> None:
    """Such a call is not `active` for the server, and neither its query nor its limit is known."""
    url = connection_string(owner_url, role="hypertally_api", statement_seconds_max=1)
    async with open_pool(owner_url, role="hypertally_jobs", size=1) as pool:
        with psycopg.connect(url, autocommit=True) as session:
            session.execute("set statement_timeout = 0")
            row = session.execute("select 'pg_sleep(float8)'::regprocedure::oid::integer")
            (number,) = row.fetchone() or ()
            calling = asyncio.create_task(asyncio.to_thread(call_function, session, number))
            states = set[str]()
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not calling.done():
                    states |= states_of(owner, session.info.backend_pid)
                    await end_long_sessions(pool, SessionLimits(statement=timedelta(seconds=1)))
                    await asyncio.wait([calling], timeout=0.1)
        assert "fastpath function call" in states
        assert b"57P01" in calling.result()  # an administrator ended it


def call_function(session: Connection, number: int, *, seconds: float = 600) -> bytes:
    """Sleep by FunctionCall, which libpq has no Python name for; what the server says at last."""
    text = str(seconds).encode()
    body = struct.pack("!IhhI", number, 0, 1, len(text)) + text + struct.pack("!h", 0)
    with socket.socket(fileno=os.dup(session.fileno())) as connection:
        connection.setblocking(True)
        connection.sendall(b"F" + struct.pack("!I", len(body) + 4) + body)
        answer = b""
        while part := connection.recv(4096):
            answer += part
    return answer


def states_of(owner: Connection, process: int) -> set[str]:
    """What the server says that a session does."""
    rows = owner.execute("select state from pg_stat_activity where pid = %s", [process])
    return {str(state) for (state,) in rows.fetchall()}


async def test_a_session_that_lifts_its_limit_is_ended_all_the_same(owner_url: str) -> None:
    async def sleep() -> None:
        url = connection_string(owner_url, role="hypertally_api", statement_seconds_max=1)
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as session:
            await session.execute("set statement_timeout = 0")
            await session.execute("set transaction_timeout = 0")
            await session.execute("select pg_sleep(600)")

    async with open_pool(owner_url, role="hypertally_jobs", size=1) as pool:
        sleeping = asyncio.create_task(sleep())
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not sleeping.done():
                await end_long_sessions(pool, SessionLimits(statement=timedelta(seconds=1)))
                await asyncio.wait([sleeping], timeout=0.1)
        with pytest.raises(psycopg.errors.AdminShutdown):
            await sleeping


@pytest.mark.parametrize("limit", ["idle", "whole"])
async def test_a_transaction_that_stays_open_is_ended_and_a_quiet_session_is_not(
    owner_url: str, limit: str
) -> None:
    url = connection_string(owner_url, role="hypertally_api")
    async with (
        open_pool(owner_url, role="hypertally_jobs", size=1) as pool,
        await psycopg.AsyncConnection.connect(url, autocommit=True) as quiet,
        await psycopg.AsyncConnection.connect(url) as holding,
        await psycopg.AsyncConnection.connect(
            connection_string(owner_url, role="hypertally_worker")
        ) as working,
    ):
        await holding.execute("set idle_in_transaction_session_timeout = 0")
        await holding.execute("select 1")
        await working.execute("select 1")
        ended = 0
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not ended:
                ended = await end_long_sessions(
                    pool, SessionLimits(**{limit: timedelta(seconds=1)})
                )
                await asyncio.sleep(0.2)
        with pytest.raises(psycopg.OperationalError):
            await holding.execute("select 1")
        await quiet.execute("select 1")
        await working.execute("select 1")


SEAL = """
insert into ops.seals (dataset, number, day, rows, digest, bytes, manifest_sha256, location)
values ('wallet_snapshots', 1, '2025-03-10', 1, '1:1', 1, '', 'file:///nowhere')
"""


@pytest.mark.parametrize(
    "statement",
    [
        SEAL,
        "select facts.release_day('wallet_snapshots', '2025-03-10')",
        "select facts.reopen_day('wallet_snapshots', '2025-03-10')",
    ],
)
def test_the_process_beside_the_api_takes_no_day_out(owner_url: str, statement: str) -> None:
    with (
        session_of(owner_url, WATCHDOG) as session,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        session.execute(statement.encode())
    with session_of(owner_url, WORKER) as session, session.transaction(force_rollback=True):
        session.execute(statement.encode())
