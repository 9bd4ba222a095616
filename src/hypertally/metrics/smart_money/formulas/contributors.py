"""Contributors: what each wallet did to the scores of its window.

An effect is the score less what it would be were the wallet not in the universe, null where either
is unknown; the pooled share, the usual exits and the mark stay as they are. Every wallet but the
flat ones has a row (the unseen too): a flat one bears on coverage alone, so the scores can be
recomputed from the rows and the number of flat wallets.
"""

from collections.abc import Mapping
from decimal import Decimal, localcontext

from hypertally.metrics.smart_money.formulas.consensus import (
    cas_value,
    dispersion_value,
    unknown_because,
)
from hypertally.metrics.smart_money.formulas.counts import WalletCounts, count
from hypertally.metrics.smart_money.formulas.score_arithmetic import EXACT, NOTHING, percent
from hypertally.metrics.smart_money.formulas.scoring_window import ScoringWindow
from hypertally.metrics.smart_money.formulas.size_weighted import ACTS, ADDS, Flow, Weights
from hypertally.metrics.smart_money.formulas.thresholds import ACTING_MIN
from hypertally.metrics.smart_money.formulas.wallet_moves import FLAT, Move, MoveKind
from hypertally.records import Record


# gc=False: no reference to a container, and thousands are made at once.
class Contributor(Record, frozen=True, kw_only=True, gc=False):
    """One wallet of one window. Sizes are in coin, effects in points of the score."""

    wallet: str
    behaviour: str
    before: Decimal | None
    now: Decimal | None
    change: Decimal | None
    epsilon: Decimal
    forced: bool | None  # of exits; None: its fills are unknown
    weight: Decimal | None  # of adders: what was added, capped
    change_usd: Decimal | None  # at the mark of the snapshot before
    cas: Decimal | None
    cas_weighted: Decimal | None
    dispersion: Decimal | None
    dispersion_size: Decimal | None
    ecs: Decimal | None


class CountedScores(Record, frozen=True, kw_only=True):
    """What a score is, as far as counts decide."""

    cas: Decimal | None
    dispersion: Decimal | None
    ecs: Decimal | None
    weighted: bool  # whether the consensus is given
    sized: bool  # whether the dispersion is


class Effects(Record, frozen=True, kw_only=True):
    """What wallets of one kind have in common: no counted score tells them apart."""

    cas: Decimal | None
    dispersion: Decimal | None
    ecs: Decimal | None
    weighted: bool
    sized: bool
    adds: bool
    acts: bool


def contributors(
    window: ScoringWindow, flow: Flow, weights: Weights, *, mark: Decimal | None
) -> tuple[Contributor, ...]:
    """A row for each wallet that was not flat, by wallet."""
    classified = window.classified
    with localcontext(EXACT):
        effects = _effects(window)
        return tuple(
            _contributor(move, change, kind, effects[kind], flow=flow, weights=weights, mark=mark)
            for move, kind, change in zip(
                classified.moves, classified.kinds, classified.changes, strict=True
            )
            if kind.behaviour != FLAT
        )


def _contributor(
    move: Move,
    change: Decimal | None,
    kind: MoveKind,
    effects: Effects,
    *,
    flow: Flow,
    weights: Weights,
    mark: Decimal | None,
) -> Contributor:
    weight = weighted = sized = None
    if effects.weighted:
        weighted = NOTHING
    if effects.sized:
        sized = NOTHING
    if change is not None and effects.adds:
        weight = weights.weight(change)
        if effects.weighted:
            weighted = difference(weights.value, weights.without(change))
    if change is not None and effects.acts and effects.sized:
        sized = difference(flow.value, flow.without(change))
    return Contributor(
        wallet=move.wallet,
        behaviour=kind.behaviour,
        before=move.before,
        now=move.now,
        change=change,
        epsilon=move.epsilon,
        forced=kind.forced,
        weight=weight,
        change_usd=None if change is None or mark is None else change * mark,
        cas=effects.cas,
        cas_weighted=weighted,
        dispersion=effects.dispersion,
        dispersion_size=sized,
        ecs=effects.ecs,
    )


def _effects(window: ScoringWindow) -> Mapping[MoveKind, Effects]:
    full = _counted(window.counts)
    return {
        kind: _effects_of(kind, full, _counted(count({**window.kinds, kind: many - 1})))
        for kind, many in window.kinds.items()
        if kind.behaviour != FLAT
    }


def _effects_of(kind: MoveKind, full: CountedScores, without: CountedScores) -> Effects:
    return Effects(
        cas=difference(full.cas, without.cas),
        dispersion=difference(full.dispersion, without.dispersion),
        ecs=difference(full.ecs, without.ecs),
        weighted=full.weighted and without.weighted,
        sized=full.sized and without.sized,
        adds=kind.behaviour in ADDS,
        acts=kind.behaviour in ACTS,
    )


def _counted(counts: WalletCounts) -> CountedScores:
    exposed = counts.long.exposed + counts.short.exposed
    ecs = percent(counts.long.left + counts.short.left, exposed) if exposed else None
    return CountedScores(
        cas=cas_value(counts, ecs),
        dispersion=dispersion_value(counts),
        ecs=ecs,
        weighted=unknown_because(counts) is None,
        sized=counts.long.acted + counts.short.acted >= ACTING_MIN,
    )


def difference(value: Decimal | None, without: Decimal | None) -> Decimal | None:
    """The effect, of two rounded scores."""
    if value is None or without is None:
        return None
    return EXACT.subtract(value, without) or NOTHING
