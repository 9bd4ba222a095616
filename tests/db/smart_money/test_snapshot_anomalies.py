"""What is wrong with a minute's snapshots is kept with it, for later minutes to know."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from hypertally.facts.smart_money import wallet_snapshots
from hypertally.facts.smart_money.wallet_snapshots import NO_SIZE, Snapshot
from hypertally.metrics.smart_money import snapshot_anomalies
from hypertally.store.postgres import Pool, transaction

START = datetime(2026, 11, 19, 23, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WALLET = 1


async def record(pool: Pool, sizes: Sequence[str | None], *, asset: str = "BTC") -> None:
    """Store a position minute by minute, and look at each; '': the wallet did not answer."""
    await wallet_snapshots.ensure_days(pool, {START, START + timedelta(days=1)})
    for number, szi in enumerate(sizes):
        minute = START + number * MINUTE
        about: dict[str, Any] = {"minute": minute, "wallet_id": WALLET, "asset": asset}
        if szi == "":
            row = Snapshot(szi=None, missing="down", **about)
        else:
            missing = NO_SIZE if szi is None else None
            row = Snapshot(szi=szi, missing=missing, payload_fingerprint=number, **about)
        async with transaction(pool) as connection:
            await wallet_snapshots.insert(connection, [row], {WALLET: "0x" + "ab" * 20})
            await snapshot_anomalies.find(connection, minute)


@pytest.fixture
def found(database_url: str):
    def read() -> list[dict[str, Any]]:
        with psycopg.connect(
            database_url, row_factory=dict_row, options="-c timezone=UTC"
        ) as connection:
            return connection.execute(
                "select * from metrics.snapshot_anomalies order by minute, kind"
            ).fetchall()

    return read


async def test_a_collapse_is_kept_at_the_minute_that_is_wrong_and_known_one_later(
    worker_pool: Pool, found
) -> None:
    await record(worker_pool, ["5", "5", "0", "5", "5"])
    (one,) = found()
    assert (one["kind"], one["wallet_id"], one["asset"]) == ("transient_collapse", WALLET, "BTC")
    assert (one["minute"], one["known_at"]) == (START + 2 * MINUTE, START + 3 * MINUTE)
    assert one["dirties"] is True
    assert one["detail"] == {"proven": False, "szi": "0", "expected": "5"}
    assert one["definition"] == snapshot_anomalies.DEFINITION


async def test_a_position_without_a_size_is_one_and_a_silent_wallet_is_not(
    worker_pool: Pool, found
) -> None:
    await record(worker_pool, ["5", None, "", "5"])
    (one,) = found()
    assert (one["kind"], one["minute"], one["dirties"]) == ("null_szi", START + MINUTE, True)


async def test_a_jump_is_against_the_median_change_and_dirties_nothing_if_fills_are_unknown(
    worker_pool: Pool, found
) -> None:
    await record(worker_pool, ["1", "2", "3", "4", "6", "17", "16"])
    (one,) = found()
    assert (one["kind"], one["minute"], one["dirties"]) == ("szi_jump", START + 5 * MINUTE, False)
    assert one["detail"] == {"proven": False, "szi": "17", "expected": "6"}


async def test_ten_times_the_median_change_is_no_jump(worker_pool: Pool, found) -> None:
    await record(worker_pool, ["1", "2", "3", "4", "6", "16"])
    assert found() == []


async def test_changes_across_midnight_are_seen(worker_pool: Pool, found) -> None:
    await record(worker_pool, ["5"] * 30 + ["0", "5"])
    (one,) = found()
    assert one["minute"] == START + 30 * MINUTE == datetime(2026, 11, 20, tzinfo=UTC)


async def test_looking_at_a_minute_again_keeps_nothing_more(worker_pool: Pool, found) -> None:
    await record(worker_pool, ["5", "0", "5"])
    async with transaction(worker_pool) as connection:
        await snapshot_anomalies.find(connection, START + 2 * MINUTE)
    assert len(found()) == 1
