"""Stand-off: when disagreement is High, and when it is only that nobody agrees by chance.

Wallets that act by coin flip disagree at 60 or more nearly always while they are few. So High
needs enough of them: 20, and as many as in three of four periods of the seven days before, once
500 of these are known (nearest rank).
"""

from collections.abc import Mapping
from decimal import Decimal

from hypertally.metrics.smart_money.formulas.thresholds import DISPERSION_HIGH_FROM
from hypertally.metrics.smart_money.formulas.v3.thresholds import (
    STAND_OFF_MIN,
    STAND_OFF_PERCENTILE,
    STAND_OFF_PERIODS_MIN,
)


def wallets_needed(periods: Mapping[int, int]) -> int:
    """How many active wallets High needs, from how often each number of them was met."""
    total = sum(periods.values())
    if total < STAND_OFF_PERIODS_MIN:
        return STAND_OFF_MIN
    below = 0
    for active in sorted(periods):
        below += periods[active]
        if 100 * below >= STAND_OFF_PERCENTILE * total:
            return max(STAND_OFF_MIN, active)
    raise AssertionError("some number of active wallets is the highest")


def is_stand_off(dispersion: Decimal | None, *, active: int, needed: int) -> bool:
    """Whether dispersion is High in this period alone."""
    return dispersion is not None and dispersion >= DISPERSION_HIGH_FROM and active >= needed
