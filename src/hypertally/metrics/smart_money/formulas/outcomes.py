"""Outcomes: what the mark did after each signal, and how often its side was right.

What the definition leaves open: overlapping windows are corrected by a sample that does not
overlap, taken from the earliest signal on within each coin and band; an unchanged mark is no hit;
a neutral band has no side and so no rate; a rate of fewer than 5 is not given.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

from hypertally.metrics.smart_money.formulas.consensus import Band
from hypertally.metrics.smart_money.formulas.score_arithmetic import FORMING, ratio, rounded
from hypertally.metrics.smart_money.formulas.thresholds import HORIZONS, RATED_MIN
from hypertally.records import Record

SIDES: Mapping[Band, int] = MappingProxyType(
    {"strong_long": 1, "long": 1, "neutral": 0, "short": -1, "strong_short": -1}
)
Z_95 = Decimal("1.959963984540054")  # of the normal distribution, two-sided 95%


class Outcome(Record, frozen=True, kw_only=True):
    """A signal as it was issued, with its later returns by horizon."""

    asset: str
    at: datetime
    band: Band
    mark: Decimal | None
    returns: Mapping[str, Decimal | None]  # None: not over at as_of, or a mark is unknown


class HitRate(Record, frozen=True, kw_only=True):
    """How often the side of a band was right after one horizon."""

    asset: str
    band: Band
    horizon: str
    n_all: int  # signals with a return, overlapping
    n: int  # of the sample that does not overlap
    hits: int | None  # None: the band has no side
    rate: Decimal | None
    lower: Decimal | None  # Wilson, 95%
    upper: Decimal | None


def later_returns(
    at: datetime,
    mark: Decimal | None,
    marks: Mapping[datetime, Decimal],
    *,
    as_of: datetime,
) -> dict[str, Decimal | None]:
    """The return to each horizon that is over at `as_of`, by the mark of that very minute."""
    return {
        name: _return(mark, marks.get(at + span)) if at + span <= as_of else None
        for name, span in HORIZONS.items()
    }


def _return(mark: Decimal | None, later: Decimal | None) -> Decimal | None:
    if not mark or later is None:
        return None
    return rounded(FORMING.divide(FORMING.subtract(later, mark), mark))


def hit_rates(outcomes: Iterable[Outcome]) -> list[HitRate]:
    """The hit rate of each coin, band and horizon."""
    groups: defaultdict[tuple[str, Band], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.asset, outcome.band].append(outcome)
    return [
        _hit_rate(asset, band, horizon, sorted(groups[asset, band], key=lambda outcome: outcome.at))
        for asset, band in sorted(groups)
        for horizon in HORIZONS
    ]


def _hit_rate(asset: str, band: Band, horizon: str, outcomes: list[Outcome]) -> HitRate:
    known = [outcome for outcome in outcomes if outcome.returns[horizon] is not None]
    sample = list(_apart(known, HORIZONS[horizon]))
    side = SIDES[band]
    hits = sum((outcome.returns[horizon] or 0) * side > 0 for outcome in sample)
    rated = side and len(sample) >= RATED_MIN
    lower, upper = wilson(hits, len(sample)) if rated else (None, None)
    return HitRate(
        asset=asset,
        band=band,
        horizon=horizon,
        n_all=len(known),
        n=len(sample),
        hits=hits if side else None,
        rate=ratio(hits, len(sample)) if rated else None,
        lower=lower,
        upper=upper,
    )


def _apart(outcomes: Iterable[Outcome], span: timedelta) -> Iterable[Outcome]:
    """The outcomes that do not overlap, from the earliest on."""
    free_from: datetime | None = None
    for outcome in outcomes:
        if free_from is None or outcome.at >= free_from:
            free_from = outcome.at + span
            yield outcome


def wilson(hits: int, n: int) -> tuple[Decimal, Decimal]:
    """The 95% interval of a share."""
    square = FORMING.multiply(Z_95, Z_95)
    width = FORMING.add(n, square)
    middle = FORMING.divide(FORMING.add(hits, FORMING.divide(square, 2)), width)
    spread = FORMING.add(FORMING.divide(hits * (n - hits), n), FORMING.divide(square, 4))
    half = FORMING.divide(FORMING.multiply(Z_95, FORMING.sqrt(spread)), width)
    return rounded(FORMING.subtract(middle, half)), rounded(FORMING.add(middle, half))
