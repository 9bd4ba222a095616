"""Amounts against the textbook in fractions: x = L (1/p - 1/b), y = L (p - a), p clamped."""

from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypertally.metrics.lp.formulas.pool.liquidity_amounts import (
    SqrtPriceRange,
    deposited_amounts,
    largest_amounts,
    range_of_ticks,
    withdrawn_amounts,
)
from hypertally.metrics.lp.formulas.pool.tick_math import (
    SQRT_PRICE_END,
    SQRT_PRICE_MIN,
    TICK_MAX,
    TICK_MIN,
)

LIQUIDITY = st.integers(0, 2**128 - 1)
SQRT_PRICES = st.integers(SQRT_PRICE_MIN, SQRT_PRICE_END - 1)
RANGES = (
    st.lists(st.integers(TICK_MIN, TICK_MAX), min_size=2, max_size=2, unique=True)
    .map(sorted)
    .map(lambda ticks: range_of_ticks(*ticks))
)


def textbook(liquidity: int, sqrt_price: int, prices: SqrtPriceRange) -> tuple[Fraction, Fraction]:
    low, high = Fraction(prices.lower, 2**96), Fraction(prices.upper, 2**96)
    root = min(max(Fraction(sqrt_price, 2**96), low), high)
    return liquidity * (1 / root - 1 / high), liquidity * (root - low)


@given(LIQUIDITY, SQRT_PRICES, RANGES)
def test_a_removal_gives_the_textbook_rounded_down(
    liquidity: int, sqrt_price: int, prices: SqrtPriceRange
) -> None:
    amounts = textbook(liquidity, sqrt_price, prices)
    assert withdrawn_amounts(liquidity, sqrt_price, prices) == tuple(map(floor, amounts))


@given(LIQUIDITY, SQRT_PRICES, RANGES)
def test_a_deposit_takes_the_textbook_rounded_up(
    liquidity: int, sqrt_price: int, prices: SqrtPriceRange
) -> None:
    amounts = textbook(liquidity, sqrt_price, prices)
    assert deposited_amounts(liquidity, sqrt_price, prices) == tuple(map(ceil, amounts))


@given(LIQUIDITY, SQRT_PRICES, RANGES)
def test_no_price_gives_more_than_the_largest_amounts(
    liquidity: int, sqrt_price: int, prices: SqrtPriceRange
) -> None:
    amounts = withdrawn_amounts(liquidity, sqrt_price, prices)
    largest = largest_amounts(liquidity, prices)
    assert all(amount <= most for amount, most in zip(amounts, largest, strict=True))


def test_below_its_range_a_position_is_all_token0_and_above_it_all_token1() -> None:
    prices = range_of_ticks(-60, 60)
    below = withdrawn_amounts(10**18, range_of_ticks(-120, 60).lower, prices)
    above = withdrawn_amounts(10**18, range_of_ticks(-60, 120).upper, prices)
    assert below == (largest_amounts(10**18, prices)[0], 0)
    assert above == (0, largest_amounts(10**18, prices)[1])
    assert min(below[0], above[1]) > 0


def test_a_range_without_prices_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        range_of_ticks(60, 60)
