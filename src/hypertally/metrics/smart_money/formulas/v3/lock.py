"""Locks of the third version: when a period has no signal, and when only a neutral one.

One failed minute locks nothing while another was observed within 120 seconds. Coverage is that of
the feed at the end of the period: the number that its health, the mask of the screen and the alerts
speak of, with the same edges. A period needs both its ends: where the feed is well and too few
wallets were seen at both, the lock says so.
"""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from hypertally.metrics.smart_money.formulas.thresholds import (
    DEGRADED_AGE,
    DEGRADED_COVERAGE,
    SIGNAL_COVERAGE,
)
from hypertally.metrics.smart_money.formulas.v3.thresholds import OBSERVED_WITHIN

LockReason = Literal[
    "no_universe", "no_snapshot", "health_stale", "snapshot_old", "coverage_low", "ends_unseen"
]


def feed_lock(
    *, at: datetime, universe: bool, success_at: datetime | None, coverage: Decimal | None
) -> LockReason | None:
    """Why the feed gives no signal of any asset at t; None: it may."""
    if not universe:
        return "no_universe"
    if success_at is None:
        return "no_snapshot"
    if at - success_at > DEGRADED_AGE:
        return "health_stale"
    if at - success_at >= OBSERVED_WITHIN:
        return "snapshot_old"
    return "coverage_low" if coverage is None or coverage < DEGRADED_COVERAGE else None


def window_lock(both_ends: Decimal) -> LockReason | None:
    """Why one asset's period has no signal while the feed is well; None: it has one.

    `both_ends`: the share of the wallets seen well at both ends.
    """
    return "ends_unseen" if both_ends < DEGRADED_COVERAGE else None


def is_thin(coverage: Decimal, both_ends: Decimal) -> bool:
    """Whether the signal is neutral: CAS 50, No-trade / Reduced."""
    return min(coverage, both_ends) < SIGNAL_COVERAGE
