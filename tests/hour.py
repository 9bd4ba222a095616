"""An hour of made-up positions, whose signals sometimes differ between both versions."""

from datetime import UTC, datetime, timedelta

import psycopg

from hypertally.metrics.smart_money import signal_periods
from hypertally.metrics.smart_money.signal_periods import PeriodHistory
from hypertally.store.postgres import open_pool, transaction

BEGIN = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
PERIOD = timedelta(minutes=5)
PERIODS = 11
FAILED = 4  # nobody answered at the end of this period
UNIVERSE = """
with run as (
    insert into metrics.wallet_universe_runs (taken_at, source, status, members, definition)
    values (%(begin)s, 'leaderboard', 'chosen', 100, 'universe/2') returning id
)
insert into metrics.wallet_universe_members (run_id, wallet_id, wallet, rank, pnl_30d)
select run.id, 5000 + n, '0x' || lpad(to_hex(n), 40, '0'), n, 1000 - n
from run cross join generate_series(1, 100) as n
"""
RUN = """
insert into ops.ingest_runs (
    minute, status, started_at, duration_ms, wallets, wallets_ok, wallets_failed, rows_written,
    coverage)
values (%(at)s, %(status)s, %(at)s, 900, 100, 100, 0, 300, 1)
"""
# HYPE: twenty add together, another twenty in each period. BTC: thirty hold, and ten of them leave
# from the fifth period on, a few at a time. ETH: nobody but two.
SNAPSHOTS = """
insert into facts.wallet_snapshots (minute, wallet_id, asset, szi, missing, fingerprint)
select %(at)s, 5000 + n, a.asset, held.szi,
    case when held.szi is null then 'no answer' end, n
from generate_series(1, 100) as n
cross join unnest(array['HYPE', 'BTC', 'ETH']) as a (asset)
cross join lateral (select case
    when %(status)s = 'failed' then null
    when a.asset = 'HYPE' and n <= 60 then 10 * (1 + (%(step)s + n / 20) / 3)
    when a.asset = 'BTC' and n <= 30 then greatest(0, 100 - 50 * greatest(0, %(step)s - 4 - n / 3))
    when a.asset = 'BTC' and n <= 45 then -50 - 20 * %(step)s
    when a.asset = 'ETH' and n <= 2 then %(step)s
    else 0 end as szi) as held
"""


def record(url: str) -> None:
    """Store the universe and a minute at both ends of each period."""
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        connection.execute("select facts.ensure_day('wallet_snapshots', %s)", [BEGIN])
        connection.execute(UNIVERSE, {"begin": BEGIN - PERIOD})
        for step in range(PERIODS + 1):
            bound = {"at": BEGIN + PERIOD * step, "step": step}
            bound |= {"status": "failed" if step == FAILED else "success"}
            connection.execute(RUN, bound)
            connection.execute(SNAPSHOTS, bound)


async def compute(url: str) -> None:
    """Compute the signals of each period."""
    async with open_pool(url, role="hypertally_metrics", size=1) as pool:
        history = PeriodHistory.of()
        for step in range(1, PERIODS + 1):
            async with transaction(pool) as connection:
                await signal_periods.rebuild(connection, BEGIN + PERIOD * step, history)
