"""Fees against a pool that pays each position directly, without any growth."""

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from hypertally.metrics.lp.formulas.pool.fee_growth import (
    FeeAccount,
    PoolGrowth,
    growth_inside,
    owed_by,
    uncollected,
)

MODULUS = 2**256
LOWER, UPPER = -60, 60
TICKS = st.integers(-120, 119)
GROWTH = st.integers(0, 2**140)


class Swap(NamedTuple):
    """The pool moves to a tick, then fees are paid there: growth of each token."""

    tick: int
    fees: tuple[int, int]


SWAPS = st.lists(st.builds(Swap, TICKS, st.tuples(GROWTH, GROWTH)), max_size=12)


class PoolModel:
    """The bookkeeping of the contracts: each end of a range keeps the growth of its other side."""

    def __init__(self, tick: int, everywhere: tuple[int, int]) -> None:
        self.tick, self.everywhere = tick, everywhere
        self.outside = {end: everywhere if end <= tick else (0, 0) for end in (LOWER, UPPER)}

    def apply(self, swap: Swap) -> None:
        for end, outside in self.outside.items():
            if (self.tick >= end) != (swap.tick >= end):
                crossed = zip(self.everywhere, outside, strict=True)
                first, second = ((all_of - side) % MODULUS for all_of, side in crossed)
                self.outside[end] = first, second
        self.tick = swap.tick
        grown = zip(self.everywhere, swap.fees, strict=True)
        first, second = ((all_of + fee) % MODULUS for all_of, fee in grown)
        self.everywhere = first, second

    def inside(self) -> tuple[int, int]:
        growth = PoolGrowth(
            tick=self.tick,
            everywhere=self.everywhere,
            outside_lower=self.outside[LOWER],
            outside_upper=self.outside[UPPER],
        )
        return growth_inside(growth, LOWER, UPPER)


@given(
    TICKS,
    st.tuples(st.integers(0, MODULUS - 1), st.integers(0, MODULUS - 1)),
    SWAPS,
    SWAPS,
    st.integers(1, 2**100),
)
def test_a_position_earns_what_is_paid_while_it_is_in_range(
    tick: int,
    everywhere: tuple[int, int],
    before: list[Swap],
    after: list[Swap],
    liquidity: int,
) -> None:
    pool = PoolModel(tick, everywhere)
    for swap in before:
        pool.apply(swap)
    account = FeeAccount(liquidity=liquidity, growth_last=pool.inside(), owed=(3, 5))
    for swap in after:
        pool.apply(swap)
    paid = [
        sum(swap.fees[token] for swap in after if LOWER <= swap.tick < UPPER) for token in (0, 1)
    ]
    expected = [
        (noted + growth * liquidity // 2**128) % 2**128
        for noted, growth in zip((3, 5), paid, strict=True)
    ]
    assert list(owed_by(account, pool.inside())) == expected


def test_growth_is_subtracted_modulo_two_to_the_256() -> None:
    account = FeeAccount(liquidity=2**128, growth_last=(MODULUS - 100, 0), owed=(0, 7))
    assert owed_by(account, (50, 0)) == (150, 7)


def test_what_can_be_collected_is_the_smaller_of_two_accounts_token_by_token() -> None:
    nft = FeeAccount(liquidity=2**128, growth_last=(0, 0), owed=(10, 0))
    pool_position = FeeAccount(liquidity=2**129, growth_last=(99, 0), owed=(1, 50))
    assert owed_by(nft, (100, 40)) == (110, 40)
    assert owed_by(pool_position, (100, 40)) == (3, 130)
    assert uncollected(nft, pool_position, (100, 40)) == (3, 40)


def test_an_nft_without_liquidity_gets_what_both_accounts_have_noted() -> None:
    nft = FeeAccount(liquidity=0, growth_last=(0, 0), owed=(10, 20))
    neighbours = FeeAccount(liquidity=2**128, growth_last=(0, 0), owed=(9, 30))
    assert uncollected(nft, neighbours, (1_000, 1_000)) == (9, 20)
