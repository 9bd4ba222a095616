"""A home of a release whose owner was the superuser of its server comes up, and nobody is one."""

import asyncio
import secrets
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import stamina

from hypertally.cli.database import bring_up_to_date
from hypertally.store import migrate
from hypertally.store.embedded.cluster import settings
from hypertally.store.embedded.folder import ServerFolder
from hypertally.store.embedded.join import ensure_running
from hypertally.store.embedded.programs import Programs
from hypertally.store.postgres import committed_transaction, open_pool

LAST_MIGRATION = "0039"
INITDB = (
    "--username=hypertally",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--auth-host=scram-sha-256",
    "--auth-local=reject",
)
LEFT_TO_THE_SUPERUSER = """
select count(*) from (
    select relowner as owner, relnamespace as schema from pg_class
    union all select proowner, pronamespace from pg_proc
    union all select nspowner, oid from pg_namespace
    union all select typowner, typnamespace from pg_type
) as o
where o.owner = 10 and o.schema::regnamespace::text in ('facts', 'metrics', 'ops', 'tenancy')
"""
ADD_WALLET = "insert into tenancy.wallets (address) values (decode(repeat('1f', 20), 'hex'))"


@contextmanager
def earlier_server(home: Path) -> Iterator[str]:
    """The server of a new home as such a release made it, while it runs."""
    folder = ServerFolder.of(home)
    folder.log.parent.mkdir(parents=True, mode=0o700)
    password = secrets.token_urlsafe(24)
    with folder.log.open("ab") as log:
        programs = Programs.find(log.fileno())
        folder.data.mkdir(mode=0o700)
        account = programs.account
        if account.uid is not None:
            shutil.chown(folder.data, account.uid, account.gid)
        programs.run("initdb", folder.data, INITDB)
        single = ["--single", "-c", "exit_on_error=on", "postgres"]
        for statement in (
            f"alter role hypertally password '{password}';\n",
            "create database hypertally;\n",
        ):
            programs.run("postgres", folder.data, single, text=statement)
        folder.write("password", password)
        folder.write("port", "31999")
        arguments = [f"--{name}={value}" for name, value in settings("31999").items()]
        server = programs.start("postgres", folder.data, arguments)
        url = f"postgresql://hypertally:{password}@127.0.0.1:31999/hypertally"
        wait_until_it_answers(url)
        yield url
        server.send_signal(signal.SIGINT)
        server.wait()


@stamina.retry(on=psycopg.OperationalError, attempts=None, timeout=30, wait_max=0.1)
def wait_until_it_answers(url: str) -> None:
    psycopg.connect(url).close()


@pytest.fixture(scope="module")
def earlier_home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home that such a release left, with a wallet in its books; and the superuser's address."""
    home = tmp_path_factory.mktemp("earlier")
    migrations = tmp_path_factory.mktemp("migrations")
    for file in migrate.MIGRATIONS.glob("*.sql"):
        if file.name[:4] <= LAST_MIGRATION:
            shutil.copy(file, migrations)

    async def no_logins(_: str, **__: bool) -> None:
        """That release had none."""

    with earlier_server(home) as url, pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate, "MIGRATIONS", migrations)
        patch.setattr(migrate, "make_logins", no_logins)
        asyncio.run(migrate.migrate(url))
        with psycopg.connect(url) as connection:
            connection.execute(ADD_WALLET)
            connection.execute("select facts.ensure_month('pages', '2025-03-10')")
    return home, url


async def test_the_owner_takes_over_and_the_superuser_is_locked_out(
    earlier_home: tuple[Path, str],
) -> None:
    home, superuser_url = earlier_home
    async with await ensure_running(home) as server:
        assert server.url.startswith("postgresql://hypertally_owner:")
        port = server.url.rpartition(":")[2].partition("/")[0]
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(superuser_url.replace(":31999/", f":{port}/"))
        assert not (home / "postgres/password").exists()
        assert "0040_logins.sql" in await bring_up_to_date(server.url)
        with psycopg.connect(server.url) as owner:
            assert owner.execute(LEFT_TO_THE_SUPERUSER).fetchone() == (0,)
        async with (
            open_pool(server.url, role="hypertally_worker", size=1) as pool,
            committed_transaction(pool) as connection,
        ):
            await connection.execute("select facts.ensure_month('pages', '2025-04-10')")
            await connection.execute("select facts.release_day('wallet_snapshots', '2025-03-10')")
            cursor = await connection.execute("select count(*) as n from tenancy.wallets")
            assert await cursor.fetchall() == [{"n": 1}]
