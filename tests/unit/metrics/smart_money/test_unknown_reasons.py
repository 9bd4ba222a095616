"""A stored reason is shown with the counts that decided it; other reasons stay as they are."""

import pytest

from hypertally.metrics.smart_money.formulas.consensus import FEW, THIN
from hypertally.metrics.smart_money.unknown_reasons import explain_reason

COUNTS = {
    "OPEN_L": 2,
    "ADD_S": 1,
    "FLIP_L": 1,
    "CLOSE_S": 3,
    "FLAT": 163,
    "MISSING": 20,
    "DIRTY": 10,
}


@pytest.mark.parametrize(
    ("stored", "column", "shown"),
    [
        (FEW, "cas", "too few wallets opened or added to a position (4 of 10 needed)"),
        (FEW, "cas_usd", "too few wallets opened or added to a position (4 of 10 needed)"),
        (FEW, "dispersion", "too few wallets traded (7 of 10 needed)"),
        (FEW, "dispersion_size", "too few wallets traded (7 of 10 needed)"),
        (THIN, "cas", "too few wallets were observed (170 of 200, 90% needed)"),
        ("no wallet was exposed", "ecs", "no wallet held a position"),
        ("another reason", "ecs", "another reason"),
    ],
)
def test_the_counts_of_the_row_stand_in_the_reason(stored: str, column: str, shown: str) -> None:
    assert explain_reason(stored, column=column, counts=COUNTS) == shown
