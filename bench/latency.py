"""Latency: from the request to the exchange to the committed wallet day, at 1,000 fills a second.

Ours is the real worker process at its own pace: it requests a wallet that trades every minute.
PostgreSQL records the commit time of each transaction, so the program itself measures nothing:

    page requested ... page committed ... next rollup of that wallet started ... rollup committed

The rival is the specification's loop: the same answers inserted by VALUES, marks, and a second
loop that recomputes what is marked, once a second, by our own statement.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import msgspec
import psycopg
import stamina
from tests.server import superuser_server

from bench.api import free_port, running_process
from bench.database import prepare_books
from bench.feeder import HOST, addresses
from bench.given_fills import COLUMNS
from bench.ingest import INSERT, ONE, VALUES_ROWS
from bench.machine import announce, console
from bench.measuring import Claim, percentile, report_claims, show_times
from hypertally.clock import at
from hypertally.facts.activity import fills
from hypertally.facts.activity.fills import Sourced
from hypertally.jobs.runtime.kinds import WalletPayload, enqueue
from hypertally.jobs.wallet_pulls import INGEST_WALLET
from hypertally.metrics.activity import wallet_days
from hypertally.records import WalletDay
from hypertally.store.postgres import open_pool, transaction
from hypertally.tenancy import orgs, wallets

WALLETS = 1_000
PACE_SECONDS = 60  # of the program, for wallets that traded within the hour
ROLE = "hypertally_worker"

# For each page with new fills: the first rollup of its wallet that began after it had committed.
_LATENCIES = """
with stored as (
    select p.wallet_id, p.asked_at, pg_xact_commit_timestamp(p.xmin) as committed_at
    from facts.pages as p
    where p.wallet_id is not null and p.asked_at > %(after)s and p.asked_at < %(until)s
        and exists (select from facts.hl_fills_raw as f
                    where f.wallet_id = p.wallet_id and f.page_id = p.id)
), rolled as (
    select (payload ->> 'wallet_id')::integer as wallet_id, finished_at as began_at,
        pg_xact_commit_timestamp(xmin) as committed_at
    from ops.jobs where kind = 'rollup_wallet_day' and status = 'done'
)
select extract(epoch from first.committed_at - s.asked_at)::float8 * 1000
from stored as s
left join lateral (
    select min(r.committed_at) as committed_at from rolled as r
    where r.wallet_id = s.wallet_id and r.began_at >= s.committed_at
) as first on true
"""
TRACK_COMMIT_TIMES = "alter system set track_commit_timestamp = on;"
_CHECK = """
select (select count(*) from ops.jobs where status = 'dead'),
    (select count(*) from facts.hl_fills_raw
     where ingested_at > %(after)s and ingested_at < %(until)s)
"""


async def _prepare(server_url: str, name: str) -> tuple[str, dict[str, int]]:
    """A database with the wallets tracked; their first pulls spread over a round."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
    url = urlsplit(server_url)._replace(path=f"/{name}").geturl()
    await prepare_books(url)
    async with open_pool(url, role=ROLE, size=1) as pool, transaction(pool) as connection:
        org_id = await orgs.find_org(connection, "default")
        addition = await wallets.add(connection, addresses(WALLETS), org_id=org_id, from_day=None)
        ids = addition.added
        for number, wallet_id in enumerate(ids):
            await enqueue(
                connection,
                INGEST_WALLET,
                WalletPayload(wallet_id=wallet_id),
                delay_seconds=number * PACE_SECONDS // WALLETS,
            )
        return url, dict(zip(addresses(WALLETS), ids, strict=True))


def by_worker(url: str, info_url: str, seconds: int) -> tuple[list[float], int]:
    """Run the real worker; milliseconds of each page once every wallet has come round."""
    environment = {
        "HYPERTALLY_DATABASE_URL": url,
        "HYPERTALLY_INFO_URL": f"{info_url}/info",
        "HYPERTALLY_WEIGHT_PER_MINUTE": "1000000",
    }
    bound: dict[str, object] = {}
    with running_process(["-m", "hypertally", "worker"], environment, info_url):
        time.sleep(PACE_SECONDS + 5)
        with psycopg.connect(url, autocommit=True) as connection:
            bound["after"] = _now(connection)
            time.sleep(seconds)
            bound["until"] = _now(connection)
        time.sleep(10)  # the last pages' rollups
    with psycopg.connect(url) as connection:
        times = [row[0] for row in connection.execute(_LATENCIES, bound).fetchall()]
        row = connection.execute(_CHECK, bound).fetchone()
    assert row is not None
    dead, added = row
    lost = sum(1 for spent in times if spent is None)
    console.print(
        f"worker: {added / seconds:,.0f} fills/s stored in {len(times):,} pages; "
        f"{lost} of them never rolled up, {dead} jobs dead"
    )
    return [spent for spent in times if spent is not None], added


def _now(connection: psycopg.Connection[tuple[object, ...]]) -> object:
    row = connection.execute("select clock_timestamp()").fetchone()
    assert row is not None
    return row[0]


