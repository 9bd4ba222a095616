"""Kinds of pools: what each means by the same words, and that others are refused."""

from decimal import Decimal

import pytest

from hypertally.metrics.lp.formulas.pool.kinds import (
    KINDS,
    PoolKind,
    kind_named,
    packed_position_key,
    share_of_liquidity,
)


def test_another_kind_is_refused_by_name() -> None:
    assert [kind_named(kind) for kind in KINDS] == list(KINDS)
    with pytest.raises(ValueError, match=r"'liquidity_book' cannot be read.*uniswap_v3"):
        kind_named("liquidity_book")


def test_the_fifth_word_is_another_thing_in_each_family() -> None:
    assert {kind: KINDS[kind].fifth_word for kind in KINDS} == {
        "uniswap_v3": "fee",
        "pancake_v3": "fee",
        "slipstream": "tick_spacing",
        "algebra_integral_1_2": "deployer",
        "algebra_v2": "tick_lower",
    }
    assert {kind for kind in KINDS if KINDS[kind].packs_position_key} == {
        "algebra_integral_1_2",
        "algebra_v2",
    }


@pytest.mark.parametrize(
    ("kind", "setting", "shares"),
    [
        ("uniswap_v3", 0x66, ("0.833333333333333333333333333333",) * 2),
        ("uniswap_v3", 0x40, ("1", "0.75")),
        ("pancake_v3", 3_300 << 16 | 3_200, ("0.68", "0.67")),
        ("algebra_integral_1_2", 150, ("0.85", "0.85")),
        ("algebra_v2", 250, ("0.75", "0.75")),
        ("algebra_integral_1_2", 1_000, ("0", "0")),
    ],
)
def test_the_share_that_reaches_the_liquidity(
    kind: PoolKind, setting: int, shares: tuple[str, str]
) -> None:
    assert share_of_liquidity(kind, setting) == tuple(map(Decimal, shares))


def test_a_slipstream_pool_states_no_share() -> None:
    assert share_of_liquidity("slipstream", 0) is None


def test_a_packed_key_holds_the_owner_and_both_ticks_as_24_bits() -> None:
    assert packed_position_key(0xABC, -1, 1) == 0xABC_FFFFFF_000001
