"""Ticks and square-root prices, against the exact root and what the contracts publish."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypertally.metrics.lp.formulas.pool import tick_math
from hypertally.metrics.lp.formulas.pool.tick_math import (
    SQRT_PRICE_END,
    SQRT_PRICE_MIN,
    TICK_MAX,
    TICK_MIN,
    full_range,
    is_aligned,
    is_in_range,
    sqrt_price_at,
    tick_at,
)

TICKS = st.integers(TICK_MIN, TICK_MAX)


def test_the_ends_are_those_of_the_contracts() -> None:
    assert sqrt_price_at(TICK_MIN) == SQRT_PRICE_MIN
    assert sqrt_price_at(TICK_MAX) == SQRT_PRICE_END
    assert sqrt_price_at(0) == 2**96
    assert tick_at(SQRT_PRICE_END - 1) == TICK_MAX - 1
    assert tick_at(SQRT_PRICE_MIN) == TICK_MIN


@pytest.mark.parametrize("bit", range(20))
def test_each_power_is_the_root_to_its_last_digit(bit: int) -> None:
    with localcontext(prec=120):
        exact = Decimal(2**128) / Decimal("1.0001").sqrt() ** (2**bit)
        assert abs(tick_math._POWERS[bit] - exact) <= Decimal("0.5")


@given(TICKS)
def test_a_price_is_the_root_of_the_power_in_seventeen_digits(tick: int) -> None:
    with localcontext(prec=80):
        exact = Decimal("1.0001").sqrt() ** tick * 2**96
        assert abs(sqrt_price_at(tick) - exact) <= 1 + exact * Decimal("1E-17")


@given(TICKS.filter(lambda tick: tick < TICK_MAX))
def test_the_tick_of_the_price_of_a_tick_is_that_tick(tick: int) -> None:
    assert tick_at(sqrt_price_at(tick)) == tick
    if tick > TICK_MIN:
        assert tick_at(sqrt_price_at(tick) - 1) == tick - 1


@given(st.integers(SQRT_PRICE_MIN, SQRT_PRICE_END - 1))
def test_a_price_lies_between_its_tick_and_the_next(sqrt_price: int) -> None:
    tick = tick_at(sqrt_price)
    assert sqrt_price_at(tick) <= sqrt_price < sqrt_price_at(tick + 1)


@pytest.mark.parametrize("tick", [TICK_MIN - 1, TICK_MAX + 1])
def test_a_tick_that_no_pool_has_is_refused(tick: int) -> None:
    with pytest.raises(ValueError, match="outside"):
        sqrt_price_at(tick)


@pytest.mark.parametrize("sqrt_price", [SQRT_PRICE_MIN - 1, SQRT_PRICE_END])
def test_a_price_that_no_pool_has_is_refused(sqrt_price: int) -> None:
    with pytest.raises(ValueError, match="outside"):
        tick_at(sqrt_price)


def test_ranges_are_aligned_with_the_spacing() -> None:
    assert full_range(60) == (-887_220, 887_220)
    assert all(is_aligned(tick, 60) for tick in full_range(60))
    assert is_aligned(-60, 60)
    assert not is_aligned(-61, 60)
    assert not is_aligned(full_range(60)[1] + 60, 60)


def test_the_lower_end_is_in_the_range_and_the_upper_is_not() -> None:
    assert [is_in_range(tick, -60, 60) for tick in (-61, -60, 59, 60)] == [False, True, True, False]
