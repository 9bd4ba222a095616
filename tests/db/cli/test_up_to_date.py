"""What each command does to a database before it works: all that is missing, and else nothing."""

from collections.abc import AsyncGenerator
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio

from hypertally import settings as program_settings
from hypertally.cli import runtime
from hypertally.settings import Settings
from hypertally.store.embedded.join import ensure_running
from hypertally.store.logins import address_of_login

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
        async with runtime.migrated(settings):
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
            async with runtime.migrated(settings):
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
        async with runtime.migrated(settings):
            assert owner.execute(REMARK).fetchone() == ("changed",)
        async with runtime.migrated(settings, anew=True):
            assert owner.execute(REMARK).fetchone() == words != ("changed",)