class Rival:
    """The specification's loops, in one process: pull by VALUES, recompute once a second."""

    def __init__(self, url: str, info_url: str, ids: dict[str, int]) -> None:
        self._url = url
        self._info_url = info_url
        self._ids = ids
        self._marked: list[tuple[WalletDay, float]] = []
        self._cursors = dict.fromkeys(ids, 0)
        self.fills = 0
        self.spent: list[float] = []

    async def run(self, seconds: int) -> None:
        """Run both loops for some seconds."""
        async with open_pool(self._url, role=ROLE, size=2) as pool:
            self._pool = pool
            async with httpx2.AsyncClient(trust_env=False) as self._http:
                try:
                    async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                        group.create_task(self._pull())
                        group.create_task(self._recompute())
                except TimeoutError:
                    return

    async def _pull(self) -> None:
        started = time.monotonic()
        for number in range(10**9):
            due = started + number * PACE_SECONDS / WALLETS
            await asyncio.sleep(max(0, due - time.monotonic()))
            address = list(self._ids)[number % WALLETS]
            await self._pull_one(address, self._ids[address])

    async def _pull_one(self, address: str, wallet_id: int) -> None:
        asked = time.monotonic()
        since = max(0, self._cursors[address] - 600_000)
        request = {"type": "userFillsByTime", "user": address, "startTime": since}
        answer = await self._http.post(f"{self._info_url}/info", json=request)
        decoded = fills.decode(msgspec.json.decode(answer.content), wallet=address).fills
        if not decoded:
            return
        rows = _tuples([Sourced(wallet_id=wallet_id, page_id=1, fill=fill) for fill in decoded])
        async with transaction(self._pool) as connection:
            for first in range(0, len(rows), VALUES_ROWS):
                part = rows[first : first + VALUES_ROWS]
                statement = INSERT + ", ".join([ONE] * len(part)) + " on conflict do nothing"
                values = [value for row in part for value in row]
                found = await connection.execute(statement.encode(), values)
                self.fills += found.rowcount
        self._cursors[address] = max(fill.time_ms for fill in decoded)
        for day in {at(fill.time_ms).date() for fill in decoded}:
            self._marked.append((WalletDay(wallet_id=wallet_id, day=day), asked))

    async def _recompute(self) -> None:
        while True:
            await asyncio.sleep(1)
            marked, self._marked = self._marked, []
            for key, asked in marked:
                async with transaction(self._pool) as connection:
                    await wallet_days.rebuild(connection, [key])
                self.spent.append((time.monotonic() - asked) * 1000)


def _tuples(sourced: Sequence[Sourced]) -> list[tuple[object, ...]]:
    columns = fills.stage_columns(sourced)
    return list(zip(*(columns[name] for name in COLUMNS), strict=True))


async def measure(server_url: str, *, seconds: int, per_second: float) -> None:
    """Ours, then the rival's, each on a database and a feeder of its own."""
    ours, theirs = free_port(), free_port()
    each = {"BENCH_FILLS_A_SECOND": f"{per_second / WALLETS}"}
    url, _ = await _prepare(server_url, "ours")
    with running_process(
        ["-m", "bench.feeder"], {**each, "BENCH_PORT": f"{ours}"}, f"http://{HOST}:{ours}"
    ) as base:
        spent, added = await asyncio.to_thread(by_worker, url, base, seconds)
    rival_url, ids = await _prepare(server_url, "rival")
    with psycopg.connect(rival_url, autocommit=True) as connection:
        connection.execute(
            "select facts.ensure_month('hl_fills_raw', now()), facts.ensure_month('pages', now())"
        )
    with running_process(
        ["-m", "bench.feeder"], {**each, "BENCH_PORT": f"{theirs}"}, f"http://{HOST}:{theirs}"
    ) as base:
        rival = Rival(rival_url, base, ids)
        await rival.run(seconds + PACE_SECONDS)
    show_times(
        f"asked -> committed wallet day; {WALLETS:,} wallets, {per_second:,.0f} fills/s",
        {"ours: worker": spent, "rival: VALUES, recompute each second": rival.spent},
    )
    console.print(f"rival: {rival.fills / (seconds + PACE_SECONDS):,.0f} fills/s stored")
    report_claims(
        [
            Claim(
                text="asked -> metric, p99",
                measured=percentile(spent, 99) / 1000,
                bound=1,
                unit="s",
                at_least=False,
            ),
            Claim(
                text="fills stored meanwhile",
                measured=added / seconds,
                bound=per_second * 0.95,
                unit="fills/s",
                at_least=True,
            ),
        ]
    )


async def run(*, seconds: int, per_second: float) -> None:
    """Measure on a server that records commit times."""
    stamina.instrumentation.set_on_retry_hooks([])
    with tempfile.TemporaryDirectory(
        prefix="hypertally-bench-", ignore_cleanup_errors=True
    ) as home:
        async with await superuser_server(Path(home), TRACK_COMMIT_TIMES) as server:
            announce(f"latency at {per_second:,.0f} fills/s", server.url)
            await measure(server.url, seconds=seconds, per_second=per_second)
