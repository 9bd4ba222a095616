"""Clients that are slow, many or endless: they cost the others nothing and get little."""

import os
import socket
import statistics
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from itertools import repeat
from urllib.parse import urlsplit

import httpx2
import psutil
import psycopg
import pytest
from tests.db.api.conftest import SECRET

from hypertally.api.http.limits import (
    ANSWERS_IN_FLIGHT_PER_ADDRESS_MAX,
    HEAD_BYTES_MAX,
    HEAD_SECONDS_MAX,
)
from hypertally.api.identity.tokens import mint

MIB = 2**20
HUGE_MIB = 200
TAKEN_IN_BYTES_MAX = 8 * MIB  # of the whole process, whatever else it does meanwhile
IDLE = 1_200
LATE_SECONDS = 8  # on a busy machine
PROBES = ("/healthz", "/readyz", "/metrics")


def connect(base_url: str) -> socket.socket:
    address = urlsplit(base_url)
    connection = socket.create_connection((address.hostname, address.port), timeout=30)
    connection.settimeout(HEAD_SECONDS_MAX + LATE_SECONDS)
    return connection


@contextmanager
def connections(base_url: str, count: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as opened:
        yield [opened.enter_context(connect(base_url)) for _ in range(count)]


def send_until_closed(connection: socket.socket, parts: Iterable[bytes]) -> int:
    """How many of the parts were sent before the other side closed."""
    count = 0
    with suppress(ConnectionError):
        for count, part in enumerate(parts):  # noqa: B007 - counted up to the refusal
            connection.sendall(part)
    return count


def headers_one_a_second() -> Iterator[bytes]:
    for number in range(HEAD_SECONDS_MAX + LATE_SECONDS + 1):
        yield b"A%d: b\r\n" % number
        time.sleep(1)


def test_half_a_head_is_closed_in_ten_seconds_however_it_is_sent(base_url: str) -> None:
    """Nothing at all, half a line, half a head, and a connection kept after its answer."""
    beginnings = (b"", b"GET /healthz HT", b"GET / HTTP/1.1\r\nHost: x\r\nA:")
    started = time.monotonic()
    with connections(base_url, len(beginnings) + 2) as (idle, trickling, *halves):
        for half, beginning in zip(halves, beginnings, strict=True):
            half.sendall(beginning)
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(65_536).startswith(b"HTTP/1.1 200")
        trickling.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        # One header a second never ends, and is no reason to wait longer.
        assert (
            send_until_closed(trickling, headers_one_a_second()) < HEAD_SECONDS_MAX + LATE_SECONDS
        )
        for connection in (idle, *halves):
            assert connection.recv(65_536)[:12] in {b"", b"HTTP/1.1 408"}
    assert time.monotonic() - started < HEAD_SECONDS_MAX + LATE_SECONDS


@pytest.mark.parametrize(
    "beginning", [b"GET /", b"GET / HTTP/1.1\r\nHost: x\r\nA: "], ids=["address", "header"]
)
def test_what_is_endless_is_refused_without_being_taken_in(base_url: str, beginning: bytes) -> None:
    """An address of 200 MB filled the memory of the process."""
    process = psutil.Process(os.getpid())  # the server runs in a thread of this one
    before = process.memory_info().rss
    with connect(base_url) as connection:
        connection.sendall(beginning)
        assert send_until_closed(connection, repeat(b"a" * MIB, HUGE_MIB)) < HUGE_MIB // 4
    assert process.memory_info().rss - before < TAKEN_IN_BYTES_MAX


def test_a_head_that_is_too_long_is_answered_431(base_url: str) -> None:
    with connect(base_url) as connection:
        head = b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * HEAD_BYTES_MAX + b"\r\n\r\n"
        connection.sendall(head)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 431 ")


def test_idle_connections_change_nothing_for_others(base_url: str, client: httpx2.Client) -> None:
    """4,300 of them gave 503 to everyone."""
    with connections(base_url, IDLE):
        for path in (*PROBES, "/"):
            # By a connection of its own each time: it must be accepted.
            answer = httpx2.get(f"{base_url}{path}", timeout=5)
            assert answer.status_code == 200
        token = {"Authorization": f"Bearer {mint(SECRET, 'alice', seconds=60)}"}
        assert client.get("/api/v1/wallets/top", headers=token).status_code == 200


def test_an_address_has_so_many_requests_under_way_and_probes_have_no_limit(
    base_url: str, world: str
) -> None:
    count = ANSWERS_IN_FLIGHT_PER_ADDRESS_MAX + 20
    bearers = [f"Bearer {mint(SECRET, 'alice', seconds=60 + number)}" for number in range(count)]
    with (
        psycopg.connect(world) as lock,
        ThreadPoolExecutor(count) as threads,
        httpx2.Client(base_url=base_url, timeout=30, limits=httpx2.Limits()) as many,
    ):
        # Whom the tokens name cannot be read: all of them wait for it.
        lock.execute("lock table tenancy.user_profiles")
        answers = threads.map(
            lambda bearer: many.get("/api/v1/session", headers={"Authorization": bearer}), bearers
        )
        deadline = time.monotonic() + 20
        while many.get("/").status_code != 429:
            assert time.monotonic() < deadline
        refused = many.get("/docs")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert "your address" in refused.json()["detail"]
        for path in ("/healthz", "/metrics"):
            assert many.get(path).status_code == 200
        lock.rollback()
        statuses = [answer.status_code for answer in answers]
    assert statistics.multimode(statuses) == [200]
    assert set(statuses) <= {200, 429}
    assert httpx2.get(f"{base_url}/docs").status_code == 200
