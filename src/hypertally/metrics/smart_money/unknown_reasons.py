"""Reasons why a score is unknown, as people read them: with the counts that decided it."""

from collections.abc import Mapping
from typing import Final

from hypertally.metrics.smart_money.formulas.consensus import FEW, THIN
from hypertally.metrics.smart_money.formulas.thresholds import ACTING_MIN, COVERAGE_PERCENT_MIN
from hypertally.metrics.smart_money.formulas.wallet_moves import (
    ADDS_LONG,
    ADDS_SHORT,
    BUYS,
    SELLS,
    UNSEEN,
)

# Scores of the wallets that took on more; the other scores are of all wallets that traded.
OF_ADDING: Final = ("cas", "cas_usd")
# Stored reason -> the reason that people read. Stored rows stay as they are.
WITHOUT_COUNTS: Final = {
    "no wallet was exposed": "no wallet held a position",
    "no wallet was active": "no wallet traded",
}


def explain_reason(reason: str, *, column: str, counts: Mapping[str, int]) -> str:
    """Return the stored reason of a column of metrics.signals with the counts of its row."""
    if reason == FEW:
        adding = column in OF_ADDING
        classes = ADDS_LONG | ADDS_SHORT if adding else BUYS | SELLS
        wallets = sum(counts.get(name, 0) for name in classes)
        did = "opened or added to a position" if adding else "traded"
        return f"too few wallets {did} ({wallets} of {ACTING_MIN} needed)"
    if reason == THIN:
        wallets = sum(counts.values())
        observed = wallets - sum(counts.get(name, 0) for name in UNSEEN)
        return (
            f"too few wallets were observed ({observed} of {wallets}, "
            f"{COVERAGE_PERCENT_MIN}% needed)"
        )
    return WITHOUT_COUNTS.get(reason, reason)
