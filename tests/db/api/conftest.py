"""Two orgs' rows in a fresh database, and the API over them on a real socket."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path

import httpx2
import psycopg
import pytest
import stamina
import uvloop
from tests.identity_provider import jwks_url  # noqa: F401

from hypertally.api.app import ApiOptions, running_app
from hypertally.api.identity.tokens import mint
from hypertally.api.server import serve
from hypertally.flow import METRICS

SECRET = "a secret of the tests, longer than 32 bytes"
WORLD = [
    Path(__file__).with_name(name)
    for name in ("world.sql", "twap_world.sql", "smart_money_world.sql")
]
START_SECONDS_MAX = 20
STOP_SECONDS_MAX = 20

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
        database_url=world,
        version="1.2.3",
        exchange="testnet",
        jwt_secret=SECRET,
        ui_dir=ui_dir,
        metrics=METRICS,
    )


def run_server(options: ApiOptions) -> Iterator[str]:
    """Serve on a free port; give the address; stop the server on the way out."""
    port = free_port()
    running: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def run() -> None:
        stopping = asyncio.Event()
        async with running_app(options) as app:
            running.set_result((asyncio.get_running_loop(), stopping))
            await serve(app, host="127.0.0.1", port=port, stopping=stopping)

    thread = threading.Thread(target=lambda: uvloop.run(run()), daemon=True)
    thread.start()
    loop, stopping = running.result(START_SECONDS_MAX)
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join(STOP_SECONDS_MAX)
        assert not thread.is_alive()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@stamina.retry(on=ConnectionRefusedError, attempts=None, timeout=START_SECONDS_MAX, wait_max=0.05)
def wait_for(port: int) -> None:
    """Wait until the port is listened on."""
    socket.create_connection(("127.0.0.1", port)).close()


@pytest.fixture(scope="module")
def base_url(options: ApiOptions) -> Iterator[str]:
    yield from run_server(options)


@pytest.fixture(scope="module")
def client(base_url: str) -> Iterator[httpx2.Client]:
    """A client that brings no token, follows no redirect, and takes no cookie from any test."""
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    headers = {"Accept-Encoding": "identity"}
    with httpx2.Client(base_url=base_url, headers=headers, cookies=no_cookies) as client:
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
