"""Score arithmetic: exact sums, one rounding, and the record of a score.

Sums are exact, so the order of the wallets cannot move a digit; a division or a root is formed
once, with 34 digits, and rounded half to even to 8 decimals. Bounds say between which values the
score would lie, had the missing and dirty wallets been seen; without such they equal the value.
"""

from collections.abc import Sequence
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    localcontext,
)
from typing import Literal

from hypertally.metrics.smart_money.formulas.thresholds import TREND_DEAD_ZONE, TREND_PERIODS
from hypertally.records import Record

V1 = "smart_money/1"
V2 = "smart_money/2"

Direction = Literal["rising", "flat", "falling"]

PLACES = Decimal("1E-8")
NOTHING = Decimal("0E-8")
HUNDRED = Decimal(100)
FIFTY = Decimal(50)
# Sizes of 36 digits at prices of 36, over any number of wallets; one digit lost is an error.
EXACT = Context(prec=200, traps=[InvalidOperation, DivisionByZero, Inexact])
FORMING = Context(prec=34, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero])


class Score(Record, frozen=True, kw_only=True):
    """A score from 0 to 100, with its bounds and completeness."""

    value: Decimal | None  # None: unknown, for the reason given
    lower: Decimal | None
    upper: Decimal | None
    n: int  # wallets it is made of
    completeness: Decimal  # share of the universe seen well at both ends
    definition: str
    reason: str | None = None  # why it is None, or what stands in for it


class Trend(Record, frozen=True, kw_only=True):
    """The direction of CAS."""

    direction: Direction | None  # None: unknown
    change: Decimal | None  # points above the mean of the periods before


def rounded(number: Decimal) -> Decimal:
    """To 8 decimals, with no negative zero."""
    return FORMING.quantize(number, PLACES) or NOTHING


def ratio(part: Decimal | int, whole: Decimal | int) -> Decimal:
    """The ratio of two exact numbers, rounded once."""
    return rounded(FORMING.divide(part, whole))


def percent(part: Decimal | int, whole: Decimal | int) -> Decimal:
    """100 part / whole, rounded once; both are exact."""
    return rounded(FORMING.divide(EXACT.multiply(HUNDRED, part), whole))


def trend(value: Decimal | None, before: Sequence[Decimal | None]) -> Trend:
    """CAS against the mean of the three periods before; unknown where one of the four is."""
    if value is None or len(before) != TREND_PERIODS or None in before:
        return Trend(direction=None, change=None)
    with localcontext(EXACT):
        total = sum(cas for cas in before if cas is not None)
    change = rounded(FORMING.subtract(value, FORMING.divide(total, TREND_PERIODS)))
    return Trend(direction=turn(change), change=change)


def turn(change: Decimal | None) -> Direction | None:
    """The direction of CAS, from its points above the mean of the periods before."""
    if change is None:
        return None
    if change > TREND_DEAD_ZONE:
        return "rising"
    return "falling" if change < -TREND_DEAD_ZONE else "flat"
