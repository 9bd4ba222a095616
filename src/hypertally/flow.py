"""READ FIRST: every fact and every metric, and what feeds what.

    the exchange --sources--> facts --metrics--> metrics --api--> ui

    info.userFillsByTime -> facts.hl_fills_raw -+-> metrics.fill_gaps -----------+
    info.clearinghouseState > facts.account_positions -^                         |
    info.spotMeta --------> facts.spot_pairs ---+-> metrics.wallet_day_metrics --+
    info.meta ------------> facts.perp_dexs ----+        |                       |
    info.candleSnapshot --> facts.token_prices -+        +-> metrics.global_day_metrics

    TWAP source, twapHistory -> facts.twap_status -----> metrics.twaps --------+
    info.userTwapSliceFills* --> facts.twap_slices, ---> metrics.twap_slices --+
    archive of fills ----------> facts.archived_fills,                         |
                                 facts.hl_fills_raw                            |
    info.candleSnapshot -------> facts.candles --------> metrics.twap_executions
    info.allMids --------------> facts.mids

    leaderboard ----------> facts.leaderboard_rows ---> metrics.wallet_universe_runs, _members
    info.clearinghouseState > facts.wallet_snapshots -> metrics.snapshot_anomalies, metrics.signals
    info.userFillsByTime ---> facts.watched_fills, _readings --------------------------^

    every answer ---------> facts.pages, facts.limits_met, facts.conflicts, facts.rejects

Rebuild, verify, explain, the archive, docs/columns.md and the registered definitions go over these
lists: a fact or a metric that stands here takes part in each of them. What moves data from one to
the next are jobs: each subject of `jobs/` declares its kinds.
"""

from hypertally.facts.activity import fills, positions
from hypertally.facts.fact import Fact
from hypertally.facts.market import candles, mids, reference
from hypertally.facts.smart_money import leaderboard, wallet_snapshots, watched_fills
from hypertally.facts.twaps import archived_fills, statuses
from hypertally.facts.twaps import slices as slice_facts
from hypertally.metrics.activity import fill_gaps, global_days, wallet_days
from hypertally.metrics.metric import Definition, Metric
from hypertally.metrics.smart_money import (
    signal_periods,
    signals,
    snapshot_anomalies,
    universe,
)
from hypertally.metrics.twaps import executions, orders, slices
from hypertally.store.parquet_archive import Dataset

FACTS: tuple[Fact, ...] = (
    fills.FACT,
    positions.FACT,
    reference.SPOT_PAIRS,
    reference.PERP_DEXS,
    reference.TOKEN_PRICES,
    statuses.FACT,
    slice_facts.FACT,
    archived_fills.FACT,
    candles.FACT,
    mids.FACT,
    leaderboard.FACT,
    wallet_snapshots.FACT,
    watched_fills.FACT,
)
# The facts whose days may leave the database, as the archive writes them.
ARCHIVED: tuple[Dataset, ...] = tuple(fact.archive for fact in FACTS if fact.archive)
# In the order in which they build on each other.
METRICS: tuple[Metric, ...] = (
    fill_gaps.METRIC,
    wallet_days.METRIC,
    global_days.METRIC,
    slices.METRIC,
    orders.METRIC,
    executions.METRIC,
    signal_periods.METRIC,
)
# Earlier versions that are still computed beside the later ones.
EARLIER: tuple[Definition, ...] = (signals.V1_DEFINITION, signals.V2_DEFINITION)
# Decisions say what was known when they were taken, so their rows are never computed again.
DECISIONS: tuple[Definition, ...] = (universe.CHOICE, snapshot_anomalies.SIGHTINGS)
DEFINITIONS: tuple[Definition, ...] = (*METRICS, *EARLIER, *DECISIONS)
