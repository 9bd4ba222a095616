"""Verifying while the newest minute is recorded and its signals are not computed yet."""

from datetime import UTC, datetime, timedelta

import pytest

from hypertally.flow import METRICS
from hypertally.jobs.rebuild.verify import verify
from hypertally.store.postgres import Pool, transaction

RUN = """
insert into ops.ingest_runs (
    minute, status, started_at, duration_ms, wallets, wallets_ok, wallets_failed, rows_written,
    coverage)
values (%(at)s, 'success', %(at)s, 900, 200, 200, 0, 600, 1)
"""


@pytest.mark.parametrize(("periods_ago", "outcome"), [(0, "waiting"), (2, "differing")])
async def test_the_newest_period_waits_and_an_earlier_one_is_missing(
    worker_pool: Pool, periods_ago: int, outcome: str
) -> None:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    at = now - timedelta(minutes=now.minute % 5 + 5 * periods_ago)
    async with transaction(worker_pool) as connection:
        await connection.execute(RUN.encode(), {"at": at})
    (verdict,) = await verify(worker_pool, [each for each in METRICS if each.name == "signals"])
    counts = {"waiting": verdict.waiting, "differing": verdict.differing}
    assert [name for name, count in counts.items() if count] == [outcome]
