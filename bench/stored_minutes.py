"""Minutes of watched wallets, as the recorder leaves them: written by COPY, drawn from a seed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import psycopg

ASSETS = ("HYPE", "BTC", "ETH")
BEGIN = datetime(2025, 11, 1, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
UNIVERSE_LIVES = timedelta(hours=1)  # it was chosen that long before the first minute
# One wallet in five trades every few minutes, the others a few times a day.
BUSY_EVERY, BUSY, QUIET = 5, 0.2, 0.004
MARKS = {"HYPE": "38.5", "BTC": "98000", "ETH": "3150"}

_UNIVERSE = """
with run as (
    insert into metrics.wallet_universe_runs (taken_at, source, status, members, definition)
    values (%(taken_at)s, 'leaderboard', 'chosen', %(wallets)s, 'universe/2') returning id
)
insert into metrics.wallet_universe_members (run_id, wallet_id, wallet, rank, pnl_30d)
select run.id, n, '0x' || lpad(to_hex(n), 40, '0'), n, 1000000 - n
from run cross join generate_series(1, %(wallets)s) as n
"""
_RUNS = """
insert into ops.ingest_runs (
    minute, status, started_at, duration_ms, wallets, wallets_ok, wallets_failed, rows_written,
    coverage)
select m, 'success', m, 900, %(wallets)s, %(wallets)s, 0, %(wallets)s * 3, 1
from generate_series(%(first)s::timestamptz, %(last)s::timestamptz, '1 minute') as m
"""
_MIDS = """
insert into facts.mids (dex, at, mids, page_id)
select '', m, jsonb_build_object('HYPE', %(HYPE)s::text, 'BTC', %(BTC)s::text, 'ETH', %(ETH)s::text), 1
from generate_series(%(first)s::timestamptz, %(last)s::timestamptz, '5 minutes') as m
"""  # noqa: E501 - one expression
_COPY = """
copy facts.wallet_snapshots (minute, wallet_id, asset, szi, account_value, observed_at,
    payload_fingerprint, fingerprint) from stdin
"""


def write(url: str, *, wallets: int, hours: int) -> int:
    """Write so many hours of so many wallets, and all that signals need beside them; how many rows.

    Runs as the login, which owns the tables.
    """
    last = BEGIN + timedelta(hours=hours)
    bound = {"wallets": wallets, "first": BEGIN, "last": last, "taken_at": BEGIN - UNIVERSE_LIVES}
    with psycopg.connect(url) as connection:
        for day in range(hours // 24 + 1):
            connection.execute(
                "select facts.ensure_day('wallet_snapshots', %s)", [BEGIN + day * DAY]
            )
        connection.execute(_UNIVERSE, bound)
        connection.execute(_RUNS, bound)
        connection.execute(_MIDS.encode(), bound | MARKS)
        rows = 0
        with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
            for row in _rows(wallets, hours * 60 + 1):
                copy.write_row(row)
                rows += 1
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("vacuum analyze facts.wallet_snapshots")
    return rows


def _rows(wallets: int, minutes: int) -> Iterator[tuple[Any, ...]]:
    draw = Random(1)
    held = {
        (wallet, asset): Decimal(draw.choice((0, 0, 10, 20, -10, 50, -30)))
        for wallet in range(1, wallets + 1)
        for asset in ASSETS
    }
    value = Decimal("123456.78")
    for number in range(minutes):
        minute = BEGIN + number * MINUTE
        for (wallet, asset), before in held.items():
            size = before
            if draw.random() < (QUIET if wallet % BUSY_EVERY else BUSY):
                size += Decimal(draw.randint(-500, 500)) / 100
                held[wallet, asset] = size
            fingerprint = draw.getrandbits(40)
            yield minute, wallet, asset, size, value, minute, fingerprint, fingerprint
