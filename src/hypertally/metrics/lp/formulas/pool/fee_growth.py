"""Fees that were earned and not collected yet, in the arithmetic of the contracts.

Growth is fees per unit of liquidity times 2^128, counted modulo 2^256. Growth inside a range may
therefore lie near 2^256, and only the difference of two of them means anything.

The manager keeps one account for each NFT, and the pool one for the manager and the range, which
several NFTs may share. The two round apart, and `collect()` pays the smaller.
"""

from hypertally.metrics.lp.formulas.pool.tick_math import Q128, Q256, is_in_range
from hypertally.metrics.lp.formulas.pool.token_pairs import TokenAmounts, smaller_of
from hypertally.records import Record


class FeeAccount(Record, frozen=True, kw_only=True):
    """What a manager keeps of an NFT, or a pool of one owner and range, when it last changed."""

    liquidity: int
    growth_last: TokenAmounts  # growth inside the range at the last change
    owed: TokenAmounts  # noted as owed at the last change: fees, and principal that was freed


class PoolGrowth(Record, frozen=True, kw_only=True):
    """Where a pool stands, with the growth that its fees have reached."""

    tick: int
    everywhere: TokenAmounts
    outside_lower: TokenAmounts  # as the tick at the range's lower end keeps it
    outside_upper: TokenAmounts


def growth_inside(pool: PoolGrowth, tick_lower: int, tick_upper: int) -> TokenAmounts:
    """Growth between two ticks, modulo 2^256."""

    def inside(everywhere: int, lower: int, upper: int) -> int:
        if is_in_range(pool.tick, tick_lower, tick_upper):
            return (everywhere - lower - upper) % Q256
        # Outside the range the two ends keep growth of the same side: of below, or of above.
        return (lower - upper if pool.tick < tick_lower else upper - lower) % Q256

    growth0, growth1 = map(inside, pool.everywhere, pool.outside_lower, pool.outside_upper)
    return growth0, growth1


def owed_by(account: FeeAccount, growth: TokenAmounts) -> TokenAmounts:
    """What an account owes once it is brought up to date with the growth inside its range."""

    def owed(noted: int, now: int, last: int) -> int:
        earned = (now - last) % Q256 * account.liquidity // Q128
        return (noted + earned) % Q128  # the contracts keep it in 128 bits

    owed0, owed1 = map(owed, account.owed, growth, account.growth_last)
    return owed0, owed1


def uncollected(nft: FeeAccount, pool_position: FeeAccount, growth: TokenAmounts) -> TokenAmounts:
    """What `collect()` would pay, to the smallest unit.

    For an NFT without liquidity the manager brings neither account up to date.
    """
    if not nft.liquidity:
        return smaller_of(nft.owed, pool_position.owed)
    return smaller_of(owed_by(nft, growth), owed_by(pool_position, growth))
