"""Decimals: sums and products are exact, and a quotient is rounded once, to 30 places."""

from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    localcontext,
)
from fractions import Fraction
from typing import Final

PLACES: Final = Decimal("1E-30")
# Amounts of 128 bits with 30 places, times prices of 36 digits, over any number of flows: one
# digit lost is an error.
EXACT: Final = Context(prec=400, traps=[InvalidOperation, DivisionByZero, Inexact])
FORMING: Final = Context(
    prec=400, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero]
)
_NONE: Final = Decimal(0)


def quotient(numerator: Decimal | int, denominator: Decimal | int) -> Decimal:
    """The ratio of two exact numbers, rounded once. Errors: `DivisionByZero`."""
    return rounded(FORMING.divide(Decimal(numerator), Decimal(denominator)))


def rounded(number: Decimal) -> Decimal:
    """To 30 places, with no negative zero."""
    return FORMING.quantize(number, PLACES) or _NONE


def fraction_to_decimal(fraction: Fraction) -> Decimal:
    """Rounded once."""
    return quotient(fraction.numerator, fraction.denominator)


def whole_tokens(amount: Decimal | int, decimals: int) -> Decimal:
    """An amount in smallest units as whole tokens, exactly."""
    return EXACT.scaleb(Decimal(amount), -decimals)


def product(*factors: Decimal) -> Decimal:
    """Exact."""
    with localcontext(EXACT):
        result = Decimal(1)
        for factor in factors:
            result *= factor
        return result
