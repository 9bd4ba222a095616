"""Differences of the second and the third version: what only the periods before explain."""

from decimal import Decimal
from typing import Any

import pytest

from hypertally.metrics.smart_money.formulas.v3.differences import v3_causes

V2: dict[str, Any] = {
    "locked": None,
    "counts": {"HOLD": 200},
    "observed": 200,
    "wallets": 200,
    "trend": "rising",
    "dispersion": Decimal(10),
    "exits": {"all": {"high": False}},
    "band": "strong_long",
    "bias": "Long",
    "risk": "Normal",
    "rule": "strong_with",
}


@pytest.mark.parametrize(
    "rule",
    [
        "side_left (Short before)",
        "risk_improved (Defensive to Reduced)",
        "exits_calming (1 of 2 below 20)",
        "entry_wait (1 of 2 at 62 or more)",
        "below_entry (CAS 61.00, 62 needed)",
        "neutral",
    ],
)
def test_what_is_carried_is_not_blamed_on_the_matrix(rule: str) -> None:
    v3 = {**V2, "active": 30, "active_needed": 20, "bias": "No-trade", "rule": rule}
    assert [cause.cause for cause in v3_causes(V2, v3)] == ["memory"]


@pytest.mark.parametrize("rule", ["dispersion_high", "exits_high"])
def test_a_level_that_v2_keeps_high_is_carried(rule: str) -> None:
    v2 = {**V2, "bias": "No-trade", "risk": "Defensive", "rule": rule}
    v3 = {**V2, "active": 30, "active_needed": 20}
    assert [cause.cause for cause in v3_causes(v2, v3)] == ["memory"]


def test_equal_inputs_and_no_carried_rule_leave_the_matrix() -> None:
    v3 = {**V2, "active": 30, "active_needed": 20, "bias": "No-trade", "rule": "exits_medium"}
    assert [cause.cause for cause in v3_causes(V2, v3)] == ["matrix"]
