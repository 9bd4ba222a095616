"""The second playbook: one answer for every cell, the same for both sides, and slow to change."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import product
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.metrics.smart_money.formulas.wallet_moves import (
    CLOSE_LONG,
    HOLD_LONG,
    OPEN_LONG,
    second,
    universe,
)

from hypertally.metrics.smart_money.formulas.consensus import band
from hypertally.metrics.smart_money.formulas.exits import Exits
from hypertally.metrics.smart_money.formulas.playbook import (
    Step,
    decide,
    locked,
    playbook_inputs,
    step,
)
from hypertally.metrics.smart_money.formulas.playbook_matrix import SIDES, Playbook
from hypertally.metrics.smart_money.formulas.playbook_state import (
    Latch,
    PlaybookInputs,
    PlaybookState,
)
from hypertally.metrics.smart_money.formulas.score_arithmetic import (
    V2,
    Score,
    Trend,
    trend,
    turn,
)

CAS = {"strong_long": "80", "long": "65", "neutral": "50", "short": "35", "strong_short": "20"}
CHANGE = {"rising": "6", "flat": "0", "falling": "-6"}
LEVELS = ("low", "medium", "high")
LONG = {
    ("strong_long", "rising", "low", "low"): "Normal",
    ("strong_long", "rising", "low", "medium"): "Reduced",
    ("strong_long", "flat", "low", "low"): "Reduced",
    ("long", "rising", "low", "low"): "Reduced",
    ("long", "rising", "medium", "low"): "Reduced",
    ("long", "flat", "medium", "low"): "Reduced",
}
MIRROR = {
    "strong_long": "strong_short",
    "long": "short",
    "neutral": "neutral",
    "short": "long",
    "strong_short": "strong_long",
    "rising": "falling",
    "flat": "flat",
    "falling": "rising",
    "Long": "Short",
    "Short": "Long",
    "No-trade": "No-trade",
}
OUTPUTS = {
    ("Long", "Normal"),
    ("Long", "Reduced"),
    ("Short", "Normal"),
    ("Short", "Reduced"),
    ("No-trade", "Reduced"),
    ("No-trade", "Defensive"),
}


def exits(value: str | None, *, high: bool | None = None, exposed: int = 100) -> Exits:
    """High from 26, as with 100 exposed and few usual exits."""
    number = None if value is None else Decimal(value)
    score = Score(
        value=number,
        lower=number,
        upper=number,
        n=exposed,
        completeness=Decimal(1),
        definition=V2,
    )
    return Exits(
        score=score,
        left=0,
        exposed=exposed,
        forced=0,
        unexplained=0,
        p0=None,
        z=None,
        percentile=None,
        high_from=Decimal(26),
        high=(number is not None and number >= 26) if high is None else high,
        level=None,
    )


def reading(
    cas: str | None = "80",
    change: str | None = "6",
    dispersion: str | None = "10",
    ecs: str | None = "10",
    **others: Any,
) -> PlaybookInputs:
    number = None if change is None else Decimal(change)
    return PlaybookInputs(
        cas=None if cas is None else Decimal(cas),
        trend=Trend(direction=turn(number), change=number),
        dispersion=None if dispersion is None else Decimal(dispersion),
        ecs=exits(ecs),
        ecs_long=others.get("ecs_long", exits("10")),
        ecs_short=others.get("ecs_short", exits("10")),
        thin=others.get("thin", False),
    )


def run(readings: Sequence[PlaybookInputs], state: PlaybookState | None = None) -> list[Playbook]:
    found, state = [], state or PlaybookState()
    for one in readings:
        taken = step(state, one)
        found.append(taken.playbook)
        state = taken.state
    return found


def said(playbooks: Sequence[Playbook]) -> list[str]:
    return [f"{one.bias}/{one.risk}" for one in playbooks]


def wanted(place: str, direction: str, dispersion: str, ecs: str) -> tuple[str, str]:
    if "high" in {dispersion, ecs}:
        return "No-trade", "Defensive"
    if place == "neutral":
        return "No-trade", "Defensive"
    if "short" in place:
        bias, risk = wanted(MIRROR[place], MIRROR[direction], dispersion, ecs)
        return MIRROR[bias], risk
    risk = LONG.get((place, direction, dispersion, ecs))
    return ("No-trade", "Reduced") if risk is None else ("Long", risk)


@pytest.mark.parametrize("cell", list(product(CAS, CHANGE, LEVELS, LEVELS)), ids="-".join)
def test_every_cell_has_one_answer(cell: tuple[str, str, Any, Any]) -> None:
    place, direction, dispersion, ecs = cell
    values = {"cas": Decimal(CAS[place]), "trend": Decimal(CHANGE[direction])}
    answer = decide(PlaybookState(), values, dispersion=dispersion, ecs=ecs)
    assert answer is not None
    assert (answer.bias, answer.risk) == wanted(*cell)
    assert answer.rule


@pytest.mark.parametrize("cell", list(product(CAS, CHANGE, LEVELS, LEVELS)), ids="-".join)
def test_a_cell_that_lasts_is_reached_from_every_state(cell: tuple[str, str, str, str]) -> None:
    place, direction, dispersion, ecs = cell
    lasting = reading(
        CAS[place],
        CHANGE[direction],
        {"low": "10", "medium": "50", "high": "60"}[dispersion],
        {"low": "10", "medium": "19", "high": "26"}[ecs],
    )
    for state in STATES:
        found = run([lasting] * 6, state)[-1]
        assert (found.bias, found.risk) == wanted(*cell)
        assert found.nearest_miss is None or found.nearest_miss.input != "periods"


STATES = [
    PlaybookState(bias=bias, risk=risk, dispersion=Latch(high=high), ecs=Latch(high=high))
    for bias, risk in sorted(OUTPUTS)
    for high in (False, True)
]


def test_long_is_entered_in_the_second_period_at_sixty_two() -> None:
    once = run([reading("62")])
    assert (said(once), once[0].rule) == (["No-trade/Defensive"], "entry_wait")
    calm = PlaybookState(risk="Reduced")
    assert said(run([reading("62")] * 2, calm)) == ["No-trade/Reduced", "Long/Reduced"]
    interrupted = [reading("62"), reading("61.99999999"), reading("62"), reading("62")]
    found = run(interrupted, calm)
    assert said(found) == ["No-trade/Reduced"] * 3 + ["Long/Reduced"]
    assert found[1].rule == "entry_threshold"


def test_long_is_left_below_fifty_seven_and_not_before() -> None:
    held = PlaybookState(bias="Long", risk="Reduced")
    found = run([reading("61"), reading("57"), reading("56.99999999"), reading("61")], held)
    assert said(found) == [
        "Long/Reduced",
        "Long/Reduced",
        "No-trade/Defensive",
        "No-trade/Defensive",
    ]


def test_short_mirrors_long() -> None:
    held = PlaybookState(bias="Short", risk="Reduced")
    found = run([reading("39", "-6"), reading("43", "-6"), reading("43.00000001", "-6")], held)
    assert said(found) == ["Short/Reduced", "Short/Reduced", "No-trade/Defensive"]
    assert said(run([reading("38", "-6")] * 2, PlaybookState(risk="Reduced"))) == [
        "No-trade/Reduced",
        "Short/Reduced",
    ]


def test_between_long_and_short_lies_no_trade() -> None:
    held = PlaybookState(bias="Long", risk="Reduced")
    found = run([reading("30", "-6")] * 3, held)
    assert said(found) == ["No-trade/Reduced", "Short/Reduced", "Short/Reduced"]
    assert found[0].rule == "entry_wait"


def test_the_count_of_an_entry_begins_anew_on_the_other_side() -> None:
    found = run([reading("70")] * 4 + [reading("30", "-6")] * 2, PlaybookState(risk="Reduced"))
    assert [one.bias for one in found] == ["No-trade", *["Long"] * 3, "No-trade", "Short"]


def test_no_side_is_entered_at_defensive_risk() -> None:
    found = run([reading("80", dispersion="60")] + [reading("80")] * 3)
    assert said(found) == ["No-trade/Defensive"] * 3 + ["Long/Reduced"]
    assert [one.rule for one in found] == [*["dispersion_high"] * 2, "risk_wait", "strong_with"]


def test_risk_worsens_at_once_and_improves_by_one_step_in_two_periods() -> None:
    found = run([reading("80")] * 5)
    assert said(found) == [
        "No-trade/Defensive",
        "Long/Reduced",
        "Long/Reduced",
        "Long/Normal",
        "Long/Normal",
    ]
    worse = run(
        [reading("80", ecs="20"), reading("80"), reading("80")],
        PlaybookState(bias="Long", risk="Normal"),
    )
    assert said(worse) == ["Long/Reduced", "Long/Reduced", "Long/Normal"]


def test_high_dispersion_ends_after_two_periods_below_fifty_five() -> None:
    held = PlaybookState(bias="Long", risk="Normal")
    values = ["60", "54", "55", "54.9", "54.9", "54.9"]
    found = run([reading("80", dispersion=value) for value in values], held)
    assert [one.rule for one in found[:4]] == ["dispersion_high"] * 4
    assert found[4].rule != "dispersion_high"


def test_high_exits_end_after_two_periods_below_twenty() -> None:
    held = PlaybookState(bias="Long", risk="Normal")
    values = ["26", "19", "20", "19", "19"]
    found = run([reading("80", ecs=value) for value in values], held)
    assert [one.rule for one in found[:4]] == ["exits_high"] * 4
    assert found[4].rule != "exits_high"


def test_many_exits_without_significance_are_medium() -> None:
    usual = msgspec.structs.replace(reading("80"), ecs=exits("30", high=False))
    assert (
        run([usual], PlaybookState(bias="Long", risk="Normal"))[0].rule == "strong_with_some_exits"
    )


@pytest.mark.parametrize("missing", ["cas", "change", "dispersion", "ecs"])
def test_an_unknown_input_is_held_for_one_period(missing: str) -> None:
    held = PlaybookState(bias="Long", risk="Normal")
    unknown = reading(**{missing: None})
    found = run([unknown, unknown, unknown], held)
    assert said(found) == ["Long/Normal", "No-trade/Defensive", "No-trade/Defensive"]
    assert [one.rule for one in found] == ["held", "unknown_input", "unknown_input"]
    again = run([unknown, reading("80"), unknown], held)
    assert said(again) == ["Long/Normal"] * 3


def test_exits_that_may_be_high_are_an_unknown_input() -> None:
    unsure = exits("30", high=False)
    doubt = msgspec.structs.replace(unsure, high=None)
    held = PlaybookState(bias="Long", risk="Normal")
    found = run([msgspec.structs.replace(reading("80"), ecs=doubt)], held)
    assert found[0].rule == "held"


def test_an_override_needs_no_other_input() -> None:
    held = PlaybookState(bias="Long", risk="Normal")
    assert run([reading(None, None, "60", None)], held)[0].rule == "dispersion_high"
    assert run([reading(None, None, None, "26")], held)[0].rule == "exits_high"


def test_a_hold_breaks_the_count_of_an_entry() -> None:
    found = run([reading("70"), reading(None), reading("70")], PlaybookState(risk="Reduced"))
    assert [one.bias for one in found] == ["No-trade"] * 3


def test_thin_coverage_is_no_trade_reduced_at_once_and_improves_nothing() -> None:
    thin = reading(None, thin=True)
    assert said(run([thin], PlaybookState(bias="Long", risk="Normal"))) == ["No-trade/Reduced"]
    shown = step(PlaybookState(risk="Defensive"), thin)
    assert said([shown.playbook]) == ["No-trade/Reduced"]
    assert shown.state.risk == "Defensive"


def test_a_lock_is_no_trade_defensive_with_its_reason_and_begins_anew() -> None:
    before = PlaybookState(bias="Long", risk="Normal", entry=9, ecs=Latch(high=True))
    found = locked(before, "snapshot_old")
    assert said([found.playbook]) == ["No-trade/Defensive"]
    assert found.playbook.rule == "locked:snapshot_old"
    assert found.playbook.tighten_stops_long is None
    assert found.state == PlaybookState(ecs=Latch(high=True))


@pytest.mark.parametrize(
    ("change", "dispersion", "ecs", "add"),
    [
        ("6", "59", "15", (True, False)),
        ("-6", "59", "15", (False, True)),
        ("5", "10", "10", (False, False)),
        ("6", "60", "10", (False, False)),
        ("6", "10", "15.1", (False, False)),
        ("6", None, "10", (None, False)),
        (None, "10", "10", (None, None)),
        (None, "60", "10", (False, False)),
    ],
)
def test_exposure_is_added_with_the_trend_where_exits_are_low_and_wallets_agree(
    change: str | None, dispersion: str | None, ecs: str, add: tuple[bool | None, bool | None]
) -> None:
    found = run([reading("80", change, dispersion, ecs)])[0]
    assert (found.add_exposure_long, found.add_exposure_short) == add


@pytest.mark.parametrize(
    ("parts", "tighten"),
    [
        ({}, (False, True)),  # rising: against a short
        ({"change": "0"}, (False, False)),
        ({"change": "-6"}, (True, False)),
        ({"change": "0", "dispersion": "60"}, (True, True)),
        ({"change": "0", "ecs_long": exits("26")}, (True, False)),
        ({"change": "0", "ecs_short": exits("26")}, (False, True)),
        ({"change": "0", "ecs": "26"}, (False, False)),  # of no side
        ({"change": None}, (None, None)),
        ({"change": None, "ecs_long": exits("26")}, (True, None)),
        ({"change": "0", "ecs_long": exits(None, exposed=0)}, (False, False)),
    ],
)
def test_stops_are_tightened_on_the_side_that_is_in_danger(
    parts: dict[str, Any], tighten: tuple[bool | None, bool | None]
) -> None:
    found = run([reading(**parts)])[0]
    assert (found.tighten_stops_long, found.tighten_stops_short) == tighten


def test_the_nearest_missed_threshold_knows_what_is_held() -> None:
    held = run([reading("58", "20")], PlaybookState(bias="Long", risk="Reduced"))[0].nearest_miss
    assert held is not None
    assert (held.input, held.threshold, held.distance) == ("cas", 57, 1)
    assert (held.bias, held.risk) == ("No-trade", "Defensive")
    entering = run([reading("61", "20")], PlaybookState(risk="Reduced"))[0].nearest_miss
    assert entering is not None
    # To fall to neutral or to rise to the entry: both one point away, the lower comes first.
    assert (entering.input, entering.threshold, entering.distance) == ("cas", 60, 1)
    nearer = run([reading("61.5", "20")], PlaybookState(risk="Reduced"))[0].nearest_miss
    assert nearer is not None
    assert (nearer.threshold, nearer.bias) == (62, "Long")


def test_a_threshold_that_is_just_met_is_missed_by_nothing() -> None:
    met = run([reading("75", "20")], PlaybookState(bias="Long", risk="Normal"))[0].nearest_miss
    assert met is not None
    assert (met.input, met.threshold, met.distance, met.risk) == ("cas", 75, 0, "Reduced")
    short = run([reading("25", "-20")], PlaybookState(bias="Short", risk="Normal"))[0].nearest_miss
    assert short is not None
    assert (short.threshold, short.distance, short.risk) == (25, 0, "Reduced")


def test_where_only_time_is_missing_the_output_says_so() -> None:
    nearest_miss = run([reading("80")], PlaybookState(risk="Reduced"))[0].nearest_miss
    assert nearest_miss is not None
    assert (nearest_miss.input, nearest_miss.threshold) == ("periods", 2)
    assert (nearest_miss.bias, nearest_miss.risk) == ("Long", "Normal")


def test_a_state_survives_being_stored() -> None:
    taken = step(PlaybookState(), reading("80", ecs="26"))
    stored = msgspec.json.encode(taken.state)
    assert msgspec.json.decode(stored, type=PlaybookState) == taken.state


points = st.one_of(st.none(), st.decimals(0, 100, places=1))
changes = st.one_of(st.none(), st.decimals(-30, 30, places=1))


def text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


readings = st.builds(
    lambda cas, change, dispersion, ecs, thin: reading(
        text(cas), text(change), text(dispersion), text(ecs), thin=thin
    ),
    points,
    changes,
    points,
    points,
    st.sampled_from([False] * 9 + [True]),
)


def mirrored(one: PlaybookInputs) -> PlaybookInputs:
    return reading(
        None if one.cas is None else str(100 - one.cas),
        None if one.trend.change is None else str(-one.trend.change),
        text(one.dispersion),
        text(one.ecs.score.value),
        thin=one.thin,
    )


@given(st.lists(readings, max_size=25))
def test_longs_and_shorts_are_treated_alike(series: list[PlaybookInputs]) -> None:
    for one, other in zip(run(series), run([*map(mirrored, series)]), strict=True):
        assert (MIRROR[one.bias], one.risk, one.rule) == (other.bias, other.risk, other.rule)
        assert one.add_exposure_long == other.add_exposure_short
        assert one.tighten_stops_long == other.tighten_stops_short


@given(st.lists(readings, min_size=1, max_size=25))
def test_no_series_breaks_the_rules_of_change(series: list[PlaybookInputs]) -> None:
    state, before = PlaybookState(), PlaybookState()
    for one in series:
        taken: Step = step(state, one)
        found = taken.playbook
        assert (found.bias, found.risk) in OUTPUTS
        assert not SIDES[found.bias] * SIDES[before.bias] < 0  # from a side to the other
        if SIDES[found.bias] and found.bias != before.bias:
            assert abs(taken.state.entry) >= 2
        if one.cas is not None and found.bias == "Long" and not one.thin:
            assert one.cas >= 57
        ranks = ("Normal", "Reduced", "Defensive")
        assert ranks.index(taken.state.risk) >= ranks.index(before.risk) - 1
        state = before = taken.state


@given(st.lists(readings, max_size=15), st.lists(readings, max_size=15))
def test_what_comes_later_changes_nothing_that_was_said(
    series: list[PlaybookInputs], later: list[PlaybookInputs]
) -> None:
    assert run([*series, *later])[: len(series)] == run(series)


def test_a_reading_is_taken_from_the_scores_of_its_period() -> None:
    scores = second(universe((60, OPEN_LONG), (5, CLOSE_LONG), (55, HOLD_LONG)))
    found = playbook_inputs(scores, trend(scores.cas.score.value, [Decimal(50)] * 3))
    assert found.cas is not None
    assert band(found.cas) == "strong_long"
    assert run([found] * 4)[-1].bias == "Long"
