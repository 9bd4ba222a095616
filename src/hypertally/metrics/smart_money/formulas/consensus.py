"""Consensus and disagreement, second version: the scores that are formed from counts alone.

What the definition leaves open: participation is of the wallets exposed at either end; the rule of
exits clamps by ECS as a number, High or not; a consensus unknown for lack of coverage has bounds,
one unknown for lack of acting wallets has none; Dispersion has no coverage rule of its own.
"""

from decimal import Decimal
from typing import Final, Literal

from hypertally.metrics.smart_money.formulas.counts import WalletCounts
from hypertally.metrics.smart_money.formulas.score_arithmetic import (
    FORMING,
    HUNDRED,
    V2,
    Score,
    percent,
    ratio,
    rounded,
)
from hypertally.metrics.smart_money.formulas.thresholds import (
    ACTING_MIN,
    CLAMP_ABOVE,
    CLAMP_HIGH,
    CLAMP_LOW,
    COVERAGE_PERCENT_MIN,
    DISPERSION_HIGH_FROM,
    DISPERSION_LOW_BELOW,
    LONG_FROM,
    SHORT_TO,
    SHRINKAGE,
    STRONG_LONG_FROM,
    STRONG_SHORT_TO,
)
from hypertally.records import Record

Band = Literal["strong_long", "long", "neutral", "short", "strong_short"]

FEW: Final = f"fewer than {ACTING_MIN} wallets acted"
THIN: Final = f"fewer than {COVERAGE_PERCENT_MIN}% of the wallets were seen"


class Consensus(Record, frozen=True, kw_only=True):
    """CAS."""

    score: Score  # clamped
    unclamped: Decimal | None
    clamped: bool
    band: Band | None
    long: int  # wallets that took on more long
    short: int
    participation: Decimal | None  # share of the exposed wallets that took on more


def band(cas: Decimal) -> Band:
    """The five bands; 40 and 60 are mirror images."""
    if cas >= STRONG_LONG_FROM:
        return "strong_long"
    if cas >= LONG_FROM:
        return "long"
    if cas <= STRONG_SHORT_TO:
        return "strong_short"
    return "short" if cas <= SHORT_TO else "neutral"


def unclamped_cas(long: int, short: int) -> Decimal:
    """50 + 50 (L - S) / (L + S + k)."""
    both = long + short + SHRINKAGE
    return rounded(FORMING.divide(50 * (2 * long + SHRINKAGE), both))


def clamp(cas: Decimal) -> Decimal:
    """What many exits leave of a consensus."""
    return min(max(cas, CLAMP_LOW), CLAMP_HIGH)


def unknown_because(counts: WalletCounts) -> str | None:
    """Why there is no consensus to speak of; None where there is."""
    if not counts.covered:
        return THIN
    return FEW if counts.acting < ACTING_MIN else None


def cas_value(counts: WalletCounts, ecs: Decimal | None) -> Decimal | None:
    """CAS as published: none where it is unknown, clamped where many exit."""
    if unknown_because(counts):
        return None
    value = unclamped_cas(counts.long.added, counts.short.added)
    return clamp(value) if ecs is not None and ecs > CLAMP_ABOVE else value


def consensus(counts: WalletCounts, ecs: Score) -> Consensus:
    """CAS with its bounds and its company."""
    long, short = counts.long.added, counts.short.added
    reason = unknown_because(counts)
    value = cas_value(counts, ecs.value)
    lower, upper = (None, None) if reason == FEW else _bounds(counts, ecs)
    unclamped = None if reason else unclamped_cas(long, short)
    exposed = counts.observed - counts.flat
    return Consensus(
        score=Score(
            value=value,
            lower=lower,
            upper=upper,
            n=long + short,
            completeness=counts.completeness(),
            definition=V2,
            reason=reason,
        ),
        unclamped=unclamped,
        clamped=value != unclamped,
        band=None if value is None else band(value),
        long=long,
        short=short,
        participation=ratio(long + short, exposed) if exposed else None,
    )


def _bounds(counts: WalletCounts, ecs: Score) -> tuple[Decimal, Decimal]:
    """CAS had the unseen all taken the one side or the other; clamped where ECS may say so."""
    long, short = counts.long.added, counts.short.added
    lower, upper = (
        unclamped_cas(long, short + counts.unseen),
        unclamped_cas(long + counts.unseen, short),
    )
    if ecs.lower is not None and ecs.lower > CLAMP_ABOVE:
        return clamp(lower), clamp(upper)
    if ecs.upper is not None and ecs.upper > CLAMP_ABOVE:
        return min(lower, clamp(lower)), max(upper, clamp(upper))
    return lower, upper


def split(one: int, other: int) -> Decimal | None:
    """100 (1 - |a - b| / (a + b)): 0 where all are on one side, 100 where the sides are even."""
    return percent(2 * min(one, other), one + other) if one + other else None


def dispersion_value(counts: WalletCounts) -> Decimal | None:
    """D_count as published."""
    bought, sold = counts.long.acted, counts.short.acted
    return None if bought + sold < ACTING_MIN else split(bought, sold)


def dispersion(counts: WalletCounts) -> Score:
    """D_count: disagreement among those who bought or sold."""
    few = counts.long.acted + counts.short.acted < ACTING_MIN
    return _disagreement(counts, counts.long.acted, counts.short.acted, reason=FEW if few else None)


def stock_disagreement(counts: WalletCounts) -> Score:
    """Disagreement among those who hold."""
    long, short = counts.long.holding, counts.short.holding
    return _disagreement(
        counts, long, short, reason=None if long + short else "no wallet holds a position"
    )


def _disagreement(counts: WalletCounts, one: int, other: int, *, reason: str | None) -> Score:
    small, large, unseen = min(one, other), max(one, other), counts.unseen
    upper = HUNDRED if unseen >= large - small else split(small + unseen, large)
    return Score(
        value=None if reason else split(one, other),
        lower=None if reason else split(small, large + unseen),
        upper=None if reason else upper,
        n=one + other,
        completeness=counts.completeness(),
        definition=V2,
        reason=reason,
    )


def dispersion_level(value: Decimal) -> Literal["low", "medium", "high"]:
    """Of both versions."""
    if value >= DISPERSION_HIGH_FROM:
        return "high"
    return "low" if value < DISPERSION_LOW_BELOW else "medium"
