"""The API under wrk: cached, unchanged and uncached reads, explain, and a rival's endpoint."""

import asyncio
import contextlib
import os
import re
import resource
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import msgspec
import psycopg
import stamina
from rich.table import Table

from bench.database import fresh_database
from bench.given_fills import address_of
from bench.machine import announce, calibrate, console
from bench.measuring import Claim, report_claims
from bench.recompute import wallet_days
from bench.stored_fills import days_back, store
from hypertally.api.identity.tokens import mint
from hypertally.cli.tenancy.user_tokens import require_own_user
from hypertally.metrics.activity import wallet_days as activity_wallet_days
from hypertally.records import WalletDay
from hypertally.store.postgres import open_pool, transaction

HOST = "127.0.0.1"
STORED = 500_000
WALLETS_READ = 400
DAYS = 10  # of an answer: 8 to 9 KB
SECRET_BYTES = 48
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 20
WARM_SECONDS = 3
IDLE_SOCKETS = 5_000
HUGE_BYTES = 200 * 2**20
PART = b"a" * 2**20
_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}

# Requests are built before the run: formatting each in turn would slow wrk, not the server.
_SCRIPT = """
local requests = {}
local n = 0
init = function(args)
    for path in io.lines("PATHS") do
        requests[#requests + 1] = wrk.format("GET", path)
    end
end
request = function()
    n = n + 1
    return requests[(n - 1) % #requests + 1]
end
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrkResult:
    """The figures that wrk printed."""

    per_second: float
    p50: float  # ms
    p99: float  # ms
    failed: int
    megabytes: str


def wrk(
    base: str, paths: Sequence[str], *, connections: int, seconds: int, headers: dict[str, str]
) -> WrkResult:
    """Run `wrk -t1` over the paths in turn."""
    with tempfile.TemporaryDirectory(prefix="hypertally-wrk-") as folder:
        listed, script = Path(folder, "paths"), Path(folder, "requests.lua")
        listed.write_text("".join(f"{path}\n" for path in paths))
        script.write_text(_SCRIPT.replace("PATHS", str(listed)))
        named = [part for item in headers.items() for part in ("-H", ": ".join(item))]
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", *named]
        ran = subprocess.run(
            [*command, "-s", str(script), base],
            capture_output=True,
            text=True,
            check=True,
            timeout=seconds + 60,
        )
    return _read(ran.stdout)


def _read(output: str) -> WrkResult:
    def time_of(percent: str) -> float:
        match = re.search(rf"{percent}%\s+([\d.]+)(us|ms|s|m)\b", output)
        assert match, output
        return float(match[1]) * _MS[match[2]]

    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    moved = re.search(r"Transfer/sec:\s+(\S+)", output)
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    assert rate
    assert moved
    return WrkResult(
        per_second=float(rate[1]),
        p50=time_of("50"),
        p99=time_of("99"),
        failed=int(failed[1]) if failed else 0,
        megabytes=moved[1],
    )


@contextmanager
def running_process(
    command: list[str], environment: dict[str, str], address: str
) -> Generator[str]:
    """Run a server in its own process; yields its address once it answers."""
    process = subprocess.Popen([sys.executable, *command], env={**os.environ, **environment})
    try:
        for attempt in stamina.retry_context(
            on=httpx2.HTTPError, attempts=None, timeout=START_SECONDS_MAX, wait_max=0.25
        ):
            with attempt:
                httpx2.get(address, trust_env=False)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """A free port."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


async def compute(url: str) -> list[WalletDay]:
    """The wallet days of the wallets that will be read; the busiest are among them."""
    keys, _ = await asyncio.to_thread(wallet_days, url)
    chosen = [key for key in keys if key.wallet_id <= WALLETS_READ]
    async with open_pool(url, role="hypertally_worker", size=1) as pool:
        for first in range(0, len(chosen), 500):
            async with transaction(pool) as connection:
                await activity_wallet_days.rebuild(connection, chosen[first : first + 500])
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("vacuum (analyze) metrics.wallet_day_metrics")
    return chosen


def _connect(base: str) -> socket.socket:
    address = urlsplit(base)
    return socket.create_connection((address.hostname, address.port))


