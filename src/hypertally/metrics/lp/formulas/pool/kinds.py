"""Kinds of pools: where contracts that answer alike differ in what a number means.

Amounts, ticks and growth are computed alike in every kind. What differs: what the fifth word of
`positions()` is, how a pool names a position, and what share of the fees never reaches the
liquidity. Another kind is refused by name, since its numbers would be read without an error.
"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Final, Literal

from hypertally.metrics.lp.formulas.exact_decimals import fraction_to_decimal
from hypertally.records import Record

PoolKind = Literal["uniswap_v3", "algebra_integral_1_2", "algebra_v2", "pancake_v3", "slipstream"]
FifthWord = Literal["fee", "tick_spacing", "deployer", "tick_lower"]

_TICK_BITS: Final = 24
_ALGEBRA_COMMUNITY_WHOLE: Final = 1_000  # communityFee is in thousandths
_PANCAKE_PROTOCOL_WHOLE: Final = 10_000


class KindTraits(Record, frozen=True, kw_only=True):
    """What is particular to a kind."""

    fifth_word: FifthWord  # of positions()
    position_words: int  # of positions()
    packs_position_key: bool  # the pool's key of a position is packed, not hashed


KINDS: Mapping[PoolKind, KindTraits] = MappingProxyType(
    {
        "uniswap_v3": KindTraits(fifth_word="fee", position_words=12, packs_position_key=False),
        "algebra_integral_1_2": KindTraits(
            fifth_word="deployer", position_words=12, packs_position_key=True
        ),
        "algebra_v2": KindTraits(
            fifth_word="tick_lower", position_words=11, packs_position_key=True
        ),
        "pancake_v3": KindTraits(fifth_word="fee", position_words=12, packs_position_key=False),
        "slipstream": KindTraits(
            fifth_word="tick_spacing", position_words=12, packs_position_key=False
        ),
    }
)


def kind_named(name: str) -> PoolKind:
    """The kind of this name. Errors: `ValueError` for one whose numbers cannot be read."""
    for kind in KINDS:
        if kind == name:
            return kind
    raise ValueError(f"pools of kind {name!r} cannot be read; the kinds are {', '.join(KINDS)}")


def packed_position_key(manager: int, tick_lower: int, tick_upper: int) -> int:
    """How an Algebra pool names a position: the owner's address and both ticks side by side."""
    mask = (1 << _TICK_BITS) - 1
    return (manager << _TICK_BITS | tick_lower & mask) << _TICK_BITS | tick_upper & mask


def share_of_liquidity(kind: PoolKind, protocol_setting: int) -> tuple[Decimal, Decimal] | None:
    """The share of a swap's fees that reaches the liquidity, for fees in token0 and in token1.

    `protocol_setting` is `feeProtocol` or `communityFee` as the pool states it. None: a Slipstream
    pool states no such share, since it depends on how much of the liquidity is staked. Growth, and
    so every figure of a position, is net of the share already: only the pool's own rate needs it.
    """
    if kind == "slipstream":
        return None
    if kind == "pancake_v3":
        shares = [
            Fraction(protocol_setting >> shift & 0xFFFF, _PANCAKE_PROTOCOL_WHOLE)
            for shift in (0, 16)
        ]
    elif kind == "uniswap_v3":
        parts = [protocol_setting >> shift & 0xF for shift in (0, 4)]
        shares = [Fraction(1, part) if part else Fraction(0) for part in parts]
    else:
        shares = [Fraction(protocol_setting, _ALGEBRA_COMMUNITY_WHOLE)] * 2
    share0, share1 = (fraction_to_decimal(1 - share) for share in shares)
    return share0, share1
