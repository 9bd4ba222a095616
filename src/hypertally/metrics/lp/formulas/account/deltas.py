"""Delta: how many of an asset an account stands to gain or lose with, over all that it has.

Net delta is of everything; strategy delta is of the liquidity and the perps that hedge it. A
wrapped token is its asset; a staked one counts by its rate, and apart while its rate is unknown.
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

from hypertally.metrics.lp.formulas.bounded import Bounded, multiple, total
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
