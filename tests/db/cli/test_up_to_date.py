"""What each command does to a database before it works: all that is missing, and else nothing."""

from collections.abc import AsyncGenerator
from contextlib import nullcontext
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio
from click.testing import CliRunner

from hypertally import settings as program_settings
from hypertally.cli import cli, database
from hypertally.errors import Refused
from hypertally.settings import Settings
from hypertally.store.embedded.join import ensure_running
from hypertally.store.logins import (
    LOGIN_OF_ROLE,
    ROLE_OF_LOGIN,
    ROLES_OF_LOGIN,
    Login,
    address_of_login,
    require_may_become,
)

MISSING = {
    "a migration": "delete from ops.schema_migrations where version = '0043'",
    "a definition": "delete from metrics.definitions where metric = 'wallet_day_metrics'",
    "a login": "drop owned by hypertally_api_login; drop role hypertally_api_login",
    "the password of a login": "alter role hypertally_watchdog_login password 'another'",
}
FOUND = """
select (select count(*) from ops.schema_migrations where version = '0043'),
    (select count(*) from metrics.definitions where metric = 'wallet_day_metrics'),
    (select count(*) from pg_roles where rolname = 'hypertally_api_login')
"""
REMARK = "select obj_description('tenancy.orgs'::regclass)"


@pytest_asyncio.fixture
async def own_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[tuple[Settings, str]]:
    """A database that a command has used, on a server of its own: logins are the server's."""
    async with await ensure_running(tmp_path / "server") as server:
        monkeypatch.setenv("HYPERTALLY_HOME", str(tmp_path))
        monkeypatch.setenv("HYPERTALLY_DATABASE_URL", server.url)
        settings = program_settings.read()
        async with database.migrated(settings):
            pass
        yield settings, server.url


async def test_what_is_missing_is_put_right_by_the_next_command(
    own_server: tuple[Settings, str],
) -> None:
    settings, url = own_server
    with psycopg.connect(url, autocommit=True) as owner:
        before = owner.execute(FOUND.encode()).fetchone()
        assert before is not None
        assert all(before)
        for damage in MISSING.values():
            owner.execute(damage.encode())
            async with database.migrated(settings):
                assert owner.execute(FOUND.encode()).fetchone() == before
    with psycopg.connect(address_of_login(url, "hypertally_watchdog_login")) as watchdog:
        assert watchdog.execute("select 1").fetchone() == (1,)


async def test_a_command_that_finds_everything_changes_nothing(
    own_server: tuple[Settings, str],
) -> None:
    settings, url = own_server
    with psycopg.connect(url, autocommit=True) as owner:
        words = owner.execute(REMARK).fetchone()
        owner.execute("comment on table tenancy.orgs is 'changed'")
        async with database.migrated(settings):
            assert owner.execute(REMARK).fetchone() == ("changed",)
        async with database.migrated(settings, anew=True):
            assert owner.execute(REMARK).fetchone() == words != ("changed",)


# A pool with the address of a login that may not act as its role tried for 30 seconds.
WRONG_LOGINS: list[tuple[list[str], str, Login, Login]] = [
    (["status"], "DATABASE_URL", "hypertally_watchdog_login", "hypertally_worker_login"),
    (["orgs", "list"], "DATABASE_URL", "hypertally_watchdog_login", "hypertally_worker_login"),
    (["worker"], "DATABASE_URL", "hypertally_watchdog_login", "hypertally_worker_login"),
    (["api"], "API_DATABASE_URL", "hypertally_worker_login", "hypertally_api_login"),
    (["api"], "API_DATABASE_URL", "hypertally_watchdog_login", "hypertally_api_login"),
]


@pytest.mark.parametrize("wrong", WRONG_LOGINS)
def test_a_login_of_another_process_is_refused_by_name(
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wrong: tuple[list[str], str, Login, Login],
) -> None:
    command, setting, login, needed = wrong
    monkeypatch.setenv("HYPERTALLY_HOME", str(tmp_path))
    monkeypatch.setenv("HYPERTALLY_DATABASE_URL", database_url)
    monkeypatch.setenv(f"HYPERTALLY_{setting}", address_of_login(database_url, login))
    with pytest.raises(Refused) as refused:
        CliRunner().invoke(cli, command, standalone_mode=False, catch_exceptions=False)
    line = str(refused.value)
    assert "\n" not in line
    assert line.startswith(f"HYPERTALLY_{setting} logs in as {login}, which may not act as ")
    assert line.endswith(f"set it to the address of {needed}")


def test_each_login_may_act_as_its_own_roles_and_no_other() -> None:
    for login, roles in ROLES_OF_LOGIN.items():
        address = f"postgresql://{login}@127.0.0.1/books"
        for role in LOGIN_OF_ROLE:
            with nullcontext() if role in roles else pytest.raises(Refused, match=login):
                require_may_become(address, role)
        assert ROLE_OF_LOGIN[login] in roles


@pytest.mark.parametrize("login", ROLE_OF_LOGIN)
def test_the_server_agrees_on_who_may_act_as_whom(database_url: str, login: Login) -> None:
    with psycopg.connect(address_of_login(database_url, login), autocommit=True) as session:
        for role in LOGIN_OF_ROLE:
            may = session.execute("select pg_has_role(%s, 'set')", [role]).fetchone()
            assert may == (role in ROLES_OF_LOGIN[login],), role
