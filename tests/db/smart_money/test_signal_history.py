"""What signals are judged by: the same past, counted at once or carried on, as counted by hand."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from statistics import median
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from hypertally.metrics.smart_money.formulas.exits import exit_baseline
from hypertally.metrics.smart_money.signal_history import SignalHistory
from hypertally.store.postgres import Pool, transaction

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = 10
MINUTE, DAY, WEEK = timedelta(minutes=1), timedelta(days=1), timedelta(days=7)
ASSETS = ("HYPE", "BTC", "ETH")
SNAPSHOT = """
insert into facts.wallet_snapshots (minute, wallet_id, asset, szi, missing, fingerprint)
values (%s, %s, %s, %s, %s, 1)
"""
SIGNAL = """
insert into metrics.signals (
    at, asset, definition, locked, wallets, observed, exposed, coverage, exits, bias, risk, rule,
    completeness, digest)
values (
    %(at)s, %(asset)s, %(definition)s, %(locked)s, 9, 9, 9, 1,
    jsonb_build_object('all', jsonb_build_object('left', %(left)s::int, 'exposed', %(held)s::int)),
    'No-trade', 'Reduced', 'test', 1, '0:0')
"""


class History:
    """Positions and exits of ten days, drawn at random; sparse, so that it is soon written."""

    def __init__(self, url: str, seed: int) -> None:
        draw = Random(seed)
        self.sizes: list[tuple[datetime, int, str, Decimal | None]] = []
        self.exits: list[dict[str, Any]] = []
        for step in range(DAYS * 48):
            minute = BEGIN + step * 30 * MINUTE + draw.randrange(30) * MINUTE
            self.sizes += [
                (minute, wallet, asset, _drawn(draw))
                for wallet in (1, 2, 3)
                for asset in ASSETS
                if draw.random() < 0.7
            ]
            self.exits.append(
                {
                    "at": BEGIN + step * 30 * MINUTE,
                    "asset": draw.choice(ASSETS),
                    "definition": draw.choice(("smart_money/1", "smart_money/2", "smart_money/2")),
                    "locked": draw.choice((None, None, None, "snapshot_old")),
                    "left": draw.randrange(4),
                    "held": draw.randrange(9),
                }
            )
        self._write(url)

    def _write(self, url: str) -> None:
        with psycopg.connect(url, row_factory=dict_row) as connection:
            for day in range(DAYS + 1):
                connection.execute(
                    "select facts.ensure_day('wallet_snapshots', %s)", [BEGIN + day * DAY]
                )
            with connection.cursor() as cursor:
                cursor.executemany(
                    SNAPSHOT,
                    [(*row, "no answer" if row[3] is None else None) for row in self.sizes],
                )
                cursor.executemany(SIGNAL, self.exits)

    def median_sizes(self, at: datetime) -> dict[tuple[int, str], Decimal]:
        seen: dict[tuple[int, str], list[Decimal]] = {}
        for minute, wallet, asset, size in self.sizes:
            if at - DAY < minute <= at and size is not None:
                seen.setdefault((wallet, asset), []).append(abs(size))
        return {position: median(sizes) for position, sizes in seen.items()}

    def usual(self, at: datetime, asset: str) -> list[tuple[int, int]]:
        return [
            (one["left"], one["held"])
            for one in self.exits
            if one["definition"] == "smart_money/2" and one["locked"] is None
            if at - WEEK <= one["at"] < at and one["asset"] == asset
        ]


def _drawn(draw: Random) -> Decimal | None:
    if draw.random() < 0.1:
        return None
    return Decimal(draw.choice((0, 0, 1, -1, 250, draw.randrange(-9999, 9999)))) / 100


async def see(pool: Pool, history: SignalHistory, at: datetime) -> tuple[Any, ...]:
    async with transaction(pool) as connection:
        await history.advance_to(connection, at)
    known = {position: size for position, size in history.median_sizes.items() if size is not None}
    return known, [history.exit_baselines(asset).all for asset in ASSETS]


@pytest.mark.parametrize("seed", range(3))
async def test_a_past_carried_on_is_the_past_counted_anew_and_by_hand(
    database_url: str, worker_pool: Pool, seed: int
) -> None:
    history = History(database_url, seed)
    draw = Random(seed)
    along, at = SignalHistory(), BEGIN
    for _ in range(120):
        # Now and then a leap over the whole day, or back: then it is counted anew.
        at += draw.choice((5, 5, 5, 30, 60, 60, 720, 1440, 1500, 0, -600)) * MINUTE
        seen = await see(worker_pool, along, at)
        assert seen == await see(worker_pool, SignalHistory(), at)
        by_hand = [exit_baseline(Counter(history.usual(at, asset))) for asset in ASSETS]
        assert seen == (history.median_sizes(at), by_hand)


async def test_nothing_is_typical_before_the_first_minute(worker_pool: Pool) -> None:
    median_sizes, usual = await see(worker_pool, SignalHistory(), BEGIN)
    assert median_sizes == {}
    assert {one.windows for one in usual} == {0}
