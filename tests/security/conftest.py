"""The API over two orgs' rows, as its own tests run it; and two servers over one small org."""

# pyright: reportUnusedImport=false
from collections.abc import Iterator
from contextlib import ExitStack

import httpx2
import psycopg
import pytest
from tests.db.api.conftest import (  # noqa: F401
    SECRET,
    base_url,
    client,
    get,
    jwks_url,
    options,
    run_server,
    ui_dir,
    world,
)
from tests.db.api.test_aging import ORG, MovedClock

from hypertally.api.http.options import ApiOptions


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
    """Clients of two servers over one database, without tokens."""
    of_books = ApiOptions(database_url=books, version="1", jwt_secret=SECRET, seconds=clock)
    with ExitStack() as stack:
        clients: list[httpx2.Client] = []
        for _ in range(2):
            running = run_server(of_books)
            url = next(running)
            stack.callback(lambda running=running: next(running, None))
            clients.append(stack.enter_context(httpx2.Client(base_url=url)))
        yield clients
