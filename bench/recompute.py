"""Recompute: one wallet day from its facts with ten million fills stored, and a batch of them."""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal

import psycopg

from bench.database import fresh_database
from bench.machine import announce, console
from bench.measuring import Claim, percentile, report_claims, show_times
from bench.stored_fills import store
from hypertally.metrics.activity import wallet_days as activity_wallet_days
from hypertally.records import WalletDay
from hypertally.store.postgres import Connection, Pool, open_pool, transaction

BATCH = 100
RIVAL_SHARE = 4  # every fourth wallet day also goes the rival's way

_WALLET_DAYS = """
select wallet_id, (time at time zone 'UTC')::date as day, count(*)::integer as fills
from facts.hl_fills_raw group by 1, 2
"""
_FILLS_OF_DAY = """
select coin, dir, crossed, px, sz, closed_pnl, fee, fee_token, builder_fee, fingerprint, time
from facts.hl_fills_raw
where wallet_id = %s and time >= %s::timestamp at time zone 'UTC'
    and time < (%s::date + 1)::timestamp at time zone 'UTC'
"""
_UPSERT = """
insert into metrics.wallet_day_metrics as m (
    wallet_id, day, fills, events, forced_fills, volumes, perp_volume_usd, taker_volume_usd,
    gross_realised_pnl_usd, fees, fees_usd, builder_fees, coins, first_fill_at, last_fill_at,
    unpriced, closed, gap_ms, completeness, definition, digest, reference_digest)
values (%s, %s, %s, 0, 0, '{}', %s, %s, %s, '{}', %s, '{}', %s, %s, %s, '[]', false, 0, 1, '',
    %s, '')
on conflict (wallet_id, day) do update
set fills = excluded.fills, perp_volume_usd = excluded.perp_volume_usd,
    taker_volume_usd = excluded.taker_volume_usd, fees_usd = excluded.fees_usd,
    gross_realised_pnl_usd = excluded.gross_realised_pnl_usd, coins = excluded.coins,
    first_fill_at = excluded.first_fill_at, last_fill_at = excluded.last_fill_at,
    digest = excluded.digest
"""


async def by_us(connection: Connection, key: WalletDay) -> None:
    """As the rollup does: every figure, in the database."""
    await activity_wallet_days.rebuild(connection, [key])


async def by_python(connection: Connection, key: WalletDay) -> None:
    """The rival: load the day's fills, sum in Python; a third of our figures, one quote token."""
    found = await connection.execute(_FILLS_OF_DAY, (key.wallet_id, key.day, key.day))
    rows = await found.fetchall()
    volumes: dict[bool, Decimal] = defaultdict(Decimal)
    profit = fees = Decimal(0)
    digest = 0
    for row in rows:
        volumes[row["crossed"]] += row["px"] * row["sz"]
        profit += row["closed_pnl"]
        fees += row["fee"] or 0
        digest += row["fingerprint"]
    times = [row["time"] for row in rows]
    figures = (len(rows), sum(volumes.values()), volumes[True], profit, fees)
    coins = len({row["coin"] for row in rows})
    await connection.execute(
        _UPSERT,
        (key.wallet_id, key.day, *figures, coins, min(times), max(times), f"{len(rows)}:{digest}"),
    )


async def timed(
    pool: Pool, keys: Sequence[WalletDay], way: Callable[[Connection, WalletDay], Awaitable[None]]
) -> list[float]:
    """Milliseconds of each wallet day, its transaction and commit included."""
    spent: list[float] = []
    for key in keys:
        started = time.perf_counter()
        async with transaction(pool) as connection:
            await way(connection, key)
        spent.append((time.perf_counter() - started) * 1000)
    return spent


async def batches(pool: Pool, keys: Sequence[WalletDay]) -> list[float]:
    """Microseconds a wallet day, when a hundred are recomputed in one transaction."""
    spent: list[float] = []
    for first in range(0, len(keys), BATCH):
        chosen = keys[first : first + BATCH]
        started = time.perf_counter()
        async with transaction(pool) as connection:
            await activity_wallet_days.rebuild(connection, chosen)
        spent.append((time.perf_counter() - started) * 1e6 / len(chosen))
    return spent


def wallet_days(url: str) -> tuple[list[WalletDay], list[int]]:
    """Every wallet day there is, and how many fills each has."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(_WALLET_DAYS).fetchall()
    return [WalletDay(wallet_id=row[0], day=row[1]) for row in rows], [row[2] for row in rows]


async def measure(url: str, *, samples: int) -> None:
    """Single wallet days, drawn by fill and drawn evenly; then batches."""
    keys, fills = await asyncio.to_thread(wallet_days, url)
    random_source = random.Random(11)
    drawn = {
        "by fill": random_source.choices(keys, weights=fills, k=samples),
        "evenly": random_source.choices(keys, k=samples),
    }
    console.print(
        f"{sum(fills):,} fills in {len(keys):,} wallet days, at most {max(fills):,} in one"
    )
    claims: list[Claim] = []
    async with open_pool(url, role="hypertally_worker", size=1) as pool:
        await timed(pool, drawn["evenly"][:200], by_us)  # plans made, catalogue read
        for name, chosen in drawn.items():
            ours: list[float] = []
            theirs: list[float] = []
            for first in range(
                0, samples, samples // 3
            ):  # in turn, so that both meet a slow moment
                part = chosen[first : first + samples // 3]
                ours += await timed(pool, part, by_us)
                theirs += await timed(pool, part[::RIVAL_SHARE], by_python)
            methods = {"ours: all figures, SQL": ours, "rival: a third of them, in Python": theirs}
            show_times(f"one wallet day, drawn {name}", methods)
            text = f"one wallet day, drawn {name}, p99"
            bound = percentile(ours, 99)
            claims.append(Claim(text=text, measured=bound, bound=10, unit="ms", at_least=False))
        times = {"evenly": await batches(pool, random_source.sample(keys, min(len(keys), 5_000)))}
        show_times(f"a batch of {BATCH} dirty days, each", times, unit="us")
    report_claims(claims)


async def run(*, fills: int, samples: int) -> None:
    """Measure with `fills` stored."""
    async with fresh_database() as url:
        announce(f"recompute, {fills:,} fills stored", url)
        await asyncio.to_thread(store, url, fills=fills)
        await measure(url, samples=samples)
