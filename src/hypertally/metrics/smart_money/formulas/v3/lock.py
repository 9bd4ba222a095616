"""Locks of the third version: when a period has no signal, and when only a neutral one.

One failed minute locks nothing while another was observed within 120 seconds. Coverage is that of
the period itself, the share of the wallets seen well at both its ends: the scores, the lock and
what is shown speak of the same number.
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

LockReason = Literal["no_universe", "no_snapshot", "health_stale", "snapshot_old", "coverage_low"]


def feed_lock(*, at: datetime, universe: bool, success_at: datetime | None) -> LockReason | None:
    """Why the feed gives no signal of any asset at t; None: it may."""
    if not universe:
        return "no_universe"
    if success_at is None:
        return "no_snapshot"
    if at - success_at > DEGRADED_AGE:
        return "health_stale"
    return "snapshot_old" if at - success_at >= OBSERVED_WITHIN else None


def coverage_lock(coverage: Decimal) -> LockReason | None:
    """Why too little was seen of one asset's period; None: enough was."""
    return "coverage_low" if coverage < DEGRADED_COVERAGE else None


def is_thin(coverage: Decimal) -> bool:
    """Whether the signal is neutral: CAS 50, No-trade / Reduced."""
    return coverage < SIGNAL_COVERAGE
