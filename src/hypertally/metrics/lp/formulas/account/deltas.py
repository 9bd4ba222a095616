"""Delta: how many of an asset an account stands to gain or lose with, over all that it has.

Net delta is of everything; strategy delta is of the liquidity and the perps that hedge it. A
wrapped token is its asset; a staked one counts by its rate, and apart while its rate is unknown.
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

from hypertally.metrics.lp.formulas.bounded import (
    Bounded,
    merged_reasons,
    multiple,
    ratio,
    total,
)
from hypertally.metrics.lp.formulas.exact_decimals import product
from hypertally.records import Record

DeltaSource = Literal["lp", "uncollected", "perp", "spot", "wallet"]


class Exposure(Record, frozen=True, kw_only=True):
    """Units of one token in one place; a short perp is below zero."""

    source: DeltaSource
    token: str
    underlying: str  # the asset that the token stands for, itself as a rule
    rate: Decimal | None  # units of the asset in one token; None: unknown
    units: Bounded

    @property
    def asset(self) -> str:
        """What it is counted under."""
        return self.token if self.rate is None else self.underlying


class AssetDelta(Record, frozen=True, kw_only=True):
    """The delta of one asset, in its units."""

    asset: str
    lp: Bounded  # liquidity and what it has not paid out yet
    perp: Bounded  # of every dex
    strategy: Bounded  # lp + perp
    net: Bounded  # of everything


def asset_deltas(exposures: Iterable[Exposure]) -> list[AssetDelta]:
    """One for each asset, by name."""
    by_asset: dict[str, list[Exposure]] = defaultdict(list)
    for exposure in exposures:
        by_asset[exposure.asset].append(exposure)
    return [_delta_of(asset, by_asset[asset]) for asset in sorted(by_asset)]


def delta_usd(units: Bounded, price: Bounded) -> Bounded:
    """A delta in USD; both may be unknown, a price is never below zero."""
    if price.value is not None:
        return multiple(units, price.value)
    if units.value is not None:
        return multiple(price, units.value)
    reasons = merged_reasons([units, price])
    ends = [_corner(units.lower, price, of_sign=-1), _corner(units.upper, price, of_sign=1)]
    return Bounded(value=None, lower=ends[0], upper=ends[1], reasons=reasons)


def share_of_deployed(usd: Bounded, deployed: Bounded) -> Bounded:
    """A delta as a share of what works for the strategy."""
    return ratio(usd, deployed, of_nothing="nothing is deployed")


def _corner(units: Decimal | None, price: Bounded, *, of_sign: int) -> Decimal | None:
    """The furthest product: to the largest price where it goes away from zero, else the least."""
    if units is None:
        return None
    furthest = price.upper if units * of_sign > 0 else price.lower
    return None if furthest is None else product(units, furthest)


def _delta_of(asset: str, exposures: list[Exposure]) -> AssetDelta:
    liquidity = _units(exposures, {"lp", "uncollected"})
    perp = _units(exposures, {"perp"})
    rest = _units(exposures, {"spot", "wallet"})
    return AssetDelta(
        asset=asset,
        lp=liquidity,
        perp=perp,
        strategy=total([liquidity, perp]),
        net=total([liquidity, perp, rest]),
    )


def _units(exposures: list[Exposure], sources: set[DeltaSource]) -> Bounded:
    return total(
        exposure.units if exposure.rate is None else multiple(exposure.units, exposure.rate)
        for exposure in exposures
        if exposure.source in sources
    )
