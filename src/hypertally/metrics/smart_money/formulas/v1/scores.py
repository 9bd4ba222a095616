"""Smart money scores, first version, as first published, without its faults of clock and absence.

What the definition leaves open: the bands are as their inclusive edge at 60 and exclusive one at
40 were; levels take up to 16 as Low and 25 as Medium; the trend of fewer than three periods is
flat.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, localcontext

from hypertally.metrics.smart_money.formulas.activity_dispersion import DISPERSION_OF_FEW, Activity
from hypertally.metrics.smart_money.formulas.consensus import Band
from hypertally.metrics.smart_money.formulas.contributors import difference
from hypertally.metrics.smart_money.formulas.score_arithmetic import (
    EXACT,
    HUNDRED,
    NOTHING,
    V1,
    Score,
    Trend,
    ratio,
    trend,
)
from hypertally.metrics.smart_money.formulas.score_range import ScoreRange, v1_score_range
from hypertally.metrics.smart_money.formulas.scoring_window import ScoringWindow
from hypertally.metrics.smart_money.formulas.thresholds import (
    ACTIVITY_WALLETS_MIN,
    LONG_FROM,
    SHORT_TO,
    STRONG_LONG_FROM,
    STRONG_SHORT_TO,
    TREND_PERIODS,
)
from hypertally.metrics.smart_money.formulas.v1.counts import STATES, STILL, StateCounts, state_of
from hypertally.records import Record


class V1Contributor(Record, frozen=True, kw_only=True, gc=False):
    """One wallet that had a state other than flat, or moved. Effects are points of the score."""

    wallet: str
    state: str
    before: Decimal | None
    now: Decimal | None
    change: Decimal | None
    epsilon: Decimal
    ratio: Decimal | None  # change / max(|before|, epsilon), clamped to 2 either way
    cas: Decimal | None
    dispersion: Decimal | None
    ecs: Decimal | None


class V1Scores(Record, frozen=True, kw_only=True):
    """All scores of one window of one coin."""

    definition: str
    asset: str
    at: datetime
    states: dict[str, int]
    wallets: int
    total: int  # N_total: those with a state
    missing_share: Decimal
    cas: Score
    dispersion: Score
    ecs: Score
    reach: ScoreRange
    contributors: tuple[V1Contributor, ...]  # by wallet


def score_v1(window: ScoringWindow) -> V1Scores:
    """Score a window as first published."""
    states = _states(window)
    tally = StateCounts(Counter(states))
    exposed = window.counts.long.exposed + window.counts.short.exposed
    return V1Scores(
        definition=V1,
        asset=window.asset,
        at=window.at,
        states={state: tally.states[state] for state in STATES},
        wallets=tally.wallets,
        total=tally.total,
        missing_share=ratio(tally.unseen, tally.wallets) if tally.wallets else Decimal(1),
        cas=tally.cas_score(),
        dispersion=_dispersion_score(tally, window.activity),
        ecs=tally.ecs_score(),
        reach=v1_score_range(tally.total, exposed, covered=tally.covered),
        contributors=_contributors(window, states, tally),
    )


def _states(window: ScoringWindow) -> list[str]:
    with localcontext(EXACT):
        return list(map(state_of, window.classified.moves, window.classified.changes))


def _dispersion(activity: Decimal | None) -> Decimal:
    return DISPERSION_OF_FEW if activity is None else min(activity, HUNDRED)


def _dispersion_score(tally: StateCounts, activity: Activity) -> Score:
    value = _dispersion(activity.value)
    return Score(
        value=value,
        lower=NOTHING if tally.unseen else value,
        upper=HUNDRED if tally.unseen else value,
        n=activity.n,
        completeness=tally.completeness,
        definition=V1,
        reason=f"fewer than {ACTIVITY_WALLETS_MIN} wallets: 50" if activity.value is None else None,
    )


def _contributors(
    window: ScoringWindow, states: Sequence[str], tally: StateCounts
) -> tuple[V1Contributor, ...]:
    classified, activity = window.classified, window.activity
    effects = {state: _counted_effects(tally, state) for state in set(states)}
    with localcontext(EXACT):
        return tuple(
            V1Contributor(
                wallet=move.wallet,
                state=state,
                before=move.before,
                now=move.now,
                change=change,
                epsilon=move.epsilon,
                ratio=share,
                cas=effects[state][0],
                dispersion=_dispersion_effect(activity, share),
                ecs=effects[state][1],
            )
            for move, state, change, share in zip(
                classified.moves, states, classified.changes, activity.ratios, strict=True
            )
            if state != STILL or share
        )


def _dispersion_effect(activity: Activity, share: Decimal | None) -> Decimal | None:
    if share is None:  # it was no part of the score
        return NOTHING
    return difference(_dispersion(activity.value), _dispersion(activity.without(share)))


def _counted_effects(tally: StateCounts, state: str) -> tuple[Decimal | None, Decimal | None]:
    without = tally.less(state)
    return difference(tally.cas, without.cas), difference(tally.ecs, without.ecs)


def v1_trend(value: Decimal, before: Sequence[Decimal]) -> Trend:
    """CAS against the mean of the last three periods known before t; flat with fewer."""
    if len(before) < TREND_PERIODS:
        return Trend(direction="flat", change=None)
    return trend(value, before[-TREND_PERIODS:])


def v1_band(cas: Decimal) -> Band:
    """The band of version 1: 60 is inside the long band, 40 is outside the short band."""
    if cas > STRONG_LONG_FROM:
        return "strong_long"
    if cas >= LONG_FROM:
        return "long"
    if cas < STRONG_SHORT_TO:
        return "strong_short"
    return "short" if cas < SHORT_TO else "neutral"
