"""When signals were computed stands beside them: a row a period, newest computation, no scratch."""

from datetime import UTC, datetime, timedelta

import psycopg

from hypertally.metrics.smart_money import signals
from hypertally.store.postgres import Pool, transaction

AT = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def kept(url: str) -> dict[str, datetime]:
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        rows = connection.execute(
            "select key, computed_at from ops.computations where metric = 'signals'"
        ).fetchall()
    return dict(rows)


async def compute(pool: Pool, at: datetime) -> None:
    async with transaction(pool) as connection:
        await signals.rebuild(connection, at)


async def test_a_period_has_one_row_with_its_newest_computation(
    database_url: str, worker_pool: Pool
) -> None:
    await compute(worker_pool, AT)
    await compute(worker_pool, AT + timedelta(minutes=5))
    first = kept(database_url)
    assert set(first) == {"2026-05-04T12:00Z", "2026-05-04T12:05Z"}
    await compute(worker_pool, AT)
    again = kept(database_url)
    assert again["2026-05-04T12:00Z"] > first["2026-05-04T12:00Z"]
    assert again["2026-05-04T12:05Z"] == first["2026-05-04T12:05Z"]


async def test_what_is_computed_to_compare_with_leaves_no_time(
    database_url: str, worker_pool: Pool
) -> None:
    with psycopg.connect(database_url, autocommit=True) as login:
        login.execute("create schema beside authorization hypertally_metrics")
        for table in ("signals", "signal_contributors"):
            login.execute(f"create table beside.{table} (like metrics.{table})".encode())
        login.execute("grant all on all tables in schema beside to hypertally_metrics")
    async with transaction(worker_pool) as connection:
        assert await signals.rebuild(connection, AT, schema="beside") > 0
    assert kept(database_url) == {}
