"""What can still be said of a leg that was not read: between nothing and the most it can be.

A liquidity holds at most so much of each token, whatever the price is, and at least nothing. Of
anything else the last reading is all there is: the leg may be closed since, or as it was.
"""

from decimal import Decimal

from hypertally.metrics.lp.formulas.bounded import Bounded, between
from hypertally.metrics.lp.formulas.exact_decimals import whole_tokens
from hypertally.metrics.lp.formulas.pool.liquidity_amounts import largest_amounts, range_of_ticks
from hypertally.metrics.lp.formulas.pool.token_pairs import PoolTokens, UsdPrices
from hypertally.metrics.lp.formulas.pool.usd_values import usd_value
from hypertally.records import Record


class LastLiquidity(Record, frozen=True, kw_only=True):
    """What is known of a position that was not read this time."""

    liquidity: int
    tick_lower: int
    tick_upper: int
    tokens: PoolTokens


def missing_tokens(last: LastLiquidity, reason: str) -> tuple[Bounded, Bounded]:
    """Between nothing and the most of each token that the last known liquidity can hold."""
    largest = largest_amounts(last.liquidity, range_of_ticks(last.tick_lower, last.tick_upper))
    most0, most1 = (
        between(Decimal(0), whole_tokens(amount, token.decimals), reason)
        for amount, token in zip(largest, last.tokens, strict=True)
    )
    return most0, most1


def missing_value(last: LastLiquidity, prices: UsdPrices, reason: str) -> Bounded:
    """Between nothing and the dearer end of the range: all in token0, or all in token1.

    A position's value bends upwards between the ends of its range if the prices stay what they
    are, so that no price of the pool makes it worth more than at one of the ends.
    """
    largest = largest_amounts(last.liquidity, range_of_ticks(last.tick_lower, last.tick_upper))
    ends = [
        usd_value(amounts, last.tokens, prices).upper
        for amounts in ((largest[0], 0), (0, largest[1]))
    ]
    known_ends = [end for end in ends if end is not None]
    upper = max(known_ends) if len(known_ends) == len(ends) else None
    return between(Decimal(0), upper, reason)


def missing_quantity(last: Decimal | None, reason: str) -> Bounded:
    """Of a perp, a balance or an equity: between nothing and what was read last."""
    if last is None:
        return between(None, None, reason)
    return between(min(last, Decimal(0)), max(last, Decimal(0)), reason)
