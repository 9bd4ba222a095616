"""The first playbook has one answer for every cell, in the published order."""

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypertally.metrics.smart_money.formulas.playbook_matrix import Playbook
from hypertally.metrics.smart_money.formulas.score_arithmetic import V1, Trend
from hypertally.metrics.smart_money.formulas.v1.playbook import (
    V1PlaybookInputs,
    decide_v1_playbook,
    v1_exit_level,
)

NORMAL = Decimal(0)
CAS = {"strong_long": "80", "long": "65", "neutral": "50", "short": "35", "strong_short": "20"}
CHANGE = {"rising": "6", "flat": "0", "falling": "-6"}
DISPERSION = {"low": "10", "medium": "50", "high": "60"}
ECS = {"low": "10", "medium": "20", "high": "26"}
MATRIX = {
    ("strong_long", "rising", "low", "low"): ("Long", "Normal"),
    ("strong_long", "rising", "low", "medium"): ("Long", "Reduced"),
    ("strong_long", "flat", "low", "low"): ("Long", "Reduced"),
    ("long", "rising", "low", "low"): ("Long", "Reduced"),
    ("long", "rising", "medium", "low"): ("Long", "Reduced"),
    ("long", "flat", "medium", "low"): ("Long", "Reduced"),
    ("strong_short", "falling", "low", "low"): ("Short", "Normal"),
    ("strong_short", "falling", "low", "medium"): ("Short", "Reduced"),
    ("strong_short", "flat", "low", "low"): ("Short", "Reduced"),
    ("short", "falling", "low", "low"): ("Short", "Reduced"),
    ("short", "falling", "medium", "low"): ("Short", "Reduced"),
    ("short", "flat", "medium", "low"): ("Short", "Reduced"),
    ("short", "rising", "medium", "low"): ("Short", "Reduced"),  # no rule of trend for shorts
}


def play(
    cas: str, change: str | None, dispersion: str, ecs: str, missing: Decimal = NORMAL
) -> Playbook:
    number = None if change is None else Decimal(change)
    direction = "flat"
    if number is not None and abs(number) > 5:
        direction = "rising" if number > 0 else "falling"
    return decide_v1_playbook(
        V1PlaybookInputs(
            cas=Decimal(cas),
            trend=Trend(direction=direction, change=number),
            dispersion=Decimal(dispersion),
            ecs=Decimal(ecs),
            missing_share=missing,
        )
    )


def wanted(band: str, direction: str, dispersion: str, ecs: str) -> tuple[str, str]:
    if "high" in {dispersion, ecs}:
        return "No-trade", "Defensive"
    if direction == "falling" and band in {"strong_long", "long"}:
        return "No-trade", "Reduced"
    if band == "neutral":
        return "No-trade", "Defensive"
    return MATRIX.get((band, direction, dispersion, ecs), ("No-trade", "Reduced"))


@pytest.mark.parametrize("cell", list(product(CAS, CHANGE, DISPERSION, ECS)), ids="-".join)
def test_every_cell_has_the_published_answer(cell: tuple[str, str, str, str]) -> None:
    band, direction, dispersion, ecs = cell
    found = play(CAS[band], CHANGE[direction], DISPERSION[dispersion], ECS[ecs])
    assert (found.bias, found.risk) == wanted(*cell)
    assert found.definition == V1
    assert found.rule


def test_the_rule_of_trend_begins_above_sixty() -> None:
    assert play("60", "-6", "50", "10").bias == "Long"
    assert play("60.00000001", "-6", "50", "10").rule == "trend_against"


@pytest.mark.parametrize(
    ("missing", "rule"),
    [
        ("0.10", "strong_with"),
        ("0.10000001", "missing_over_10"),
        ("0.25", "missing_over_10"),
        ("0.25000001", "missing_over_25"),
    ],
)
def test_missing_wallets_decide_before_everything_else(missing: str, rule: str) -> None:
    found = play("80", "6", "10", "10", Decimal(missing))
    assert found.rule == rule
    high = play("80", "6", "90", "90", Decimal(missing))
    assert (high.rule == rule) == rule.startswith("missing")


def test_flags_serve_longs_alone() -> None:
    calm = play("50", "6", "10", "10")
    assert (calm.add_exposure_long, calm.tighten_stops_long) == (True, False)
    assert (calm.add_exposure_short, calm.tighten_stops_short) == (None, None)
    for change, dispersion, ecs in (("-6", "10", "10"), ("0", "60", "10"), ("0", "10", "26")):
        assert play("50", change, dispersion, ecs).tighten_stops_long is True
    for change, dispersion, ecs in (("0", "10", "10"), ("6", "60", "10"), ("6", "10", "16")):
        assert play("50", change, dispersion, ecs).add_exposure_long is False


@pytest.mark.parametrize(
    ("ecs", "level"), [("15.5", "low"), ("15.99999999", "low"), ("16", "medium")]
)
def test_exits_are_low_below_16_as_the_published_code_has_it(ecs: str, level: str) -> None:
    assert v1_exit_level(Decimal(ecs)) == level
    assert (play("80", "6", "10", ecs).risk == "Normal") == (level == "low")


def test_the_nearest_missed_threshold_is_the_one_that_would_change_the_answer() -> None:
    nearest_miss = play("70", "6", "10", "10").nearest_miss
    assert nearest_miss is not None
    # The trend lies one point from flat: nearer than 75, and than 16 of ECS.
    assert (nearest_miss.input, nearest_miss.threshold, nearest_miss.distance) == ("trend", 5, 1)
    assert (nearest_miss.bias, nearest_miss.risk) == ("No-trade", "Reduced")
    upper = play("74", "9", "10", "10").nearest_miss
    assert upper is not None
    assert (upper.input, upper.threshold, upper.distance) == ("cas", 75, 1)
    assert (upper.bias, upper.risk) == ("Long", "Normal")


def test_a_trend_of_too_short_a_history_misses_no_threshold() -> None:
    nearest_miss = play("76", None, "10", "10").nearest_miss
    assert nearest_miss is not None
    assert nearest_miss.input == "cas"


points = st.decimals(0, 100, places=2)


@given(points, st.decimals(-50, 50, places=2), points, points)
def test_across_the_missed_threshold_lies_the_answer_that_was_told(
    cas: Decimal, change: Decimal, dispersion: Decimal, ecs: Decimal
) -> None:
    values = {"cas": cas, "change": change, "dispersion": dispersion, "ecs": ecs}
    found = play(*map(str, values.values()))
    nearest_miss = found.nearest_miss
    if nearest_miss is None:
        return
    name = "change" if nearest_miss.input == "trend" else nearest_miss.input
    assert nearest_miss.distance == abs(values[name] - nearest_miss.threshold)
    answers = [
        play(*map(str, {**values, name: nearest_miss.threshold + step}.values()))
        for step in (Decimal(0), Decimal("1E-8"), Decimal("-1E-8"))
    ]
    told = (nearest_miss.bias, nearest_miss.risk)
    assert told != (found.bias, found.risk)
    assert told in [(one.bias, one.risk) for one in answers]
