"""Dispersion is High among enough wallets only; the trend needs three known CAS, in any place."""

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypertally.metrics.smart_money.formulas.playbook_state import dispersion_level
from hypertally.metrics.smart_money.formulas.v3.stand_off import is_stand_off, wallets_needed
from hypertally.metrics.smart_money.formulas.v3.trend import trend_of_known
from hypertally.sandbox.oracles import smart_money_v3 as oracle

scores = st.one_of(st.none(), st.integers(0, 100).map(Decimal))


@given(st.lists(st.integers(0, 60), min_size=490, max_size=520))
def test_the_wallets_needed_are_the_oracles(active_before: list[int]) -> None:
    assert wallets_needed(Counter(active_before)) == oracle.stand_off_needs(active_before)


def test_twenty_are_needed_until_500_periods_are_known() -> None:
    assert wallets_needed(Counter({40: 499})) == 20
    assert wallets_needed(Counter({40: 500})) == 40
    assert wallets_needed(Counter({5: 500})) == 20
    assert wallets_needed(Counter({30: 375, 90: 125})) == 30  # three in four exactly


@given(scores, st.integers(0, 60), st.integers(20, 40))
def test_the_level_is_the_oracles(value: Decimal | None, active: int, needed: int) -> None:
    high = is_stand_off(value, active=active, needed=needed)
    assert dispersion_level(value, high=high) == oracle.dispersion_level(value, active, needed)


@given(scores, st.lists(scores, max_size=6))
def test_the_trend_is_the_oracles(value: Decimal | None, before: list[Decimal | None]) -> None:
    assert trend_of_known(value, before).direction == oracle.v3_trend(value, before)


@pytest.mark.parametrize(
    ("before", "direction"),
    [
        (["50", None, "50", None, "50", None], "rising"),
        (["50", None, None, None, "50", None], None),
        (["90", "50", "50", "50"], "rising"),  # the last three
        ([], None),
    ],
)
def test_unknown_periods_are_passed_over(before: list[str | None], direction: str | None) -> None:
    values = [None if cas is None else Decimal(cas) for cas in before]
    assert trend_of_known(Decimal(60), values).direction == direction