@contextmanager
def idle_sockets(base: str) -> Generator[None]:
    """Hold thousands of connections that say nothing."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with ExitStack() as opened:
        for _ in range(IDLE_SOCKETS):
            opened.enter_context(_connect(base))
        yield


@contextmanager
def slow_client(base: str) -> Generator[None]:
    """Send a head by a byte every tenth of a second, again and again."""

    def send_slowly(connection: socket.socket) -> None:
        for byte in b"GET / HTTP/1.1\r\nHost: x\r\nA: " + PART[:1000]:
            connection.sendall(bytes([byte]))
            time.sleep(0.1)

    with _meanwhile(base, send_slowly):
        yield


@contextmanager
def huge_address(base: str) -> Generator[None]:
    """Send an address of 200 MB, again and again, ten times a second."""

    def send_all(connection: socket.socket) -> None:
        time.sleep(0.1)
        connection.sendall(b"GET /")
        for _ in range(0, HUGE_BYTES, len(PART)):
            connection.sendall(PART)

    with _meanwhile(base, send_all):
        yield


@contextmanager
def _meanwhile(base: str, send: Callable[[socket.socket], None]) -> Generator[None]:
    stopping = threading.Event()

    def repeat() -> None:
        # It shares the machine with the server: what it sends counts, not what it computes.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
        while not stopping.is_set():
            with contextlib.suppress(OSError), _connect(base) as connection:
                connection.settimeout(1)
                send(connection)

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    yield
    stopping.set()


class ReadPaths:
    """The paths of each kind of read."""

    def __init__(self, keys: Sequence[WalletDay]) -> None:
        wallets = sorted({key.wallet_id for key in keys})
        self.cached = [_days_path(wallet) + f"?limit={DAYS}" for wallet in wallets[:200]]
        # Each path is requested once, so no answer is cached. The rival has another name for it.
        firsts = [f"{day}" for day in days_back(90)[:60]]
        limits = range(DAYS - 2, DAYS + 3)
        self.uncached = [
            _days_path(wallet) + f"?limit={limit}&NAME={first}"
            for limit, first, wallet in product(limits, firsts, wallets)
        ]
        self.explained = [
            f"/api/v1/explain/wallet_day_metrics/{address_of(key.wallet_id)}/{key.day}"
            for key in keys
        ]


def _days_path(wallet_id: int) -> str:
    return f"/api/v1/wallets/{address_of(wallet_id)}/days"


@contextmanager
def running_bare(ours: str, path: str, headers: dict[str, str]) -> Generator[str]:
    """Run the application that sends the bytes of one of our answers and nothing else."""
    answer = httpx2.get(f"{ours}{path}", headers={**headers, "Accept-Encoding": "identity"})
    assert answer.status_code == 200, answer.text
    console.print(f"an answer of {DAYS} days holds {len(answer.content):,} bytes")
    sent_headers = {name: text for name, text in answer.headers.items() if name != "date"}
    with tempfile.NamedTemporaryFile(prefix="hypertally-answer-") as file:
        file.write(msgspec.json.encode({"body": answer.text, "headers": sent_headers}))
        file.flush()
        port = free_port()
        environment = {"BENCH_ANSWER": file.name, "BENCH_PORT": f"{port}"}
        address = f"http://{HOST}:{port}"
        with running_process(["-m", "bench.rival_api"], environment, address) as bare:
            yield bare


def measure(
    ours: str, rival: str, reads: ReadPaths, token: str, *, seconds: int, rounds: int
) -> None:
    """Measure every kind of read on all servers in turn."""
    bearer = {"Authorization": f"Bearer {token}"}
    with running_bare(ours, reads.cached[0], bearer) as bare:
        _measure(ours, bare, rival, reads, bearer, seconds=seconds, rounds=rounds)


def _cached_kinds(
    ours: str, bare: str, rival: str, reads: ReadPaths, bearer: dict[str, str], *, seconds: int
) -> dict[str, Callable[[int], WrkResult]]:
    """The reads of finished bytes: alone, in each form, and beside strangers."""

    def cached(base: str, **headers: str) -> Callable[[int], WrkResult]:
        return lambda _: wrk(
            base, reads.cached, connections=32, seconds=seconds, headers=bearer | headers
        )

    def warmed(number: int) -> WrkResult:
        # What is read from memory must be there, and stay until the last of these reads: each
        # answer is kept for a minute, and computing it is measured apart.
        wrk(ours, reads.cached, connections=8, seconds=WARM_SECONDS, headers=bearer)
        return cached(ours)(number)

    def beside(stranger: Callable[[str], AbstractContextManager[None]]) -> WrkResult:
        with stranger(ours):
            return cached(ours)(0)

    return {
        "bare: the same bytes": cached(bare),
        "ours: cached": warmed,
        "ours: cached, beside a slow client": lambda _: beside(slow_client),
        "ours: cached, beside idle sockets": lambda _: beside(idle_sockets),
        "ours: cached, beside a huge address": lambda _: beside(huge_address),
        "ours: cached, gzip": cached(ours, **{"Accept-Encoding": "gzip"}),
        "ours: 304": cached(ours, **{"If-None-Match": "*"}),
        "rival: rows, model": cached(rival),
    }


def _measure(
    ours: str,
    bare: str,
    rival: str,
    reads: ReadPaths,
    bearer: dict[str, str],
    *,
    seconds: int,
    rounds: int,
) -> None:
    parts = len(reads.uncached) // (2 * rounds)
    explained = len(reads.explained) // rounds

    def uncached(
        base: str, name: str, *, connections: int, offset: int = 0
    ) -> Callable[[int], WrkResult]:
        return lambda number: wrk(
            base,
            _named(reads.uncached, name, 2 * number + offset, parts),
            connections=connections,
            seconds=seconds,
            headers=bearer,
        )

    def explain(number: int) -> WrkResult:
        paths = reads.explained[number * explained : (number + 1) * explained]
        return wrk(ours, paths, connections=4, seconds=seconds, headers=bearer)

    kinds = _cached_kinds(ours, bare, rival, reads, bearer, seconds=seconds) | {
        "ours: uncached, 8 connections": uncached(ours, "from", connections=8),
        "ours: uncached, 32 connections": uncached(ours, "from", connections=32, offset=1),
        "rival: 8 connections": uncached(rival, "first", connections=8),
        "ours: explain, 4 connections": explain,
    }
    results_by_read: dict[str, list[WrkResult]] = {name: [] for name in kinds}
    for number in range(rounds):
        for name, read in kinds.items():
            results_by_read[name].append(read(number))
    _show(results_by_read)
    report_claims(_claims(results_by_read))


def _named(paths: Sequence[str], name: str, part: int, size: int) -> list[str]:
    return [path.replace("NAME", name) for path in paths[part * size : (part + 1) * size]]


def _show(results_by_read: dict[str, list[WrkResult]]) -> None:
    table = Table(
        "read",
        "req/s",
        "p50 ms",
        "p99 ms",
        "MB/s",
        "failed",
        title=f"wrk -t1 --latency, medians of {len(next(iter(results_by_read.values())))}",
    )
    for name, loads in results_by_read.items():
        table.add_row(
            name,
            f"{_median(loads, 'per_second'):,.0f}",
            f"{_median(loads, 'p50'):.2f}",
            f"{_median(loads, 'p99'):.2f}",
            loads[0].megabytes,
            str(sum(load.failed for load in loads)),
        )
    console.print(table)
    calibrate()


def _median(loads: Sequence[WrkResult], field: str) -> float:
    return statistics.median(getattr(load, field) for load in loads)


def _claims(results_by_read: dict[str, list[WrkResult]]) -> list[Claim]:
    def at_least(name: str, bound: float) -> Claim:
        rate = _median(results_by_read[name], "per_second")
        return Claim(text=name, measured=rate, bound=bound, unit="req/s", at_least=True)

    def at_most(name: str, bound: float) -> Claim:
        p99 = _median(results_by_read[name], "p99")
        return Claim(text=f"{name}, p99", measured=p99, bound=bound, unit="ms", at_least=False)

    ratio = _median(results_by_read["ours: cached"], "per_second") / _median(
        results_by_read["rival: rows, model"], "per_second"
    )
    console.print(f"cached / rival: {ratio:.1f}x")

    def relative(name: str, other: str, field: str, bound: float) -> Claim:
        measured = _median(results_by_read[name], field) / _median(results_by_read[other], field)
        text = f"{name} / {other}, {field}"
        return Claim(
            text=text, measured=measured, bound=bound, unit="x", at_least=field == "per_second"
        )

    cached, uncached, rival = (
        "ours: cached",
        "ours: uncached, 8 connections",
        "rival: 8 connections",
    )
    return [
        relative(cached, "bare: the same bytes", "per_second", 0.85),
        *(
            relative(f"{cached}, beside {stranger}", cached, "p99", 1.2)
            for stranger in ("a slow client", "idle sockets", "a huge address")
        ),
        relative(uncached, rival, "per_second", 1),
        relative(uncached, rival, "p99", 1.5),
        at_least("ours: cached", 40_000),
        at_most("ours: cached", 2),
        at_most("ours: uncached, 8 connections", 20),
        at_most("ours: uncached, 32 connections", 20),
        at_most("ours: explain, 4 connections", 100),
    ]


async def run(*, seconds: int, rounds: int) -> None:
    """Measure our API and the rival's on the same rows."""
    stamina.instrumentation.set_on_retry_hooks([])  # retries until the start are expected
    secret = secrets.token_urlsafe(SECRET_BYTES)
    async with fresh_database() as url:
        announce("api, wallet days and explain", url)
        await asyncio.to_thread(store, url, fills=STORED)
        keys = await compute(url)
        user = await require_own_user(url, org="default", role="admin")
        token = mint(secret, user, seconds=3600)
        ours, rival = free_port(), free_port()
        settings = {"HYPERTALLY_DATABASE_URL": url, "HYPERTALLY_JWT_SECRET": secret}
        theirs = {"BENCH_DATABASE_URL": url, "BENCH_SECRET": secret, "BENCH_PORT": f"{rival}"}
        with (
            running_process(
                ["-m", "hypertally", "api"],
                {**settings, "HYPERTALLY_PORT": f"{ours}"},
                f"http://{HOST}:{ours}",
            ) as our_base,
            running_process(
                ["-m", "bench.rival_api"], theirs, f"http://{HOST}:{rival}"
            ) as rival_base,
        ):
            reads = ReadPaths(keys)
            await asyncio.to_thread(
                measure, our_base, rival_base, reads, token, seconds=seconds, rounds=rounds
            )
