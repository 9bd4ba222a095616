"""READ FIRST: every fact and every metric, and what feeds what.

    the exchange --sources--> facts --metrics--> metrics --api--> ui

    info.userFillsByTime -> facts.hl_fills_raw -+-> metrics.fill_gaps -----------+
    info.spotMeta --------> facts.spot_pairs ---+-> metrics.wallet_day_metrics --+
    info.meta ------------> facts.perp_dexs ----+        |                       |
    info.candleSnapshot --> facts.token_prices -+        +-> metrics.global_day_metrics

    archive, info.twapHistory -> facts.twap_status ----> metrics.twaps --------+
    info.userTwapSliceFills* --> facts.twap_slices, ---> metrics.twap_slices --+
                                 facts.hl_fills_raw                            |
    info.candleSnapshot -------> facts.candles --------> metrics.twap_executions
    info.allMids --------------> facts.mids

    leaderboard ----------> facts.leaderboard_rows ---> metrics.wallet_universe_runs, _members
    info.clearinghouseState > facts.wallet_snapshots -> metrics.snapshot_anomalies, metrics.signals

    every answer ---------> facts.pages, facts.limits_met, facts.conflicts, facts.rejects

What moves them, rows of ops.jobs: `ingest_wallet` -> `rollup_wallet_day` -> `rollup_global_day`;
`ingest_twaps`, `ingest_twap_objects` -> `rollup_twaps` -> `pull_twap_candles`; `pull_reference`,
`pull_prices`, `pull_mids`, `repair_gap` and `housekeeping` beside them (jobs/worker.py); of smart
money `refresh_universe` every six hours and `snapshot_minute` every minute
(jobs/smart_money/snapshots.py); and, after each of them that may move an alert, `check_alerts` ->
`deliver_alert` (jobs/alerts/check.py).
"""

from collections.abc import Mapping

from hypertally.metrics.activity import fill_gaps, global_days, wallet_days
from hypertally.metrics.smart_money import signals, snapshot_anomalies, universe
from hypertally.metrics.smart_money.formulas import score_arithmetic
from hypertally.metrics.twaps import executions, orders, slices
from hypertally.records import Record
from hypertally.store.queries import Query


class Fact(Record, frozen=True, kw_only=True):
    """A raw dataset: the answer it is decoded from, and what makes a row of it one row."""

    name: str
    source: str
    key: tuple[str, ...]


class Metric(Record, frozen=True, kw_only=True):
    """A derived table: what it reads, what makes a row one row, and its definition."""

    name: str
    reads: tuple[str, ...]
    key: tuple[str, ...]
    definition: str
    words: str
    queries: Mapping[str, Query]
    statement: str  # the one that computes it


FACTS = (
    Fact(
        name="hl_fills_raw",
        source="info.userFillsByTime",
        key=("wallet_id", "coin", "time", "oid", "tid", "side"),
    ),
    Fact(name="spot_pairs", source="info.spotMeta", key=("coin", "fingerprint")),
    Fact(name="perp_dexs", source="info.meta", key=("dex", "fingerprint")),
    Fact(name="token_prices", source="info.candleSnapshot", key=("token", "at")),
    Fact(
        name="twap_status",
        source="twap_archive, info.twapHistory",
        key=("twap_id", "wallet", "ts", "status", "event_at", "fingerprint"),
    ),
    Fact(
        name="twap_slices",
        source="info.userTwapSliceFillsByTime",
        key=("wallet_id", "twap_id", "time", "coin", "oid", "tid", "side"),
    ),
    Fact(name="candles", source="info.candleSnapshot", key=("coin", "interval", "at")),
    Fact(name="mids", source="info.allMids", key=("dex", "at")),
    Fact(name="leaderboard_rows", source="leaderboard", key=("page_id", "wallet")),
    Fact(
        name="wallet_snapshots",
        source="info.clearinghouseState",
        key=("minute", "asset", "wallet_id"),
    ),
)


