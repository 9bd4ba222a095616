"""Stored signals: from rows of snapshots to rows of scores, and nothing of what comes later."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from hypertally.metrics.smart_money import signal_outcomes, signals
from hypertally.store.postgres import Pool, transaction

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WALLETS = 200
MINUTE = timedelta(minutes=1)
UNIVERSE = """
with run as (
    insert into metrics.wallet_universe_runs (taken_at, source, status, members, definition)
    values (%(taken_at)s, 'leaderboard', 'chosen', %(wallets)s, 'universe/2') returning id
)
insert into metrics.wallet_universe_members (run_id, wallet_id, wallet, rank, pnl_30d)
select run.id, n, '0x' || lpad(to_hex(n), 40, '0'), n, 1000 - n
from run cross join generate_series(1, %(wallets)s) as n
"""
SNAPSHOT = """
insert into facts.wallet_snapshots (minute, wallet_id, asset, szi, missing, fingerprint)
values (%(minute)s, %(wallet_id)s, %(asset)s, %(szi)s,
        case when %(szi)s::numeric is null then 'no answer' end, %(fingerprint)s)
"""
RUN = """
insert into ops.ingest_runs (
    minute, status, started_at, duration_ms, wallets, wallets_ok, wallets_failed, rows_written,
    coverage)
