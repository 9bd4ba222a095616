"""The API over two orgs' rows; two servers over one small org; a server of a plain owner."""

# pyright: reportUnusedImport=false
import asyncio
from collections.abc import Iterator

import httpx2
import psycopg
import pytest
from tests.conftest import prepare_books
from tests.db.api.conftest import (  # noqa: F401
    SECRET,
    base_url,
    client,
    get,
    jwks_url,
    options,
    ui_dir,
    world,
)
from tests.db.api.test_aging import ORG, MovedClock
from tests.security.servers import two_servers
from tests.security.walk import Connection

from hypertally.api.http.options import ApiOptions
from hypertally.store.embedded.join import ensure_running


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def books(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with an org and its analyst `ann`; commands use it too."""
    with psycopg.connect(database_url) as connection:
        connection.execute(ORG)
    monkeypatch.setenv("HYPERTALLY_DATABASE_URL", database_url)
    monkeypatch.setenv("HYPERTALLY_JWT_SECRET", SECRET)
    return database_url


@pytest.fixture
def servers(books: str, clock: MovedClock) -> Iterator[list[httpx2.Client]]:
    """Clients of two servers that take our own tokens."""
    of_books = ApiOptions(database_url=books, version="1", jwt_secret=SECRET, seconds=clock)
    with two_servers(of_books) as clients:
        yield clients


@pytest.fixture(scope="session")
def owner_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The owner of a migrated database, no superuser; its server has nothing else."""
    server = asyncio.run(ensure_running(tmp_path_factory.mktemp("home")))
    asyncio.run(prepare_books(server.url))
    with psycopg.connect(server.url) as owner:
        for make in ("month('pages'", "month('hl_fills_raw'", "day('wallet_snapshots'"):
            owner.execute(f"select facts.ensure_{make}, '2025-03-10')".encode())
    yield server.url
    server.close()


@pytest.fixture(scope="session")
def owner(owner_url: str) -> Iterator[Connection]:
    """A session of that owner."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        yield connection
