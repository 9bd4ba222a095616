"""Smart money scores, third version: those of the second, of better ends and with known limits."""

from collections.abc import Mapping
from decimal import Decimal

from msgspec.structs import replace

from hypertally.metrics.smart_money.formulas.herding import Pool
from hypertally.metrics.smart_money.formulas.scores import ExitBaselines, Scores, score
from hypertally.metrics.smart_money.formulas.scoring_window import ScoringWindow
from hypertally.metrics.smart_money.formulas.v3.exits import judged, known_forced_exits
from hypertally.metrics.smart_money.formulas.v3.stand_off import wallets_needed
from hypertally.records import Record

V3 = "smart_money/3"


class Usual(Record, frozen=True, kw_only=True):
    """What was usual in the seven days before."""

    exits: ExitBaselines = ExitBaselines()
    active: Mapping[int, int] = {}  # active wallets -> in how many periods


class V3Scores(Record, frozen=True, kw_only=True):
    """All scores of one window of one coin, and what High dispersion needs."""

    scores: Scores
    active: int  # wallets that bought or sold
    active_needed: int  # of them, for dispersion to be High


def score_v3(
    window: ScoringWindow, *, pooled: Pool, mark: Decimal | None, usual: Usual
) -> V3Scores:
    """Score a window whose ends were resolved; `mark` is of its begin."""
    counts = window.counts
    scores = score(window, pooled=pooled, mark=mark, baselines=usual.exits)
    return V3Scores(
        scores=replace(
            scores,
            definition=V3,
            ecs=judged(scores.ecs),
            ecs_long=judged(scores.ecs_long),
            ecs_short=judged(scores.ecs_short),
            ecs_forced=known_forced_exits(counts),
        ),
        active=counts.long.acted + counts.short.acted,
        active_needed=wallets_needed(usual.active),
    )
