"""Trend: CAS against the mean of the last three known CAS of the half hour before."""

from collections.abc import Sequence
from decimal import Decimal

from hypertally.metrics.smart_money.formulas.score_arithmetic import Trend, trend
from hypertally.metrics.smart_money.formulas.thresholds import TREND_PERIODS

UNKNOWN = Trend(direction=None, change=None)


def trend_of_known(value: Decimal | None, before: Sequence[Decimal | None]) -> Trend:
    """The trend; `before` are the CAS of [t - 30 min, t), oldest first, null where unknown."""
    cas_before = known_before(before)
    return (
        trend(value, cas_before[-TREND_PERIODS:]) if len(cas_before) >= TREND_PERIODS else UNKNOWN
    )


def known_before(before: Sequence[Decimal | None]) -> list[Decimal]:
    """The known ones."""
    return [cas for cas in before if cas is not None]
