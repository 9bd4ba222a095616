"""Signals: what the watched wallets did in five minutes, by the first and second definition."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hypertally.metrics.metric import Definition
from hypertally.metrics.smart_money.formulas.feed_health import assess_health, lock_reason
from hypertally.metrics.smart_money.formulas.herding import pool
from hypertally.metrics.smart_money.formulas.score_arithmetic import V1, V2
from hypertally.metrics.smart_money.formulas.scores import Scores, score
from hypertally.metrics.smart_money.formulas.scoring_window import build_window
from hypertally.metrics.smart_money.formulas.thresholds import PERIOD, TREND_PERIODS
from hypertally.metrics.smart_money.formulas.v1.scores import V1Scores, score_v1
from hypertally.metrics.smart_money.formulas.wallet_moves import Move, epsilon
from hypertally.metrics.smart_money.signal_history import SignalHistory
from hypertally.metrics.smart_money.signal_rows import (
    FeedState,
    PeriodInputs,
    contribution,
    locked_row,
    v1_row,
    v2_row,
)
from hypertally.records import ASSETS
from hypertally.store.postgres import Connection, in_schema
from hypertally.store.queries import load

QUERIES = load(__file__)
WORDS = (
    "What the wallets of the universe known at that time did in the five minutes before it, from "
    "stored snapshots only: consensus (CAS), dispersion, exits (ECS), herding, and the playbook "
    "that follows from them. Beside it stand each wallet's class and what each score would be "
    "without that wallet. If the feed is stale, failed or older than 90 seconds, no score is "
    "computed and the row gives the reason. Version 1, as first published, is computed beside "
    "version 2."
)
WORDS_V1 = (
    "The scores as first published, from the same snapshots: shares of all wallets that were seen. "
    "Two faults of the original are corrected: its use of the wall clock and its handling of "
    "missing wallets. Exits are Low below 16, as the published code has it. Kept for comparison "
    "with version 2."
)


async def rebuild(
    connection: Connection,
    at: datetime,
    *,
    schema: str = "metrics",
    history: SignalHistory | None = None,
) -> int:
    """Compute the signals of the period that ends at `at` again; how many rows.

    They build on those of the periods before, so a longer stretch is computed in order of time;
    a `history` of the same schema that goes along with it spares most of the reading.
    """
    for query in ("delete_contributors", "delete_signals"):
        await connection.execute(in_schema(QUERIES[query], schema), {"at": at})
    if schema == "metrics":
        await connection.execute(QUERIES["keep_computed_at"].text, {"at": at})
    period = await _read(connection, at, schema, history or SignalHistory(schema))
    reason = lock_reason(
        period.health,
        at=at,
        newest_snapshot_at=period.feed.newest_at,
        last_failed=bool(period.feed.last_failed),
    )
    if reason is None and period.health.signals == "paused":
        reason = "feed_late"
    if period.feed.universe_run_id is None:
        reason = "no_universe"
    if reason:
        locked = [locked_row(period, asset, one, reason) for asset in ASSETS for one in (V1, V2)]
        return await _insert(connection, schema, locked)
    rows: list[dict[str, Any]] = []
    contributors: list[dict[str, Any]] = []
    windows = {asset: build_window(asset, at, period.moves[asset]) for asset in ASSETS}
    pooled = pool(*(window.counts for window in windows.values()))
    for asset, window in windows.items():
        second = score(
            window, pooled=pooled, mark=period.marks[asset][0], baselines=period.baselines[asset]
        )
        first = score_v1(window)
        rows += [v2_row(period, second), v1_row(period, window, first)]
        contributors += [
            _contributor_columns(period, scores)
            for scores in (second, first)
            if scores.contributors
        ]
    return await _insert(connection, schema, rows, contributors)


async def _read(
    connection: Connection, at: datetime, schema: str, history: SignalHistory
) -> PeriodInputs:
    bound: dict[str, Any] = {
        "at": at,
        "assets": list(ASSETS),
        "period": PERIOD,
        "periods_before": TREND_PERIODS,
    }
    row = await (await connection.execute(QUERIES["read_feed"].text, bound)).fetchone()
    assert row is not None  # it answers one row whatever there is
    feed = FeedState(**row)
    bound["run_id"] = feed.universe_run_id
    moves = await (await connection.execute(QUERIES["list_moves"].text, bound)).fetchall()
    marks = await (await connection.execute(QUERIES["list_marks"].text, bound)).fetchall()
    earlier = await (
        await connection.execute(in_schema(QUERIES["list_earlier"], schema), bound)
    ).fetchall()
    await history.advance_to(connection, at)
    prices = {(row["asset"], row["at"]): row["price"] for row in marks}
    return PeriodInputs(
        at=at,
        feed=feed,
        health=assess_health(as_of=at, last_success_at=feed.success_at, coverage=feed.coverage),
        moves=_moves(moves, history),
        ids={row["wallet"]: row["wallet_id"] for row in moves},
        digests=_digests(moves),
        marks={asset: (prices[asset, at - PERIOD], prices[asset, at]) for asset in ASSETS},
        earlier=_grouped(earlier),
        baselines={asset: history.exit_baselines(asset) for asset in ASSETS},
    )


def _moves(rows: Sequence[dict[str, Any]], history: SignalHistory) -> dict[str, list[Move]]:
    moves: dict[str, list[Move]] = {asset: [] for asset in ASSETS}
    for row in rows:
        median_size = history.median_sizes.get((row["wallet_id"], row["asset"]))
        moves[row["asset"]].append(
            Move(
                wallet=row["wallet"],
                before=row["before"],
                now=row["now"],
                epsilon=epsilon(row["asset"], median_size),
                dirty=row["dirty"],
                forced=True if row["forced"] else None,
            )
        )
    return moves


def _digests(rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    counts: defaultdict[str, int] = defaultdict(int)
    sums: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        for name in ("before_fingerprint", "now_fingerprint"):
            if row[name] is not None:
                counts[row["asset"]] += 1
                sums[row["asset"]] += row[name]
    return {asset: f"{counts[asset]}:{sums[asset]}" for asset in ASSETS}


def _grouped(rows: Sequence[dict[str, Any]]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    grouped: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        grouped[row["asset"], row["definition"]].append(row)
    return grouped


async def _insert(
    connection: Connection,
    schema: str,
    rows: Sequence[dict[str, Any]],
    contributors: Sequence[dict[str, Any]] = (),
) -> int:
    """Store the rows of a period, without waiting for the database row by row."""
    cursor = connection.cursor()
    await cursor.executemany(in_schema(QUERIES["insert_signal"], schema), rows)
    inserted = cursor.rowcount
    await cursor.executemany(in_schema(QUERIES["insert_contributors"], schema), contributors)
    return inserted


def _contributor_columns(period: PeriodInputs, scores: Scores | V1Scores) -> dict[str, Any]:
    """The contributors of a signal, column by column."""
    rows = [contribution(one) for one in scores.contributors]
    return {
        **{name: [row[name] for row in rows] for name in rows[0]},
        "at": period.at,
        "asset": scores.asset,
        "definition": scores.definition,
        "wallet_id": [period.ids[row["wallet"]] for row in rows],
    }


READS = (
    "facts.wallet_snapshots",
    "facts.mids",
    "facts.hl_fills_raw",
    "metrics.wallet_universe_members",
    "metrics.snapshot_anomalies",
    "ops.ingest_runs",
)
KEY = ("asset", "definition", "window_minutes", "at")
V2_DEFINITION = Definition(
    name="signals",
    reads=READS,
    key=KEY,
    definition=V2,
    words=WORDS,
    queries=QUERIES,
    statement="list_moves",
    module=__name__,
)
# Computed beside the second, by the same code from the same snapshots.
V1_DEFINITION = Definition(
    name="signals",
    reads=READS,
    key=KEY,
    definition=V1,
    words=WORDS_V1,
    queries=QUERIES,
    statement="list_moves",
    module=__name__,
)
