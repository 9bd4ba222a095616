"""What one reading of a position at one block says: tokens, fees, and whether it is in range."""

from hypertally.metrics.lp.formulas.pool.fee_growth import (
    FeeAccount,
    PoolGrowth,
    growth_inside,
    owed_by,
    uncollected,
)
from hypertally.metrics.lp.formulas.pool.liquidity_amounts import range_of_ticks, withdrawn_amounts
from hypertally.metrics.lp.formulas.pool.tick_math import is_in_range
from hypertally.metrics.lp.formulas.pool.token_pairs import TokenAmounts
from hypertally.records import Record


class PositionReading(Record, frozen=True, kw_only=True):
    """The contracts' answers about one NFT, all of the same block."""

    tick_lower: int
    tick_upper: int
    sqrt_price: int  # the pool's
    pool: PoolGrowth
    nft: FeeAccount  # as the manager has it
    pool_position: FeeAccount  # as the pool has it, for every NFT of the manager in this range


class PositionContent(Record, frozen=True, kw_only=True):
    """What a position holds, in the smallest units of its tokens."""

    liquidity: int
    in_range: bool
    principal: TokenAmounts  # what a removal of the whole liquidity would give
    growth_inside: TokenAmounts
    owed_by_nft: TokenAmounts
    owed_by_pool: TokenAmounts
    uncollected: TokenAmounts  # what collect() would pay: fees, and principal freed before


EMPTY = PositionContent(
    liquidity=0,
    in_range=False,
    principal=(0, 0),
    growth_inside=(0, 0),
    owed_by_nft=(0, 0),
    owed_by_pool=(0, 0),
    uncollected=(0, 0),
)


def content_of(reading: PositionReading) -> PositionContent:
    """Compute the content of a position to the smallest unit."""
    ticks = reading.tick_lower, reading.tick_upper
    growth = growth_inside(reading.pool, *ticks)
    return PositionContent(
        liquidity=reading.nft.liquidity,
        in_range=is_in_range(reading.pool.tick, *ticks),
        principal=withdrawn_amounts(
            reading.nft.liquidity, reading.sqrt_price, range_of_ticks(*ticks)
        ),
        growth_inside=growth,
        owed_by_nft=owed_by(reading.nft, growth),
        owed_by_pool=owed_by(reading.pool_position, growth),
        uncollected=uncollected(reading.nft, reading.pool_position, growth),
    )