def _signals(definition: str, words: str) -> Metric:
    return Metric(
        name="signals",
        reads=(
            "facts.wallet_snapshots",
            "facts.mids",
            "facts.hl_fills_raw",
            "metrics.wallet_universe_members",
            "metrics.snapshot_anomalies",
            "ops.ingest_runs",
        ),
        key=("asset", "definition", "at"),
        definition=definition,
        words=words,
        queries=signals.QUERIES,
        statement="list_moves",
    )


METRICS = (
    Metric(
        name="fill_gaps",
        reads=("facts.hl_fills_raw", "facts.limits_met"),
        key=("wallet_id", "coin", "kind", "from_at", "to_at"),
        definition=fill_gaps.DEFINITION,
        words=fill_gaps.WORDS,
        queries=fill_gaps.QUERIES,
        statement="insert_gaps",
    ),
    Metric(
        name="wallet_day_metrics",
        reads=(
            "facts.hl_fills_raw",
            "facts.spot_pairs",
            "facts.perp_dexs",
            "facts.token_prices",
            "facts.pages",
            "metrics.fill_gaps",
        ),
        key=("wallet_id", "day"),
        definition=wallet_days.DEFINITION,
        words=wallet_days.WORDS,
        queries=wallet_days.QUERIES,
        statement="insert_wallet_days",
    ),
    Metric(
        name="global_day_metrics",
        reads=(
            "metrics.wallet_day_metrics",
            "metrics.fill_gaps",
            "facts.hl_fills_raw",
            "facts.pages",
        ),
        key=("org_id", "day"),
        definition=global_days.DEFINITION,
        words=global_days.WORDS,
        queries=global_days.QUERIES,
        statement="insert_global_days",
    ),
    Metric(
        name="twaps",
        reads=("facts.twap_status",),
        key=("twap_id", "wallet"),
        definition=orders.DEFINITION,
        words=orders.WORDS,
        queries=orders.QUERIES,
        statement="insert_twaps",
    ),
    Metric(
        name="twap_slices",
        reads=(
            "facts.hl_fills_raw",
            "facts.twap_slices",
            "facts.spot_pairs",
            "facts.perp_dexs",
            "facts.token_prices",
        ),
        key=("wallet_id", "twap_id", "at", "oid"),
        definition=slices.DEFINITION,
        words=slices.WORDS,
        queries=slices.QUERIES,
        statement="insert_twap_slices",
    ),
    Metric(
        name="twap_executions",
        reads=("metrics.twaps", "metrics.twap_slices", "facts.candles", "facts.pages"),
        key=("wallet_id", "twap_id"),
        definition=executions.DEFINITION,
        words=executions.WORDS,
        queries=executions.QUERIES,
        statement="insert_twap_executions",
    ),
    _signals(signals.DEFINITION, signals.WORDS),
)
# An earlier definition that is still computed beside the later one.
EARLIER = (_signals(score_arithmetic.FIRST, signals.WORDS_FIRST),)

# Kept as they were decided or found: they say what was known then, so they are not computed again.
DECISIONS = (
    Metric(
        name="wallet_universe_runs",
        reads=(
            "facts.leaderboard_rows",
            "facts.pages",
            "facts.hl_fills_raw",
            "metrics.wallet_day_metrics",
        ),
        key=("id",),
        definition=universe.DEFINITION,
        words=universe.WORDS,
        queries=universe.QUERIES,
        statement="rank_leaderboard",
    ),
    Metric(
        name="snapshot_anomalies",
        reads=("facts.wallet_snapshots", "facts.hl_fills_raw", "facts.pages"),
        key=("minute", "asset", "wallet_id", "kind"),
        definition=snapshot_anomalies.DEFINITION,
        words=snapshot_anomalies.WORDS,
        queries=snapshot_anomalies.QUERIES,
        statement="list_sightings",
    ),
)
