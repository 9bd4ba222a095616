"""The TWAP endpoints under wrk, with ten million statuses stored."""

import asyncio
import secrets
import statistics
from collections.abc import Sequence
from random import Random

import httpx2
import psycopg
import stamina
from rich.table import Table

from bench.api import HOST, SECRET_BYTES, WrkResult, free_port, running_process, wrk
from bench.database import fresh_database
from bench.machine import announce, console
from bench.measuring import Claim, report_claims
from hypertally.api.identity.tokens import mint
from hypertally.cli.tenancy.user_tokens import require_own_user

WALLETS = 20_000
TRACKED = 50
CONNECTIONS = 8
P99_MS_MAX = 50  # of either endpoint: what one looks at while one waits

# Two statuses a TWAP, a TWAP every 6 seconds: about a year of them. Skewed as trading is: the
# first wallets have a thousand times what the last ones have.
STATUSES = """
insert into facts.twap_status (
    twap_id, wallet, ts, asset, side, size_requested, size_executed, notional_executed, status,
    duration_minutes, raw_payload, s3_object_key, fingerprint, page_id, ordinal)
select
    n, '0x' || lpad(to_hex(1 + floor(%(wallets)s * power(u, 3))::integer), 40, '0'),
    '2025-12-01Z'::timestamptz + make_interval(secs => n * 6),
    (array['BTC', 'ETH', 'HYPE', 'SOL', 'xyz:TSLA', '@107'])[1 + n %% 6],
    (case when n %% 2 = 0 then 'A' else 'B' end)::"char", n %% 9973 + 0.25,
    case when over then n %% 9973 + 0.25 else 0 end,
    case when over then n %% 99991 + 0.125467 else 0 end,
    case when over then 'finished' else 'activated' end, 5 + n %% 715,
    jsonb_build_object('twap_id', n, 'status', 'as it came', 'state_minutes', 5 + n %% 715),
    'year.parquet', n * 2 + over::integer, 1, n * 2 + over::integer
from (select n, (hashint8(n) & 1048575) / 1048576.0 as u
      from generate_series(%(first)s::bigint, %(last)s::bigint) as n) as g
cross join (values (false), (true)) as v (over)
"""
TWAPS = """
insert into metrics.twaps (
    twap_id, wallet, in_archive, asset, side, status, started_at, duration_minutes, ends_at,
    size_requested, size_executed, notional_executed, statuses, definition, digest)
select twap_id, wallet, true, asset, side, status, ts, duration_minutes,
    ts + make_interval(mins => duration_minutes), size_requested, size_executed,
    notional_executed, 2, 'twaps/1', '2:0'
from facts.twap_status where status = 'finished'
"""
TRACK = """
with registered as (
    insert into tenancy.wallets (address)
    select decode(lpad(to_hex(n), 40, '0'), 'hex') from generate_series(1, %(tracked)s) as n
    returning id
), tracked as (
    insert into tenancy.org_wallets (org_id, wallet_id)
    select o.id, r.id from registered as r cross join tenancy.orgs as o where o.name = 'default'
)
insert into metrics.twap_slices (
    wallet_id, twap_id, at, oid, coin, side, fills, size_coin, notional, fees, definition, digest)
select r.id, t.twap_id, t.started_at + make_interval(secs => 30 * k), k, t.asset, t.side, 1, 0.5,
    12.5, '{"USDC": "0.01"}', 'twap_slices/1', '1:0'
from registered as r
join tenancy.wallets as w on w.id = r.id
join lateral (
    select * from metrics.twaps as t where t.wallet = '0x' || lpad(to_hex(r.id), 40, '0')
    order by t.started_at desc limit 200
) as t on true
cross join generate_series(1, 20) as k
"""
BATCH = 500_000