values (%(minute)s, %(status)s, %(minute)s, 900, 200, 200, 0, 600, %(coverage)s)
"""

Sizes = dict[int, str | None]


class Feed:
    """Rows as the recorder of snapshots leaves them."""

    def __init__(self, url: str) -> None:
        self.url = url
        with self.connect() as connection:
            connection.execute("select facts.ensure_day('wallet_snapshots', %s)", [AT])
            connection.execute(UNIVERSE, {"taken_at": AT - timedelta(hours=1), "wallets": WALLETS})

    def connect(self) -> psycopg.Connection[dict[str, Any]]:
        return psycopg.connect(self.url, autocommit=True, row_factory=dict_row)

    def record(
        self, minute: datetime, sizes: Sizes, *, status: str = "success", coverage: str = "1"
    ) -> None:
        """A minute in which these wallets hold so much HYPE, and all others nothing."""
        with self.connect() as connection:
            connection.execute(RUN, {"minute": minute, "status": status, "coverage": coverage})
            with connection.cursor() as cursor:
                cursor.executemany(
                    SNAPSHOT,
                    [
                        {
                            "minute": minute,
                            "wallet_id": wallet,
                            "asset": asset,
                            "szi": sizes.get(wallet, "0") if asset == "HYPE" else "0",
                            "fingerprint": wallet,
                        }
                        for wallet in range(1, WALLETS + 1)
                        for asset in ("HYPE", "BTC", "ETH")
                    ],
                )

    def mids(self, at: datetime, price: str) -> None:
        with self.connect() as connection:
            connection.execute(
                "insert into facts.mids (dex, at, mids, page_id) "
                "values ('', %s, jsonb_build_object('HYPE', %s::text), 1)",
                [at, price],
            )

    def rows(self, statement: str) -> list[dict[str, Any]]:
        with self.connect() as connection:
            return connection.execute(statement.encode()).fetchall()

    def signal(self, definition: str = "smart_money/2", asset: str = "HYPE") -> dict[str, Any]:
        [row] = self.rows(
            f"select * from metrics.signals where asset = '{asset}' "
            f"and definition = '{definition}' and at = '{AT.isoformat()}'"
        )
        return row


@pytest.fixture
def feed(database_url: str) -> Feed:
    return Feed(database_url)


async def compute(pool: Pool, at: datetime = AT) -> None:
    async with transaction(pool) as connection:
        await signals.rebuild(connection, at)


def opening(long: int, short: int) -> Sizes:
    shorts = range(long + 1, long + short + 1)
    return dict.fromkeys(range(1, long + 1), "10") | dict.fromkeys(shorts, "-10")


@pytest.mark.parametrize(
    ("held", "first", "second"),
    [((15, 5), "52.5", "66.66666667"), ((60, 0), "65", "92.85714286"), ((4, 1), "50.75", None)],
    ids=str,
)
async def test_the_vectors_of_the_definitions_come_out_of_stored_rows(
    feed: Feed, worker_pool: Pool, held: tuple[int, int], first: str, second: str | None
) -> None:
    feed.record(AT - 5 * MINUTE, {})
    feed.record(AT, opening(*held))
    await compute(worker_pool)
    assert feed.signal("smart_money/1")["cas"] == Decimal(first)
    row = feed.signal()
    assert row["cas"] == (None if second is None else Decimal(second))
    assert ("cas" in row["unknown"]) is (second is None)
    assert row["locked"] is None
    assert row["digest"] == f"{2 * WALLETS}:{WALLETS * (WALLETS + 1)}"


async def test_every_wallet_that_did_something_is_a_contributor(
    feed: Feed, worker_pool: Pool
) -> None:
    feed.mids(AT - 5 * MINUTE, "40.5")
    feed.record(AT - 5 * MINUTE, {100: "3"})
    feed.record(AT, {**opening(15, 5), 100: "3"})
    await compute(worker_pool)
    rows = feed.rows(
        "select * from metrics.signal_contributors where definition = 'smart_money/2' "
        "and asset = 'HYPE' order by wallet_id"
    )
    assert [row["class"] for row in rows] == ["OPEN_L"] * 15 + ["OPEN_S"] * 5 + ["HOLD"]
    assert rows[0]["delta_usd"] == Decimal(405)
    assert rows[0]["effect_cas"] > 0 > rows[15]["effect_cas"]


async def test_computing_again_gives_the_same_bytes_whatever_came_later(
    feed: Feed, worker_pool: Pool
) -> None:
    for back in range(4, -1, -1):
        feed.record(AT - 5 * back * MINUTE, opening(5 * (5 - back), 3))
    for back in range(4, -1, -1):
        await compute(worker_pool, AT - 5 * back * MINUTE)
    everything = (
        "select to_jsonb(s)::text as row from metrics.signals as s "
        "union all select to_jsonb(c)::text from metrics.signal_contributors as c order by 1"
    )
    before = feed.rows(everything)
    poison = AT + 5 * MINUTE
    feed.record(poison, opening(0, 150))
    feed.mids(AT + MINUTE, "1")
    with feed.connect() as connection:
        connection.execute(UNIVERSE, {"taken_at": AT + timedelta(seconds=1), "wallets": 3})
    for back in range(4, -1, -1):
        await compute(worker_pool, AT - 5 * back * MINUTE)
    assert feed.rows(everything) == before
    assert len(before) > 5 * 6


async def test_the_playbook_goes_on_from_the_period_before(feed: Feed, worker_pool: Pool) -> None:
    for back in range(5, -1, -1):
        feed.record(AT - 5 * back * MINUTE, {n: str(10 * (6 - back)) for n in range(1, 61)})
    for back in range(4, -1, -1):
        await compute(worker_pool, AT - 5 * back * MINUTE)
    biases = [
        row["bias"]
        for row in feed.rows(
            "select bias from metrics.signals where asset = 'HYPE' "
            "and definition = 'smart_money/2' order by at"
        )
    ]
    assert biases[0] == "No-trade"  # a side is entered in the second period at the earliest
    assert feed.signal()["trend"] == "flat"
    assert feed.signal()["state"]["bias"] == feed.signal()["bias"]


@pytest.mark.parametrize(
    ("last", "coverage", "reason"),
    [
        (AT - 20 * MINUTE, "1", "health_stale"),
        (AT - 3 * MINUTE, "1", "snapshot_old"),
        (AT, "0.7", "health_stale"),
        (None, "", "no_snapshot"),
    ],
)
async def test_without_a_fresh_feed_the_row_says_why_there_is_no_signal(
    feed: Feed,
    worker_pool: Pool,
    last: datetime | None,
    coverage: str,
    reason: str,
) -> None:
    if last:
        feed.record(last, {}, coverage=coverage)
    await compute(worker_pool)
    for definition in ("smart_money/1", "smart_money/2"):
        row = feed.signal(definition)
        assert row["locked"] == reason
        assert row["cas"] is None
        assert (row["bias"], row["risk"]) == ("No-trade", "Defensive")


async def test_a_failed_minute_after_a_good_one_locks(feed: Feed, worker_pool: Pool) -> None:
    feed.record(AT - MINUTE, {})
    feed.record(AT, dict.fromkeys(range(1, WALLETS + 1)), status="failed", coverage="0")
    await compute(worker_pool)
    assert feed.signal()["locked"] == "snapshot_failed"


async def test_without_a_universe_there_is_no_signal(database_url: str, worker_pool: Pool) -> None:
    await compute(worker_pool)
    with psycopg.connect(database_url) as connection:
        reasons = connection.execute("select distinct locked from metrics.signals").fetchall()
    assert reasons == [("no_universe",)]


async def test_an_outcome_is_what_the_mark_did_and_whether_the_side_was_right(
    feed: Feed, worker_pool: Pool
) -> None:
    feed.record(AT - 5 * MINUTE, {})
    feed.record(AT, opening(15, 5))
    feed.mids(AT - timedelta(seconds=30), "40")
    await compute(worker_pool)
    for minutes, price in ((5, "41"), (60, "39.6")):
        feed.mids(AT + minutes * MINUTE, price)
        async with transaction(worker_pool) as connection:
            await signal_outcomes.rebuild(connection, AT + minutes * MINUTE)
    async with transaction(worker_pool) as connection:
        await signal_outcomes.rebuild(connection, AT + timedelta(hours=4))
    rows = feed.rows(
        "select horizon_minutes, mark_before, return, hit, unknown from metrics.signal_outcomes "
        "where asset = 'HYPE' and definition = 'smart_money/2' order by 1"
    )
    assert [row["horizon_minutes"] for row in rows] == [5, 60, 240]
    assert [row["return"] for row in rows] == [Decimal("0.025"), Decimal("-0.01"), None]
    assert [row["hit"] for row in rows] == [True, False, None]
    assert rows[2]["unknown"] == "no mark after the horizon"
    flat = feed.rows("select hit from metrics.signal_outcomes where asset = 'BTC'")
    assert {row["hit"] for row in flat} == {None}
