"""What an account is worth: a leg that is missing makes the sum unknown, never smaller."""

from collections.abc import Sequence
from typing import Final, Literal

from hypertally.metrics.lp.formulas.bounded import Bounded, total
from hypertally.records import Record

AccountLegKind = Literal["lp", "uncollected", "perp_equity", "spot", "wallet"]

# What works for the strategy: the liquidity with what it earned, and what stands behind the perps.
DEPLOYED: Final = frozenset({"lp", "uncollected", "perp_equity"})


class AccountLeg(Record, frozen=True, kw_only=True):
    """The value of one part of an account."""

    kind: AccountLegKind
    usd: Bounded


class AccountValue(Record, frozen=True, kw_only=True):
    """The sums of an account in USD."""

    total: Bounded
    deployed: Bounded
    missing: tuple[AccountLegKind, ...]  # legs with an unknown value


def account_value(legs: Sequence[AccountLeg]) -> AccountValue:
    """The sum of all legs, and of those that are deployed."""
    missing: set[AccountLegKind] = {leg.kind for leg in legs if leg.usd.value is None}
    return AccountValue(
        total=total(leg.usd for leg in legs),
        deployed=total(leg.usd for leg in legs if leg.kind in DEPLOYED),
        missing=tuple(sorted(missing)),
    )
