"""Feed health: one table for database, API, screen and signals.

    state     age of the last success   coverage
    healthy   <= 120 s                  >= 95%
    degraded  <= 600 s                  >= 80%
    stale     > 600 s, or none          < 80%

The worse of the two columns rules. Degraded by age: no new signal until a fresh snapshot. Degraded
by coverage: signals go on from 90%, under it CAS shows 50 and the playbook No-trade / Reduced.
What the definition leaves open: an unknown coverage is as none.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from hypertally.metrics.smart_money.formulas.score_arithmetic import FIFTY
from hypertally.metrics.smart_money.formulas.thresholds import (
    DEGRADED_AGE,
    DEGRADED_COVERAGE,
    HEALTHY_AGE,
    HEALTHY_COVERAGE,
    SIGNAL_COVERAGE,
    SNAPSHOT_AGE_MAX,
)
from hypertally.records import Record

HealthState = Literal["healthy", "degraded", "stale"]
SignalMode = Literal["on", "neutral", "paused", "locked"]

NONE_SEEN = Decimal(0)
STATES: tuple[HealthState, ...] = ("healthy", "degraded", "stale")  # from good to bad


class Health(Record, frozen=True, kw_only=True):
    """How far the feed of one coin can be trusted, and what follows."""

    state: HealthState
    by_age: HealthState
    by_coverage: HealthState
    age: timedelta | None  # None: there was no success
    coverage: Decimal | None
    signals: SignalMode
    warning: bool
    masked: bool  # the screen shows the reason instead of numbers
    alert: bool


def assess_health(
    *, as_of: datetime, last_success_at: datetime | None, coverage: Decimal | None
) -> Health:
    """The state at `as_of`, from the last success known then and its coverage (0 to 1)."""
    if last_success_at is not None and last_success_at > as_of:
        raise ValueError(f"{last_success_at} is after {as_of}: give the last success known then")
    age = None if last_success_at is None else as_of - last_success_at
    by_age, by_coverage = _by_age(age), _by_coverage(coverage)
    state = STATES[max(STATES.index(by_age), STATES.index(by_coverage))]
    signals = _signals(state, by_age, coverage)
    return Health(
        state=state,
        by_age=by_age,
        by_coverage=by_coverage,
        age=age,
        coverage=coverage,
        signals=signals,
        warning=state == "degraded",
        masked=state == "stale",
        alert=state == "stale",
    )


def share_seen(health: Health) -> Decimal | None:
    """The share of the wallets seen in the two minutes before; None: unknown.

    The state is judged by the coverage of the last success: after it, its age says the rest.
    """
    is_over = health.age is not None and health.age >= HEALTHY_AGE
    return NONE_SEEN if is_over and health.coverage is not None else health.coverage


def health_reason(health: Health, *, recorded_at: datetime | None, as_of: datetime) -> str:
    """What the state was judged by, in words; `recorded_at`: the newest minute, failed or not."""
    if health.age is None:
        none_answered = "wallets have answered in no minute yet"
        return "no minute was recorded yet" if recorded_at is None else none_answered
    seconds = int(health.age.total_seconds())
    last = f"the last minute in which wallets answered is {seconds} s old"
    if recorded_at is not None and as_of - recorded_at < health.age:
        recorded = max(0, int((as_of - recorded_at).total_seconds()))
        last = f"{last}, the last one recorded is {recorded} s old"
    share = share_seen(health)
    share_text = "an unknown share" if share is None else f"{share:.1%}"
    return f"{last}, and {share_text} of the wallets were observed in the two minutes before"


def _by_age(age: timedelta | None) -> HealthState:
    if age is None or age > DEGRADED_AGE:
        return "stale"
    return "healthy" if age <= HEALTHY_AGE else "degraded"


def _by_coverage(coverage: Decimal | None) -> HealthState:
    if coverage is None or coverage < DEGRADED_COVERAGE:
        return "stale"
    return "healthy" if coverage >= HEALTHY_COVERAGE else "degraded"


def _signals(state: HealthState, by_age: HealthState, coverage: Decimal | None) -> SignalMode:
    if state == "stale" or coverage is None:
        return "locked"
    if by_age == "degraded":
        return "paused"
    return "on" if coverage >= SIGNAL_COVERAGE else "neutral"


def fallback_cas(coverage: Decimal) -> Decimal | None:
    """The CAS to show while coverage is too low to compute one; None: none is shown."""
    return FIFTY if DEGRADED_COVERAGE <= coverage < SIGNAL_COVERAGE else None


def lock_reason(
    health: Health, *, at: datetime, newest_snapshot_at: datetime | None, last_failed: bool
) -> str | None:
    """Why there is no signal at t; None: there may be one."""
    if newest_snapshot_at is None:
        return "no_snapshot"
    if health.state == "stale":
        return "health_stale"
    if last_failed:
        return "snapshot_failed"
    if at - newest_snapshot_at > SNAPSHOT_AGE_MAX:
        return "snapshot_old"
    return None
