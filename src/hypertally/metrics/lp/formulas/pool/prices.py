"""Prices of a pool in whole tokens, and how fast a position's delta moves with them."""

from decimal import Decimal
from fractions import Fraction
from math import isqrt

from hypertally.metrics.lp.formulas.exact_decimals import fraction_to_decimal, quotient
from hypertally.metrics.lp.formulas.pool.position_reading import PositionReading
from hypertally.metrics.lp.formulas.pool.tick_math import Q96, is_in_range
from hypertally.metrics.lp.formulas.pool.token_pairs import PoolTokens


def pool_price(sqrt_price: int, tokens: PoolTokens) -> Decimal:
    """Whole token1 per whole token0."""
    return fraction_to_decimal(Fraction(sqrt_price**2, Q96**2) * _unit_ratio(tokens))


def sqrt_price_of(price: Decimal, tokens: PoolTokens) -> int:
    """The square-root price of token1 per token0, rounded down."""
    scaled = Fraction(price) / _unit_ratio(tokens) * Q96**2
    return isqrt(scaled.numerator // scaled.denominator)


def gamma0(liquidity: int, sqrt_price: int, tokens: PoolTokens) -> Decimal:
    """How many token0 a position in range gains as the price rises by one token1: less than none.

    In range: -L / (2 p^(3/2)).
    """
    root = Fraction(sqrt_price, Q96)
    unit0 = Fraction(10) ** tokens[0].decimals
    return fraction_to_decimal(-Fraction(liquidity) / 2 / root**3 / _unit_ratio(tokens) / unit0)


def gamma1(liquidity: int, sqrt_price: int, tokens: PoolTokens) -> Decimal:
    """The same of token1, whose price is in token0: -L p^(3/2) / 2."""
    root = Fraction(sqrt_price, Q96)
    unit1 = Fraction(10) ** tokens[1].decimals
    return fraction_to_decimal(-Fraction(liquidity) / 2 * root**3 * _unit_ratio(tokens) / unit1)


def gammas(reading: PositionReading, tokens: PoolTokens) -> tuple[Decimal, Decimal]:
    """Both, of a position as it was read: zero out of range, where the amounts stand still."""
    if not is_in_range(reading.pool.tick, reading.tick_lower, reading.tick_upper):
        return Decimal(0), Decimal(0)
    liquidity, sqrt_price = reading.nft.liquidity, reading.sqrt_price
    return gamma0(liquidity, sqrt_price, tokens), gamma1(liquidity, sqrt_price, tokens)


def gamma_per_usd(gamma: Decimal, other_price_usd: Decimal) -> Decimal:
    """A gamma per USD of the token's own price, while the other token's price stays.

    Errors: `DivisionByZero` where the other token is worth nothing.
    """
    return quotient(gamma, other_price_usd)


def _unit_ratio(tokens: PoolTokens) -> Fraction:
    """Smallest units of token0 in a whole one, per those of token1."""
    return Fraction(10) ** (tokens[0].decimals - tokens[1].decimals)
