"""Pairs of what a pool has of both tokens, token0 first, and the tokens themselves."""

from decimal import Decimal
from operator import add, sub
from typing import TypeAlias

from hypertally.records import Record

TokenAmounts: TypeAlias = tuple[int, int]  # in the smallest unit of each token
ExactAmounts: TypeAlias = tuple[Decimal, Decimal]  # the same, with a part of the smallest unit
UsdPrices: TypeAlias = tuple[Decimal | None, Decimal | None]  # USD per whole token; None: unknown

NOTHING: TokenAmounts = (0, 0)


class PoolToken(Record, frozen=True, kw_only=True):
    """One of the two tokens of a pool."""

    symbol: str
    decimals: int  # of the token's contract: 10^decimals smallest units are one token


PoolTokens: TypeAlias = tuple[PoolToken, PoolToken]


def sum_of(first: TokenAmounts, second: TokenAmounts) -> TokenAmounts:
    """Token by token."""
    amount0, amount1 = map(add, first, second)
    return amount0, amount1


def difference_of(first: TokenAmounts, second: TokenAmounts) -> TokenAmounts:
    """Token by token: first - second."""
    amount0, amount1 = map(sub, first, second)
    return amount0, amount1


def smaller_of(first: TokenAmounts, second: TokenAmounts) -> TokenAmounts:
    """Token by token."""
    amount0, amount1 = map(min, first, second)
    return amount0, amount1
