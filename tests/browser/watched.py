"""An hour of smart money: positions of the wallets that are watched, and the signals they make."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from hypertally.metrics.smart_money import signal_outcomes, signal_periods
from hypertally.metrics.smart_money.signal_periods import PeriodHistory
from hypertally.store.embedded.join import ensure_running
from hypertally.store.postgres import Jsonb, open_pool, transaction

PERIOD = timedelta(minutes=5)
PERIODS = 12
FAILED = 6  # periods ago: no wallet answered, so that its signals are locked

UNIVERSE = """
with run as (
    insert into metrics.wallet_universe_runs (
        taken_at, source, status, rows_seen, rows_valid, members, entered, excluded, churn,
        definition)
    values (%(begin)s, 'leaderboard', 'chosen', 230, 230, 200,
        (select array_agg('0x' || lpad(to_hex(n), 40, '0')) from generate_series(1, 13) as n),
        '{"no_volume_30d": 8}', 0.065, 'wallet_universe_runs/2')
    returning id
)
insert into metrics.wallet_universe_members (run_id, wallet_id, wallet, rank, pnl_30d, volume_30d)
select run.id, 1000000 + n, '0x' || lpad(to_hex(n), 40, '0'), n, 900000.5 - n * 4000, n * 1000.25
from run, generate_series(1, 200) as n
"""
RUNS = """
insert into ops.ingest_runs (
    minute, status, started_at, duration_ms, wallets, wallets_ok, wallets_failed, rows_written,
    coverage)
values (%(minute)s, %(status)s, %(minute)s, 900, 200, 195, 5, 600, %(coverage)s)
on conflict do nothing
"""
# HYPE is bought, BTC splits its holders, ETH is left; five wallets never answer.
SNAPSHOTS = """
insert into facts.wallet_snapshots (minute, wallet_id, asset, szi, missing, fingerprint)
select %(minute)s, m.wallet_id, a.asset, held.szi,
    case when held.szi is null then 'no answer within the minute' end, m.wallet_id + %(step)s
from metrics.wallet_universe_current as m
cross join unnest(array['HYPE', 'BTC', 'ETH']) as a (asset)
cross join lateral (select case
    when %(failed)s or m.rank > 195 then null
    when a.asset = 'HYPE' and m.rank <= 45 then 100 + m.rank * %(step)s * 2.5
    when a.asset = 'HYPE' and m.rank <= 54 then -40 - %(step)s * 1.25
    when a.asset = 'BTC' and m.rank <= 30 then 1 + %(step)s * 0.125
    when a.asset = 'BTC' and m.rank <= 55 then -2 - %(step)s * 0.25
    when a.asset = 'ETH' and m.rank <= 20 then 200 - %(step)s * 7.5
    when a.asset = 'ETH' and m.rank <= 60 then 35.5
    when a.asset = 'ETH' and m.rank <= 78 then -10 - %(step)s
    else 0 end as szi) as held
on conflict do nothing
"""
MIDS = """
insert into facts.mids (dex, at, mids, page_id)
values ('', %s, '{"HYPE": "38.245", "BTC": "91234.5", "ETH": "3021.75"}', 1)
on conflict do nothing
"""
HEALTH = """
insert into ops.ingest_health (at, state, last_success, age_seconds, coverage, reason)
values (now(), 'healthy', now(), 0, 0.975, 'the last minute is fresh')
"""

# The fills of an exit came after the newest signal of BTC was issued.
RESTATEMENT = """
insert into metrics.restatements (
    metric, day, cause, changes, signal_asset, signal_at, window_minutes)
values ('signals', %(at)s, 'late facts', %(changes)s, 'BTC', %(at)s, 5)
"""
RESTATED = {
    "ecs": ["30.00000000", "0E-8"],
    "ecs_forced": ["0", "26.5"],
    "bias": ["Long", "No-trade"],
}


def write_signals(home: Path) -> None:
    """Record an hour that ends with the last full period, and compute its signals."""
    asyncio.run(_write(home))


def keep_fresh(home: Path) -> None:
    """Say that the feed is well now: nothing records minutes in these tests."""
    asyncio.run(_keep_fresh(home))


async def _keep_fresh(home: Path) -> None:
    async with await ensure_running(home) as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(HEALTH)


async def _write(home: Path) -> None:
    now = datetime.now(UTC)
    last = now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0)
    ends = [last - PERIOD * back for back in range(PERIODS, -1, -1)]
    async with await ensure_running(home) as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            for end in {ends[0], last}:
                connection.execute("select facts.ensure_day('wallet_snapshots', %s)", [end])
            connection.execute(UNIVERSE, {"begin": ends[0] - PERIOD})
            for step, end in enumerate(ends):
                failed = step == PERIODS - FAILED
                bound = {"minute": end, "step": step, "failed": failed}
                bound |= {"status": "failed" if failed else "partial"}
                connection.execute(RUNS, bound | {"coverage": 0 if failed else 0.975})
                connection.execute(SNAPSHOTS, bound)
                connection.execute(MIDS, [end - timedelta(seconds=30)])
            connection.execute(HEALTH)
        async with open_pool(server.url, role="hypertally_metrics", size=1) as pool:
            history = PeriodHistory.of()
            for end in ends[1:]:
                async with transaction(pool) as connection:
                    await signal_periods.rebuild(connection, end, history)
                    await signal_outcomes.rebuild(connection, end)
            async with transaction(pool) as connection:
                bound = {"at": last, "changes": Jsonb(RESTATED)}
                await connection.execute(RESTATEMENT, bound)
