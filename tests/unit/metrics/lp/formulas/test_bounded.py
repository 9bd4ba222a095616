"""Bounds contain every completion of what is missing, and a sum never shrinks to what is known."""

from collections.abc import Sequence
from decimal import Decimal, localcontext

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hypertally.metrics.lp.formulas.bounded import (
    between,
    difference,
    exactly,
    multiple,
    negative,
    ratio,
    total,
    unknown,
)
from hypertally.metrics.lp.formulas.exact_decimals import EXACT, quotient

NUMBERS = st.decimals(-(10**6), 10**6, places=4)
SHARES = st.decimals(0, 1, places=4)


class Part:
    """A number together with what is told of it: all, or bounds that contain it."""

    def __init__(self, number: Decimal, below: Decimal | None, above: Decimal | None) -> None:
        self.number = number
        self.is_missing = (below, above) != (Decimal(0), Decimal(0))
        lower = None if below is None else number - below
        upper = None if above is None else number + above
        self.bounded = between(lower, upper, "not read") if self.is_missing else exactly(number)


GAPS = st.one_of(st.none(), st.just(Decimal(0)), st.decimals(0, 10**6, places=4))
PARTS = st.builds(Part, NUMBERS, GAPS, GAPS)


@given(st.lists(PARTS, max_size=6))
def test_a_sum_contains_every_completion(parts: list[Part]) -> None:
    completed = sum((part.number for part in parts), Decimal(0))
    result = total(part.bounded for part in parts)
    assert result.contains(completed)
    assert (result.value is None) == any(part.is_missing for part in parts)
    assert result.value in {None, completed}


@given(PARTS, PARTS, NUMBERS)
def test_a_difference_and_a_multiple_contain_every_completion(
    first: Part, second: Part, factor: Decimal
) -> None:
    with localcontext(EXACT):
        assert difference(first.bounded, second.bounded).contains(first.number - second.number)
        assert negative(first.bounded).contains(-first.number)
        assert multiple(first.bounded, factor).contains(first.number * factor)


@given(PARTS, PARTS)
def test_a_ratio_contains_every_completion(part: Part, whole: Part) -> None:
    assume(whole.number)
    result = ratio(part.bounded, whole.bounded, of_nothing="nothing")
    assert result.contains(quotient(part.number, whole.number))


@given(st.permutations(["a", "b", "a", "c"]))
def test_reasons_do_not_depend_on_the_order_of_the_parts(reasons: Sequence[str]) -> None:
    assert total(unknown(reason) for reason in reasons).reasons == ("a", "b", "c")


def test_a_ratio_to_a_whole_that_may_be_nothing_has_a_bound_on_one_side() -> None:
    whole = between(Decimal(0), Decimal(4), "not read")
    above, below = ratio(exactly(2), whole, of_nothing=""), ratio(exactly(-2), whole, of_nothing="")
    assert (above.lower, above.upper) == (Decimal("0.5"), None)
    assert (below.lower, below.upper) == (None, Decimal("-0.5"))
    both = ratio(between(Decimal(-1), Decimal(1), "not read"), whole, of_nothing="")
    assert (both.lower, both.upper) == (None, None)


def test_a_ratio_to_nothing_says_why_there_is_none() -> None:
    assert ratio(exactly(1), exactly(0), of_nothing="empty") == unknown("empty")


@pytest.mark.parametrize("number", [Decimal("-0"), Decimal(0)])
def test_there_is_no_negative_zero(number: Decimal) -> None:
    assert str(negative(exactly(number)).value) == "0"
