"""Health is one table: the worse of age and coverage, and what follows from it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from hypertally.metrics.smart_money.formulas.feed_health import (
    Health,
    assess_health,
    fallback_cas,
    health_reason,
    lock_reason,
)

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def health(age: float | None, coverage: str | None) -> Health:
    return assess_health(
        as_of=NOW,
        last_success_at=None if age is None else NOW - timedelta(seconds=age),
        coverage=None if coverage is None else Decimal(coverage),
    )


@pytest.mark.parametrize(
    ("age", "coverage", "state", "signals"),
    [
        (0, "1", "healthy", "on"),
        (120, "0.95", "healthy", "on"),
        (120.001, "1", "degraded", "paused"),
        (600, "1", "degraded", "paused"),
        (600.001, "1", "stale", "locked"),
        (None, "1", "stale", "locked"),
        (0, "0.9499", "degraded", "on"),
        (0, "0.90", "degraded", "on"),
        (0, "0.8999", "degraded", "neutral"),
        (0, "0.80", "degraded", "neutral"),
        (0, "0.7999", "stale", "locked"),
        (0, None, "stale", "locked"),
        (300, "0.85", "degraded", "paused"),
        (300, "0.75", "stale", "locked"),
        (900, "0.85", "stale", "locked"),
    ],
)
def test_the_worse_column_rules(
    age: float | None, coverage: str | None, state: str, signals: str
) -> None:
    found = health(age, coverage)
    assert (found.state, found.signals) == (state, signals)
    assert found.warning == (state == "degraded")
    assert found.masked == found.alert == (state == "stale")
    if signals in {"on", "neutral"}:  # else there is no signal that could show one
        assert fallback_cas(Decimal(coverage or 0)) == (50 if signals == "neutral" else None)


@pytest.mark.parametrize(
    ("coverage", "shown"), [("0.9", None), ("0.8999", 50), ("0.8", 50), ("0.7999", None)]
)
def test_fifty_stands_for_cas_between_both_edges(coverage: str, shown: int | None) -> None:
    assert fallback_cas(Decimal(coverage)) == shown


def test_each_column_is_told() -> None:
    found = health(300, "0.99")
    assert (found.by_age, found.by_coverage) == ("degraded", "healthy")
    assert found.age == timedelta(minutes=5)


def test_a_success_from_the_future_is_refused() -> None:
    with pytest.raises(ValueError, match="known then"):
        health(-1, "1")


@pytest.mark.parametrize(
    ("found", "newest", "failed", "reason"),
    [
        (health(0, "1"), 90, False, None),
        (health(0, "1"), 90.001, False, "snapshot_old"),
        (health(0, "1"), 0, True, "snapshot_failed"),
        (health(700, "1"), 0, True, "health_stale"),
        (health(0, "0.7"), 0, False, "health_stale"),
        (health(0, "0.85"), 0, False, None),
        (health(None, None), None, False, "no_snapshot"),
    ],
)
def test_a_lock_has_its_reason(
    found: Health, newest: float | None, *, failed: bool, reason: str | None
) -> None:
    at = None if newest is None else NOW - timedelta(seconds=newest)
    assert lock_reason(found, at=NOW, newest_snapshot_at=at, last_failed=failed) == reason


@pytest.mark.parametrize(
    ("age", "coverage", "recorded", "words"),
    [
        (None, None, None, "no minute was recorded yet"),
        (None, None, 30, "wallets have answered in no minute yet"),
        (57, "1", 57, "is 57 s old, and 100.0%"),
        (119, "1", 119, "is 119 s old, and 100.0%"),
        (120, "1", 120, "is 120 s old, and 0.0%"),
        (60, None, 60, "is 60 s old, and an unknown share"),
        (
            90,
            "0.965",
            30,
            "is 90 s old, the last one recorded is 30 s old, and 96.5%",
        ),
        (
            660,
            "1",
            60,
            "is 660 s old, the last one recorded is 60 s old, and 0.0%",
        ),
        (660, "1", 660, "is 660 s old, and 0.0%"),
    ],
)
def test_the_words_tell_an_outage_from_a_worker_that_stopped(
    age: float | None, coverage: str | None, recorded: float | None, words: str
) -> None:
    recorded_at = None if recorded is None else NOW - timedelta(seconds=recorded)
    reason = health_reason(health(age, coverage), recorded_at=recorded_at, as_of=NOW)
    if age is not None:
        words = f"the last minute in which wallets answered {words} of the wallets"
        words += " were observed in the two minutes before"
    assert reason == words
