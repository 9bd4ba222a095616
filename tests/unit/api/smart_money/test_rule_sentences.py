"""Every rule of the third playbook has a sentence, and it is true of the period."""

from typing import Any

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
