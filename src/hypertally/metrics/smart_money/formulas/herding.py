"""Herding: whether one coin was bought or sold by more wallets than the market at large explains.

After Lakonishok, Shleifer and Vishny: H = |b/n - p| - AF, AF = E|B/n - p|, B ~ Bin(n, p). It is
known to be biased low for few wallets, so it is a test (H > 0 with n >= 10) and not a size. With
unseen wallets it has no bounds: they would move the pooled share as well.
"""

from decimal import Decimal
from functools import lru_cache
from math import comb, gcd
from typing import NamedTuple

from hypertally.metrics.smart_money.formulas.counts import WalletCounts
from hypertally.metrics.smart_money.formulas.score_arithmetic import (
    FORMING,
    V2,
    Score,
    ratio,
    rounded,
)
from hypertally.metrics.smart_money.formulas.thresholds import HERDING_WALLETS_MIN
from hypertally.records import Record

_DIGITS = 30  # of the expectation, before it is used
_EXPECTATIONS_KEPT = 4096  # as many pairs of (n, p) as come up in days; a few hundred bytes each


class Pool(NamedTuple):
    """Buyers among those active, over all coins of the window."""

    buyers: int
    active: int


class Herding(Record, frozen=True, kw_only=True):
    """H, with what it is made of."""

    score: Score  # -1 to 1
    buyers: int
    active: int
    pooled: Decimal | None  # share of buyers over all coins
    expected: Decimal | None  # AF
    sign: int  # 1: more bought here than elsewhere; -1: fewer
    herding: bool | None  # None: too few wallets to say


def pool(*coins: WalletCounts) -> Pool:
    """The pooled share over all coins of one window."""
    buyers = sum(counts.long.acted for counts in coins)
    return Pool(buyers, buyers + sum(counts.short.acted for counts in coins))


@lru_cache(maxsize=_EXPECTATIONS_KEPT)
def _expected(n: int, part: int, whole: int) -> Decimal:
    """E|B/n - p| at p = part/whole: De Moivre's closed form, in integers.

    E|B - np| = 2 (m + 1) C(n, m + 1) p^(m + 1) (1 - p)^(n - m), m = floor(np).
    """
    m = n * part // whole
    if m >= n or not part:
        return Decimal(0)
    above = 2 * (m + 1) * comb(n, m + 1) * part ** (m + 1) * (whole - part) ** (n - m)
    return FORMING.scaleb(Decimal(above * 10**_DIGITS // (n * whole ** (n + 1))), -_DIGITS)


def expected_deviation(n: int, pooled: Pool) -> Decimal:
    """AF: what chance alone makes of |b/n - p| among n wallets."""
    shared = gcd(*pooled)
    return _expected(n, pooled.buyers // shared, pooled.active // shared)


def herding(counts: WalletCounts, pooled: Pool) -> Herding:
    """LSV herding of one coin against the pooled share of all."""
    buyers, active = counts.long.acted, counts.long.acted + counts.short.acted
    assert pooled.active >= active
    if not active:
        return _unknown(counts)
    expected = expected_deviation(active, pooled)
    # Cross-multiplied: the sign of b/n - p is exact.
    lean = buyers * pooled.active - pooled.buyers * active
    deviation = FORMING.divide(abs(lean), active * pooled.active)
    value = rounded(FORMING.subtract(deviation, expected))
    return Herding(
        score=Score(
            value=value,
            lower=None if counts.unseen else value,
            upper=None if counts.unseen else value,
            n=active,
            completeness=counts.completeness(),
            definition=V2,
        ),
        buyers=buyers,
        active=active,
        pooled=ratio(pooled.buyers, pooled.active),
        expected=rounded(expected),
        sign=(lean > 0) - (lean < 0),
        herding=value > 0 if active >= HERDING_WALLETS_MIN else None,
    )


def _unknown(counts: WalletCounts) -> Herding:
    return Herding(
        score=Score(
            value=None,
            lower=None,
            upper=None,
            n=0,
            completeness=counts.completeness(),
            definition=V2,
            reason="no wallet was active",
        ),
        buyers=0,
        active=0,
        pooled=None,
        expected=None,
        sign=0,
        herding=None,
    )
