"""Exact decimals, written as the exchange writes them."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

ZERO = Decimal(0)


def decimal_text(value: Decimal) -> str:
    """Write a number as the exchange does: no exponent, no trailing zeros, one decimal at least."""
    if not value:
        return "0.0"
    written = format(value.normalize(), "f")
    return written if "." in written else written + ".0"


def rounded(value: Decimal, places: int) -> Decimal:
    """Round half to even at a number of decimal places."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)


def truncated(value: Decimal, places: int) -> Decimal:
    """Round towards zero at a number of decimal places, as the exchange does with fees."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_DOWN)


def tick_size(price: Decimal, decimals_max: int) -> Decimal:
    """Return the smallest price step: five significant figures; whole numbers are always valid."""
    by_figures = min(price.adjusted() - 4, 0)
    return Decimal(1).scaleb(max(by_figures, -decimals_max))
