"""The tokens that stand behind a liquidity at a price, rounded as the contracts round them.

What is withdrawn is rounded down and what is deposited is rounded up, each to the smallest unit.
"""

from hypertally.metrics.lp.formulas.pool.tick_math import Q96, sqrt_price_at
from hypertally.metrics.lp.formulas.pool.token_pairs import TokenAmounts
from hypertally.records import Record


class SqrtPriceRange(Record, frozen=True, kw_only=True):
    """The prices between which a liquidity is offered, as square-root prices."""

    lower: int
    upper: int

    def clamp(self, sqrt_price: int) -> int:
        """The price of the range that is nearest."""
        return min(max(sqrt_price, self.lower), self.upper)


def range_of_ticks(tick_lower: int, tick_upper: int) -> SqrtPriceRange:
    """The prices between two ticks. Errors: `ValueError` unless they are in order."""
    if tick_lower >= tick_upper:
        raise ValueError(f"the range from tick {tick_lower} to {tick_upper} is empty")
    return SqrtPriceRange(lower=sqrt_price_at(tick_lower), upper=sqrt_price_at(tick_upper))


def withdrawn_amounts(liquidity: int, sqrt_price: int, price_range: SqrtPriceRange) -> TokenAmounts:
    """What `decreaseLiquidity` gives for a liquidity: below, in or above its range."""
    price = price_range.clamp(sqrt_price)
    amount0 = (liquidity << 96) * (price_range.upper - price) // price_range.upper // price
    return amount0, liquidity * (price - price_range.lower) // Q96


def deposited_amounts(liquidity: int, sqrt_price: int, price_range: SqrtPriceRange) -> TokenAmounts:
    """What `increaseLiquidity` takes for a liquidity."""
    price = price_range.clamp(sqrt_price)
    amount0 = _ceiling((liquidity << 96) * (price_range.upper - price), price_range.upper)
    amount1 = _ceiling(liquidity * (price - price_range.lower), Q96)
    return _ceiling(amount0, price), amount1


def largest_amounts(liquidity: int, price_range: SqrtPriceRange) -> TokenAmounts:
    """The most of each token that can stand behind a liquidity, whatever the price is."""
    amount0, _ = withdrawn_amounts(liquidity, price_range.lower, price_range)
    _, amount1 = withdrawn_amounts(liquidity, price_range.upper, price_range)
    return amount0, amount1


def _ceiling(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)
