"""Fills that came late to two wallets, as the books keep them: what the page tells stories of."""

import asyncio
from pathlib import Path

import psycopg

from hypertally.store.embedded.join import ensure_running
from hypertally.store.postgres import Jsonb

# Of the least active wallets: the days of the others are looked at by other tests.
LATE = """
insert into metrics.restatements (metric, wallet_id, day, cause, changes)
select 'wallet_day_metrics', d.wallet_id, d.day, 'late facts',
    %(changes)s::jsonb || jsonb_build_object('fills', jsonb_build_array(d.fills - 1, d.fills))
from metrics.wallet_day_metrics as d
join (
    select wallet_id
    from metrics.wallet_day_metrics
    group by wallet_id
    order by sum(fills), wallet_id
    limit 1 offset %(wallet)s
) as quiet using (wallet_id)
where d.day < current_date - 2 and d.fills > 1
order by d.day desc
limit 1
"""
UNNOTICED = {
    "completeness": ["0.999998", "0.999999"],
    "fees": [{"USDC": "1.5", "HYPE": "0.25"}, {"USDC": "1.75", "HYPE": "0.25"}],
    "digest": ["1:1", "2:2"],
}
ENDED_GAP = {
    "gap_ms": [43_260_000, 0],
    "perp_volume_usd": ["10.5", "21"],
    "volumes": [{"perp": {"USDC": "10.5"}}, {"perp": {"USDC": "21"}, "spot": {"USDH": "3"}}],
}


def write_late_fills(home: Path) -> None:
    """Record a fill that nobody missed, and one that ended a gap, of two wallets."""
    asyncio.run(_write(home))


async def _write(home: Path) -> None:
    async with await ensure_running(home) as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            for wallet, changes in enumerate((UNNOTICED, ENDED_GAP)):
                bound = {"wallet": wallet, "changes": Jsonb(changes)}
                done = connection.execute(LATE, bound)
                assert done.rowcount == 1
