"""Two orgs' rows in a fresh database, and the API over them on a real socket."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import psycopg
import pytest
import uvicorn

from hypertally.api.app import ApiOptions, server_config
from hypertally.api.identity.tokens import mint
from hypertally.flow import METRICS

SECRET = "a secret of the tests, longer than 32 bytes"
WORLD = [
    Path(__file__).with_name(name)
    for name in ("world.sql", "twap_world.sql", "smart_money_world.sql")
]
START_SECONDS_MAX = 20

Fetch = Callable[..., httpx2.Response]


@pytest.fixture(scope="module")
def world(make_database: Callable[[], str]) -> str:
    """The database, with the rows of two orgs in it."""
    url = make_database()
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        for rows in WORLD:
            connection.execute(rows.read_text().encode())
    return url


@pytest.fixture(scope="module")
def ui_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ui")
    (folder / "index.html").write_text("<!doctype html><title>page</title>")
    (folder / "app.mjs").write_text("export const one = 1;\n" * 100)
    return folder


@pytest.fixture(scope="module")
def options(world: str, ui_dir: Path) -> ApiOptions:
    return ApiOptions(
        database_url=world, version="1.2.3", jwt_secret=SECRET, ui_dir=ui_dir, metrics=METRICS
    )


def run_server(options: ApiOptions) -> Iterator[str]:
    """Serve on a free port; give the address; stop the server on the way out."""
    server = uvicorn.Server(server_config(options, host="127.0.0.1", port=0))
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + START_SECONDS_MAX
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.started
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def base_url(options: ApiOptions) -> Iterator[str]:
    yield from run_server(options)


@pytest.fixture(scope="module")
def client(base_url: str) -> Iterator[httpx2.Client]:
    """A client that brings no token and follows no redirect."""
    with httpx2.Client(base_url=base_url, headers={"Accept-Encoding": "identity"}) as client:
        yield client


@pytest.fixture(scope="module")
def get(client: httpx2.Client) -> Fetch:
    """Fetch a path as a user: `get("/api/v1/session", "alice")`."""
    tokens = {user: mint(SECRET, user, seconds=86_400) for user in USERS}  # longer than any run

    def fetch(path: str, user: str, **headers: str) -> httpx2.Response:
        bearer = {"Authorization": f"Bearer {tokens[user]}"}
        return client.get(path, headers={**bearer, **headers})

    return fetch


USERS = ("alice", "ann", "amy", "vic", "bob", "eve", "nobody")