def store(url: str, *, statuses: int) -> None:
    """Store so many statuses, the TWAPs they tell of, and slices of some tracked wallets."""
    with psycopg.connect(url, autocommit=True) as connection:
        for first in range(1, statuses // 2 + 1, BATCH):
            last = min(first + BATCH - 1, statuses // 2)
            bound = {"wallets": WALLETS, "first": first, "last": last}
            connection.execute(STATUSES.encode(), bound)
        connection.execute(TWAPS.encode())
        connection.execute(TRACK.encode(), {"tracked": TRACKED})
        for table in ("facts.twap_status", "metrics.twaps", "metrics.twap_slices"):
            connection.execute(f"vacuum (analyze) {table}".encode())


def paths(*, statuses: int, count: int) -> dict[str, list[str]]:
    """Paths of each kind, each asked once: no answer can be in memory."""
    random = Random(7)

    def window(days: int) -> str:
        day = random.randint(1, 27)
        return f"start=2026-{random.randint(1, 9):02}-{day:02}&end=2026-10-{days:02}"

    def wallet() -> str:
        return f"0x{1 + int(WALLETS * random.random() ** 3):040x}"

    return {
        "a wallet's TWAPs in a window": [
            f"/api/v1/twaps?wallet={wallet()}&{window(1 + n % 28)}&limit=50" for n in range(count)
        ],
        "all wallets' TWAPs in a window": [
            f"/api/v1/twaps?{window(1 + n % 28)}&limit={20 + n % 60}" for n in range(count)
        ],
        "one TWAP with its statuses": [
            f"/api/v1/twaps/{random.randint(1, statuses // 2)}" for _ in range(count)
        ],
    }


async def run(*, statuses: int, seconds: int, rounds: int) -> None:
    """Measure both endpoints."""
    stamina.instrumentation.set_on_retry_hooks([])  # waiting for a start is no event
    secret = secrets.token_urlsafe(SECRET_BYTES)
    async with fresh_database() as url:
        announce(f"TWAP endpoints, {statuses:,} statuses stored", url)
        await asyncio.to_thread(store, url, statuses=statuses)
        user = await require_own_user(url, org="default", role="admin")
        port = free_port()
        settings = {
            "HYPERTALLY_DATABASE_URL": url,
            "HYPERTALLY_JWT_SECRET": secret,
            "HYPERTALLY_PORT": f"{port}",
        }
        with running_process(
            ["-m", "hypertally", "api"], settings, f"http://{HOST}:{port}"
        ) as base:
            bearer = {"Authorization": f"Bearer {mint(secret, user, seconds=3600)}"}
            await asyncio.to_thread(
                _measure, base, bearer, statuses=statuses, seconds=seconds, rounds=rounds
            )


def _measure(
    base: str, bearer: dict[str, str], *, statuses: int, seconds: int, rounds: int
) -> None:
    count = 4_000 * rounds
    kinds = paths(statuses=statuses, count=count)
    with httpx2.Client(base_url=base, headers=bearer, trust_env=False) as client:
        for listed in kinds.values():
            answer = client.get(listed[-1])
            assert answer.status_code == httpx2.codes.OK, answer.text
    results_by_read: dict[str, list[WrkResult]] = {name: [] for name in kinds}
    part = count // rounds
    for number in range(rounds):
        for name, listed in kinds.items():
            mine = listed[number * part : (number + 1) * part]
            results_by_read[name].append(
                wrk(base, mine, connections=CONNECTIONS, seconds=seconds, headers=bearer)
            )
    _show(results_by_read)


def _show(results_by_read: dict[str, Sequence[WrkResult]] | dict[str, list[WrkResult]]) -> None:
    table = Table("read", "req/s", "p50 ms", "p99 ms", "failed",
                  title=f"wrk -t1 -c{CONNECTIONS} --latency, medians")  # fmt: skip
    claims: list[Claim] = []
    for name, loads in results_by_read.items():
        p99 = statistics.median(load.p99 for load in loads)
        table.add_row(
            name,
            f"{statistics.median(load.per_second for load in loads):,.0f}",
            f"{statistics.median(load.p50 for load in loads):.2f}",
            f"{p99:.2f}",
            str(sum(load.failed for load in loads)),
        )
        claims.append(
            Claim(text=f"{name}, p99", measured=p99, bound=P99_MS_MAX, unit="ms", at_least=False)
        )
    console.print(table)
    report_claims(claims)
