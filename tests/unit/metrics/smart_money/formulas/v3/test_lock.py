"""What locks the signals of the third version, to the second."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from hypertally.metrics.smart_money.formulas.v3.lock import LockReason, feed_lock

AT = datetime(2026, 10, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age_seconds", "coverage", "reason"),
    [
        (0, "1", None),
        (119, "1", None),
        (120, "1", "snapshot_old"),
        (600, "1", "snapshot_old"),
        (601, "1", "health_stale"),
        (0, "0.8", None),
        (0, "0.79", "coverage_low"),
        (0, None, "coverage_low"),
    ],
)
def test_the_feed_locks_by_age_and_by_coverage(
    age_seconds: int, coverage: str | None, reason: LockReason | None
) -> None:
    lock = feed_lock(
        at=AT,
        universe=True,
        success_at=AT - timedelta(seconds=age_seconds),
        coverage=None if coverage is None else Decimal(coverage),
    )
    assert lock == reason


def test_without_wallets_or_snapshots_there_is_no_signal() -> None:
    good = {"at": AT, "coverage": Decimal(1)}
    assert feed_lock(universe=False, success_at=AT, **good) == "no_universe"
    assert feed_lock(universe=True, success_at=None, **good) == "no_snapshot"
