"""Smart money scores, second version: one window of one coin, from the moves of its universe."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from hypertally.metrics.smart_money.formulas.activity_dispersion import Activity
from hypertally.metrics.smart_money.formulas.consensus import (
    FEW,
    Consensus,
    consensus,
    dispersion,
    stock_disagreement,
    unknown_because,
)
from hypertally.metrics.smart_money.formulas.contributors import Contributor, contributors
from hypertally.metrics.smart_money.formulas.counts import WalletCounts
from hypertally.metrics.smart_money.formulas.exits import (
    NO_BASELINE,
    Baseline,
    Exits,
    exits,
    forced_exits,
)
from hypertally.metrics.smart_money.formulas.herding import Herding, Pool, herding
from hypertally.metrics.smart_money.formulas.score_arithmetic import HUNDRED, NOTHING, V2, Score
from hypertally.metrics.smart_money.formulas.score_range import ScoreRange, reach
from hypertally.metrics.smart_money.formulas.scoring_window import ScoringWindow
from hypertally.metrics.smart_money.formulas.size_weighted import Flow, Weights
from hypertally.metrics.smart_money.formulas.thresholds import ACTING_MIN, ACTIVITY_WALLETS_MIN
from hypertally.metrics.smart_money.formulas.wallet_moves import BEHAVIOURS, MoveKind
from hypertally.records import Record


class ExitBaselines(Record, frozen=True, kw_only=True):
    """How many leave in an ordinary window of the seven days before."""

    all: Baseline = NO_BASELINE
    long: Baseline = NO_BASELINE
    short: Baseline = NO_BASELINE


class Scores(Record, frozen=True, kw_only=True):
    """All scores of one window of one coin."""

    definition: str
    asset: str
    at: datetime
    counts: WalletCounts
    behaviours: Mapping[str, int]
    cas: Consensus
    cas_weighted: Score
    dispersion: Score  # D_count, the index
    dispersion_size: Score
    activity_sd: Score
    stock: Score
    net_change: Decimal  # coin, of those active
    gross_change: Decimal
    mark: Decimal | None  # USD per coin, of the snapshot before
    ecs: Exits
    ecs_long: Exits
    ecs_short: Exits
    ecs_forced: Score
    herding: Herding
    reach: ScoreRange
    contributors: tuple[Contributor, ...]  # by wallet


def score(
    window: ScoringWindow,
    *,
    pooled: Pool,
    mark: Decimal | None = None,
    baselines: ExitBaselines | None = None,
) -> Scores:
    """Score a window; `pooled` is over all coins of it, `mark` is of the snapshot before."""
    baselines = baselines or ExitBaselines()
    counts, flow, weights = window.counts, Flow(window.classified), Weights(window.classified)
    ecs = exits(counts, baselines.all)
    return Scores(
        definition=V2,
        asset=window.asset,
        at=window.at,
        counts=counts,
        behaviours=_behaviours(window.kinds),
        cas=consensus(counts, ecs.score),
        cas_weighted=_weighted(counts, weights),
        dispersion=dispersion(counts),
        dispersion_size=_sized(counts, flow),
        activity_sd=_activity_sd(counts, window.activity),
        stock=stock_disagreement(counts),
        net_change=flow.net,
        gross_change=flow.gross,
        mark=mark,
        ecs=ecs,
        ecs_long=exits(counts, baselines.long, side=1),
        ecs_short=exits(counts, baselines.short, side=-1),
        ecs_forced=forced_exits(counts),
        herding=herding(counts, pooled),
        reach=reach(counts, baselines.all.p0),
        contributors=contributors(window, flow, weights, mark=mark),
    )


def _behaviours(kinds: Mapping[MoveKind, int]) -> dict[str, int]:
    behaviours = dict.fromkeys(BEHAVIOURS, 0)
    for kind, many in kinds.items():
        behaviours[kind.behaviour] += many
    return behaviours


def _weighted(counts: WalletCounts, weights: Weights) -> Score:
    reason = unknown_because(counts)
    # What an unseen wallet would have added is not bounded.
    known = reason is None and not counts.unseen
    return Score(
        value=None if reason else weights.value,
        lower=weights.value if known else None,
        upper=weights.value if known else None,
        n=weights.n,
        completeness=counts.completeness(),
        definition=V2,
        reason=reason,
    )


def _sized(counts: WalletCounts, flow: Flow) -> Score:
    n = counts.long.acted + counts.short.acted
    value = flow.value if n >= ACTING_MIN else None
    unseen = counts.unseen > 0 and value is not None
    return Score(
        value=value,
        lower=NOTHING if unseen else value,
        upper=HUNDRED if unseen else value,
        n=n,
        completeness=counts.completeness(),
        definition=V2,
        reason=FEW if value is None else None,
    )


def _activity_sd(counts: WalletCounts, activity: Activity) -> Score:
    known = not counts.unseen
    return Score(
        value=activity.value,
        lower=activity.value if known else None,
        upper=activity.value if known else None,
        n=activity.n,
        completeness=counts.completeness(),
        definition=V2,
        reason=f"fewer than {ACTIVITY_WALLETS_MIN} wallets" if activity.value is None else None,
    )
