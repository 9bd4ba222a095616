"""Lists as CSV while they are sent: bounded memory, few at once, and an end that says so."""

import csv
import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import psutil
import psycopg
import pytest
from tests.db.api.conftest import SECRET

from hypertally.api.http.limits import EXPORTS_PER_ORG_MAX
from hypertally.api.identity.tokens import mint

D1 = "0x" + "d4" * 20  # of org A
MANY = 100_000
GROWTH_BYTES_MAX = 48 * 1024 * 1024
END_SECONDS_MAX = 20


@pytest.fixture(scope="module")
def get_csv(get) -> Callable[..., httpx2.Response]:
    """Fetch a path as CSV."""

    def fetch(path: str, user: str) -> httpx2.Response:
        return get(path, user, Accept="text/csv")

    return fetch


@pytest.fixture(scope="module")
def many(world) -> int:
    """So many fills of one wallet of org A, over a hundred days."""
    with psycopg.connect(world, options="-c timezone=UTC") as connection:
        connection.execute(
            """
            select facts.ensure_month('hl_fills_raw', month)
            from generate_series('2024-01-01Z'::timestamptz, '2024-04-01Z', '1 month') as month
            """
        )
        connection.execute(
            """
            insert into facts.hl_fills_raw
                (time, oid, tid, fingerprint, page_id, wallet_id, ordinal, crossed, side, coin, px,
                 sz, start_position, dir, closed_pnl, hash, fee, fee_token)
            select '2024-01-01Z'::timestamptz + make_interval(secs => i * 80), i, 1000000 + i, i, 1,
                w.id, 0, true, 'B', 'BTC', 60000 + i / 8.0, 0.00001 * i, -i, 'Open Long', -i / 64.0,
                decode(repeat('ab', 32), 'hex'), i / 1024.0, 'USDC'
            from generate_series(1, %s) as i, tenancy.wallets as w
            where w.address = decode(repeat('d4', 20), 'hex')
            """,
            [MANY],
        )
    return MANY


def test_many_rows_are_streamed_in_bounded_memory(get, base_url, many: int) -> None:
    path = f"/api/v1/wallets/{D1}/fills"
    list(stream(base_url, path, "alice", limit=900))  # what any answer needs once
    process = psutil.Process()
    before = largest = process.memory_info().rss
    digests: dict[str, int] = {}  # of the lines, by trade, in their order
    for line in stream(base_url, f"{path}?from=2024-01-01", "alice"):
        if len(digests) % 2_000 == 0:
            largest = max(largest, process.memory_info().rss)
        digests[line["tid"]] = hash(tuple(line.items()))
    assert largest - before < GROWTH_BYTES_MAX
    trades = list(digests)
    assert trades[-many:] == [str(1_000_000 + n) for n in range(many, 0, -1)]
    for bounds in ("from=2024-01-01&to=2024-01-01", "from=2024-02-10T00:00:00Z&to=2024-02-10"):
        page = get(f"{path}?limit=1000&{bounds}", "alice")
        rows = json.loads(page.text, parse_int=str, parse_float=str)["fills"]
        assert len(rows) > 1_000 / 2
        begin = trades.index(rows[0]["tid"])
        lines = [hash(tuple(line.items())) for line in written(rows)]
        assert lines == [digests[trade] for trade in trades[begin : begin + len(rows)]]


def written(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The rows of JSON as lines, by other code than the program's."""
    lines: list[dict[str, str]] = []
    for row in rows:
        line: dict[str, str] = {}
        for name, value in row.items():
            if name == "liquidation":
                assert value is None
                line |= dict.fromkeys(f"liquidation.{part}" for part in PARTS)
            elif value is None or isinstance(value, str):
                line[name] = value or ""
            else:
                line[name] = json.dumps(value)
            if name == "coin":
                line["coin_name"] = row.get("coin_name", "")
        lines.append({name: text or "" for name, text in line.items()})
    return lines


PARTS = ("liquidated_user", "mark_px", "method")


def stream(base_url: str, path: str, user: str, *, limit: int | None = None) -> Iterator[Any]:
    """Read the lines of a list as they come."""
    token = mint(SECRET, user, seconds=86_400)
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/csv"}
    query = f"?limit={limit}" if limit else ""
    with (
        httpx2.Client(base_url=base_url, timeout=30) as client,
        client.stream("GET", path + query, headers=headers) as answer,
    ):
        assert answer.headers["content-encoding"] == "gzip"
        yield from csv.DictReader(answer.iter_lines(), strict=True)


def open_stream(base_url: str, user: str, *, path: str = f"/api/v1/wallets/{D1}/fills"):
    """Ask for a list and read none of it: the server's way to the client is soon full."""
    host, port = base_url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=20)
    token = mint(SECRET, user, seconds=86_400)
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept: text/csv\r\n"
    connection.sendall(f"{request}Authorization: Bearer {token}\r\n\r\n".encode())
    assert connection.recv(12) == b"HTTP/1.1 200"
    return connection


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + END_SECONDS_MAX
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def exports_under_way(world: str) -> list[int]:
    """The sessions of the API that are in a transaction."""
    with psycopg.connect(world) as connection:
        rows = connection.execute(
            """
            select pid from pg_stat_activity
            where application_name = 'hypertally_api' and datname = current_database()
                and xact_start is not null
            """
        ).fetchall()
    return [pid for (pid,) in rows]


def test_an_org_has_few_exports_at_once_and_one_that_is_left_ends(
    world, base_url, get, get_csv, many: int
) -> None:
    streams = [open_stream(base_url, "alice") for _ in range(EXPORTS_PER_ORG_MAX)]
    refused = get_csv("/api/v1/wallets", "alice")
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "5"
    assert "exports under way" in refused.json()["detail"]
    assert get("/api/v1/coverage", "alice").status_code == 200
    assert get_csv("/api/v1/wallets", "bob").status_code == 200
    assert len(exports_under_way(world)) == EXPORTS_PER_ORG_MAX
    for connection in streams:
        connection.close()
    wait_until(lambda: not exports_under_way(world))
    wait_until(lambda: get_csv("/api/v1/wallets", "alice").status_code == 200)


def test_an_export_that_breaks_never_looks_whole(world, base_url, many: int) -> None:
    connection = open_stream(base_url, "alice")
    with psycopg.connect(world) as killer:
        for pid in exports_under_way(world):
            killer.execute("select pg_terminate_backend(%s)", [pid])
    received = b""
    while part := connection.recv(1 << 20):
        received += part
    connection.close()
    assert b"transfer-encoding: chunked" in received
    assert not received.endswith(b"0\r\n\r\n")
    wait_until(lambda: not exports_under_way(world))
