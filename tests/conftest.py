"""What every test shares: one PostgreSQL a run, one fresh database a test that asks for it."""

import asyncio
import gc
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import hypothesis
import psycopg
import pytest
import structlog
from hypothesis import HealthCheck
from psycopg import sql
from tests.server import superuser_server

from hypertally.cli.database import bring_up_to_date
from hypertally.jobs.runtime.exchange_identity import adopt
from hypertally.store.postgres import Pool, open_pool

# How long a machine takes is a benchmark's subject: a first run, which also builds the tables of
# characters, or a machine with other work must not fail. One fresh database serves all examples of
# a test, which asks for that by its design.
hypothesis.settings.register_profile(
    "project",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
hypothesis.settings.load_profile("project")

# Servers of many addresses stand for one exchange here, and the books of every test are of it: the
# made-up exchange, at no address unless a test gives one.
EXCHANGE = "sandbox:7"
NOBODY = "http://127.0.0.1:9/info"
RECORDED = Path(__file__).parents[2] / "shared" / "real"
# Recorded answers are optional and not ours to ship; without them this module is not run, and the
# summary says so.
collect_ignore = [] if RECORDED.is_dir() else ["flow/activity/test_recorded.py"]
LP_VECTORS = RECORDED.parent / "reference" / "lp_vectors.json"
if not LP_VECTORS.is_file():
    collect_ignore += ["unit/metrics/lp/formulas/test_contract_vectors.py"]


def pytest_configure() -> None:
    """Name the exchange for every command that a test starts."""
    os.environ["HYPERTALLY_NETWORK"] = EXCHANGE
    os.environ["HYPERTALLY_INFO_URL"] = NOBODY


# By the time of a file: no process is left with a long one at the end.
FOLDERS_BY_TIME = ("browser", "flow", "db", "security", "unit")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest."""
    items.sort(key=lambda item: FOLDERS_BY_TIME.index(_folder(item)))


def pytest_collection_finish() -> None:
    """Leave what was collected, ten thousand tests, out of every later search for garbage."""
    gc.collect()
    gc.freeze()


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(Path(__file__).parent).parts[0]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what could not run."""
    for path in collect_ignore:
        terminalreporter.write_line(f"NOT RUN  tests/{path}: nothing recorded in ../shared")


@pytest.fixture(autouse=True)
def own_logs() -> Iterator[None]:
    """What a command made of the logs ends with its test: it writes to that test's stderr."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A superuser of a PostgreSQL of this run; HYPERTALLY_TEST_DATABASE_URL names another."""
    if given := os.environ.get("HYPERTALLY_TEST_DATABASE_URL"):
        yield given
        return
    server = asyncio.run(superuser_server(tmp_path_factory.mktemp("home")))
    with psycopg.connect(server.url, autocommit=True) as connection:
        # No test cuts the power; thousands of databases are made and dropped.
        connection.execute("alter system set fsync = off")
        connection.execute("alter system set full_page_writes = off")
        connection.execute("alter system set max_wal_size = '256MB'")
        connection.execute("select pg_reload_conf()")
    yield server.url
    server.close()


@pytest.fixture(scope="session")
def template(server_url: str) -> str:
    """The name of a migrated database that others are copied from."""
    name = f"template_{secrets.token_hex(4)}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    asyncio.run(prepare_books(_address(server_url, name)))
    return name


async def prepare_books(url: str) -> None:
    """Bring a database to today's schema, as books of the exchange that tests ask."""
    await bring_up_to_date(url)
    async with open_pool(url, role="hypertally_worker", size=1) as pool:
        await adopt(pool, EXCHANGE)


@pytest.fixture(scope="session")
def make_database(server_url: str, template: str):
    """A function that makes a fresh, migrated database and answers its address."""

    def make() -> str:
        name = f"test_{secrets.token_hex(6)}"
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("create database {} template {}").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
        return _address(server_url, name)

    return make


@pytest.fixture
def database_url(server_url: str, make_database) -> Iterator[str]:
    """A fresh, migrated database, which goes with its test: a run makes thousands of them."""
    url = make_database()
    yield url
    with psycopg.connect(server_url, autocommit=True) as connection:
        name = sql.Identifier(urlsplit(url).path.removeprefix("/"))
        connection.execute(sql.SQL("drop database {} with (force)").format(name))


@pytest.fixture
def unnamed_url(database_url: str) -> str:
    """A fresh database that names no exchange yet, as an empty one of any release."""
    forget_exchange(database_url)
    return database_url


def forget_exchange(url: str) -> None:
    """Take the name of its exchange from a database, which no role of the program can."""
    with psycopg.connect(url) as connection:
        connection.execute("alter table ops.exchange_identity disable trigger user")
        connection.execute("delete from ops.exchange_identity")
        connection.execute("alter table ops.exchange_identity enable trigger user")


@pytest.fixture
async def worker_pool(database_url: str) -> AsyncIterator[Pool]:
    """A pool that acts as a worker on a fresh database."""
    async with open_pool(database_url, role="hypertally_worker", size=12) as pool:
        yield pool


@pytest.fixture
def recorded() -> Path:
    """The folder of recorded real answers beside the project."""
    return RECORDED


def _address(server_url: str, name: str) -> str:
    return urlsplit(server_url)._replace(path=f"/{name}").geturl()
