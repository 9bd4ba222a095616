"""Every rule of the third playbook has a sentence, and it is true of the period."""

from decimal import Decimal
from typing import Any

import pytest
from tests.unit.metrics.smart_money.formulas.v3.inputs import inputs_of, play

from hypertally.api.smart_money.rule_sentences import rule_sentence
from hypertally.metrics.smart_money.formulas.v3.playbook import V3Playbook
from hypertally.metrics.smart_money.formulas.v3.scores import V3

WAITS = "Risk improves by one step after two periods that call for it: 1 of 2 periods are over."


def row(playbook: V3Playbook) -> dict[str, Any]:
    return {"definition": V3, "rule": playbook.rule, "bias": playbook.bias, "risk": playbook.risk}


def test_a_risk_that_improved_is_not_said_to_wait() -> None:
    steps = play([inputs_of("80", "6")] * 3)
    assert [rule_sentence(row(step.playbook)) for step in steps] == [
        WAITS,
        (
            "Risk improved by one step, from Defensive to Reduced: the next step takes two more "
            "periods that call for it."
        ),
        WAITS,
    ]


def test_an_unknown_trend_says_how_many_cas_it_needs() -> None:
    assert rule_sentence({"definition": V3, "rule": "trend_unknown (2 of 3 known)"}) == (
        "No position advised: the trend needs 3 known CAS of the half hour before, and there are 2."
    )


def test_a_mass_exit_of_both_sides_is_not_said_to_be_a_disagreement() -> None:
    exits = {
        "definition": V3,
        "rule": "dispersion_high",
        "counts": {"CLOSE_L": 17, "REDUCE_S": 18, "HOLD": 5},
        "dispersion": Decimal("99.91836735"),
        "active": 35,
        "active_needed": 20,
    }
    assert rule_sentence(exits) == (
        "18 wallets bought and 17 sold: dispersion is 99.9, and 20 active wallets are enough to "
        "call it high."
    )


@pytest.mark.parametrize(
    ("coverage", "words"),
    [
        ("0.99", "170 of 200 wallets were observed at both ends"),
        ("0.8499", "84.9% of the wallets were observed in the two minutes before"),
    ],
)
def test_thin_coverage_names_the_lower_share(coverage: str, words: str) -> None:
    thin = {
        "definition": V3,
        "rule": "thin_coverage (170 of 200 seen)",
        "coverage": Decimal(coverage),
        "completeness": Decimal("0.85"),
    }
    assert rule_sentence(thin) == f"No position advised: {words}, 90% needed."
