"""The hedge of a liquidity by perps: ratio, error, and the bands at which a drift is told."""

from decimal import Decimal
from typing import Final, Literal

from hypertally.metrics.lp.formulas.bounded import (
    Bounded,
    exactly,
    merged_reasons,
    negative,
    ratio,
    total,
    unknown,
)
from hypertally.metrics.lp.formulas.exact_decimals import EXACT, quotient
from hypertally.records import Record

DriftLevel = Literal["medium", "high", "critical"]

# A level begins above its first error and ends below its second, so that an error that stays near
# an edge is told once. Worst first.
DRIFT_BANDS: Final[tuple[tuple[DriftLevel, Decimal, Decimal], ...]] = (
    ("critical", Decimal("0.20"), Decimal("0.16")),
    ("high", Decimal("0.10"), Decimal("0.08")),
    ("medium", Decimal("0.05"), Decimal("0.04")),
)
# Less than this on both sides is what fees and rounding leave, not a position to hedge.
HEDGED_USD_MIN: Final = Decimal(1)

NO_LIQUIDITY: Final = "the liquidity has no delta to hedge"
NO_POSITION: Final = "there is neither liquidity nor a perp to compare"


class HedgeState(Record, frozen=True, kw_only=True):
    """How well the perps of an asset hedge its liquidity."""

    ratio: Bounded  # -perp / liquidity; 1: hedged
    drift_units: Bounded  # |liquidity + perp|
    error: Bounded  # the drift over the larger of the two


def hedge_state(lp: Bounded, perp: Bounded, price_usd: Decimal | None) -> HedgeState:
    """Of the deltas of an asset, in its units."""
    has_lp, has_perp = (_is_hedgeable(side, price_usd) for side in (lp, perp))
    drift = total([lp, perp])
    return HedgeState(
        ratio=ratio(negative(perp), lp, of_nothing=NO_LIQUIDITY)
        if has_lp
        else unknown(NO_LIQUIDITY),
        drift_units=_absolute(drift),
        error=_error(lp, perp) if has_lp or has_perp else unknown(NO_POSITION),
    )


def drift_level(error: Decimal, before: DriftLevel | None) -> DriftLevel | None:
    """The level of an error, given the level before: it ends later than it begins."""
    levels = [level for level, _, _ in DRIFT_BANDS]
    rank_before = levels.index(before) if before is not None else len(levels)
    for rank, (level, begins_above, ends_below) in enumerate(DRIFT_BANDS):
        if error > begins_above or (rank >= rank_before and error >= ends_below):
            return level
    return None


def _is_hedgeable(side: Bounded, price_usd: Decimal | None) -> bool:
    """Whether there is something to hedge, or may be."""
    if side.value is None:
        return True
    if price_usd is None:
        return bool(side.value)
    return EXACT.multiply(abs(side.value), price_usd) >= HEDGED_USD_MIN


def _absolute(number: Bounded) -> Bounded:
    if number.value is not None:
        return exactly(abs(number.value))
    if number.lower is None or number.upper is None:
        return Bounded(value=None, lower=Decimal(0), upper=None, reasons=number.reasons)
    ends = abs(number.lower), abs(number.upper)
    crosses = number.lower <= 0 <= number.upper
    lower = Decimal(0) if crosses else min(ends)
    return Bounded(value=None, lower=lower, upper=max(ends), reasons=number.reasons)


def _error(lp: Bounded, perp: Bounded) -> Bounded:
    if lp.value is not None and perp.value is not None:
        return exactly(_error_of(lp.value, perp.value))
    lower, upper = _error_bounds(lp, perp)
    return Bounded(value=None, lower=lower, upper=upper, reasons=merged_reasons([lp, perp]))


def _error_of(lp: Decimal, perp: Decimal) -> Decimal:
    largest = max(abs(lp), abs(perp))
    return quotient(abs(EXACT.add(lp, perp)), largest) if largest else Decimal(0)


def _error_bounds(lp: Bounded, perp: Bounded) -> tuple[Decimal, Decimal]:
    """An error depends on perp / liquidity alone, and turns only where they are equal in size: at
    0 where they are opposite, at 2 where they are not. Between it is largest at the corners.
    """
    whole = Decimal(0), Decimal(2)
    if lp.lower is None or lp.upper is None or perp.lower is None or perp.upper is None:
        return whole
    corners = [
        _error_of(liquidity, size)
        for liquidity in (lp.lower, lp.upper)
        for size in (perp.lower, perp.upper)
    ]
    can_be_opposite = -perp.upper <= lp.upper and lp.lower <= -perp.lower
    can_be_equal = perp.lower <= lp.upper and lp.lower <= perp.upper
    lower = whole[0] if can_be_opposite else min(corners)
    return lower, whole[1] if can_be_equal else max(corners)
