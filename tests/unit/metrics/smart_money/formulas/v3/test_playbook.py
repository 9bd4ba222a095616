"""The third playbook: monotone in every cell, true rules, and no unknown that hides a known."""

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.metrics.smart_money.formulas.v3.inputs import (
    ENOUGH,
    FEW,
    exits_of,
    inputs_of,
    play,
)

from hypertally.metrics.smart_money.formulas.consensus import band
from hypertally.metrics.smart_money.formulas.playbook_matrix import Bias, Level, Risk
from hypertally.metrics.smart_money.formulas.playbook_state import Latch, PlaybookState
from hypertally.metrics.smart_money.formulas.score_arithmetic import Direction
from hypertally.metrics.smart_money.formulas.v3.matrix import look_up
from hypertally.metrics.smart_money.formulas.v3.playbook import V3Playbook, locked_v3
from hypertally.sandbox.oracles import smart_money_v3 as oracle

CAS = ("20", "25", "35", "40", "50", "60", "65", "75", "80")
TURNS: tuple[Direction, ...] = ("falling", "flat", "rising")
LEVELS: tuple[Level, ...] = ("high", "medium", "low")  # from bad to good
ORDER = [
    ("No-trade", "Defensive"),
    ("No-trade", "Reduced"),
    ("Long", "Reduced"),
    ("Long", "Normal"),
]
CELLS = list(product(CAS, TURNS, LEVELS, LEVELS))
CALM_LONG: tuple[Bias, Risk] = ("Long", "Reduced")


def advice(cas: str, turn: Direction, dispersion: Level, ecs: Level) -> tuple[str, str]:
    cell = look_up(band(Decimal(cas)), turn, dispersion=dispersion, ecs=ecs)
    return cell.bias, cell.risk


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_every_cell_is_the_oracles(cell: tuple[str, Direction, Level, Level]) -> None:
    cas, turn, dispersion, ecs = cell
    assert advice(*cell) == oracle.matrix_says(
        cas=Decimal(cas), trend=turn, dispersion=dispersion, ecs=ecs
    )


def test_more_of_anything_good_never_lowers_the_conviction() -> None:
    """Enumerates all cells on the side of longs, and every better neighbour of each."""
    compared = 0
    places = (CAS[4:], TURNS, LEVELS, LEVELS)
    for cell in product(*places):
        here = ORDER.index(advice(*cell))
        for axis, values in enumerate(places):
            better = values.index(cell[axis]) + 1
            if better < len(values):
                there = (*cell[:axis], values[better], *cell[axis + 1 :])
                assert ORDER.index(advice(*there)) >= here, (cell, there)
                compared += 1
    assert compared == 4 * 27 + 3 * 5 * 2 * 9


def test_defensive_is_evidence_of_danger() -> None:
    for cas, turn, dispersion, ecs in CELLS:
        is_defensive = advice(cas, turn, dispersion, ecs)[1] == "Defensive"
        assert is_defensive == ("high" in (dispersion, ecs))


def said(playbook: V3Playbook) -> tuple[str, str, str]:
    return playbook.bias, playbook.risk, playbook.rule


def rules(*periods: object) -> list[str]:
    return [step.playbook.rule for step in play(periods)]  # pyright: ignore[reportArgumentType]


def test_a_side_is_entered_in_the_second_period_and_risk_improves_step_by_step() -> None:
    rising = inputs_of("80", "6")
    steps = play([rising] * 6)
    assert [said(step.playbook) for step in steps] == [
        ("No-trade", "Defensive", "risk_wait (1 of 2 periods)"),
        ("Long", "Reduced", "risk_improved (Defensive to Reduced)"),
        ("Long", "Reduced", "risk_wait (1 of 2 periods)"),
        ("Long", "Normal", "strong_with"),
        ("Long", "Normal", "strong_with"),
        ("Long", "Normal", "strong_with"),
    ]


def test_noise_is_no_stand_off() -> None:
    noise = inputs_of("50", "0", "90", active=FEW)
    assert rules(noise, noise, noise) == [
        "risk_wait (1 of 2 periods)",
        "neutral",
        "neutral",
    ]


def test_a_stand_off_ends_by_two_periods_below_55_and_says_which() -> None:
    split, calm = inputs_of("50", "0", "90", active=ENOUGH), inputs_of("50", "0", "54")
    between, chance = inputs_of("50", "0", "57"), inputs_of("50", "0", "90", active=FEW)
    assert rules(split, calm, between, calm, calm)[:4] == [
        "dispersion_high",
        "dispersion_calming (1 of 2 below 55)",
        "dispersion_calming (0 of 2 below 55)",
        "dispersion_calming (1 of 2 below 55)",
    ]
    assert rules(split, chance)[1] == "dispersion_calming (1 of 2 without a stand-off)"
    few = inputs_of(None, None, None, active=5)
    assert rules(split, few)[1] == "dispersion_calming (0 of 2 below 55)"


def test_exits_end_by_two_periods_below_20_and_say_which() -> None:
    many, few = inputs_of(ecs=exits_of("40", high=True)), inputs_of(ecs=exits_of("19"))
    still = inputs_of(ecs=exits_of("22"))
    assert rules(many, few, still, few)[:4] == [
        "exits_high",
        "exits_calming (1 of 2 below 20)",
        "exits_calming (0 of 2 below 20)",
        "exits_calming (1 of 2 below 20)",
    ]


def test_what_happens_now_is_said_before_what_calms_down() -> None:
    split, many = inputs_of("50", "0", "90"), inputs_of(ecs=exits_of("40", high=True))
    assert rules(split, many) == ["dispersion_high", "exits_high"]


def test_an_unknown_input_is_held_for_one_period_and_then_named() -> None:
    unknown = inputs_of(None, None, "20")
    side = PlaybookState(bias="Long", risk="Reduced")
    assert [said(step.playbook) for step in play([unknown] * 3, side)] == [
        ("Long", "Reduced", "held (1 period)"),
        ("No-trade", "Defensive", "too_few_active (7 of 10)"),
        ("No-trade", "Defensive", "too_few_active (7 of 10)"),
    ]
    no_trend = inputs_of("80", None)
    assert rules(no_trend, no_trend)[1] == "trend_unknown (2 of 3 known)"
    empty = inputs_of(ecs=exits_of(None, exposed=0))
    assert rules(empty, empty)[1] == "nobody_held (0 wallets)"


@pytest.mark.parametrize(
    ("cas", "change", "ecs", "rule"),
    [
        ("50", "0", "5", "neutral"),
        ("65", "-6", "5", "trend_against"),
        ("35", "6", "5", "trend_against"),
        ("65", "6", "20", "exits_medium"),
        ("61.99999999", "0", "5", "below_entry (CAS 61.99, 62 needed)"),
        ("38.00000001", "0", "5", "below_entry (CAS 38.01, 38 needed)"),
        ("65", "0", "5", "entry_wait (1 of 2 at 62 or more)"),
        ("35", "0", "5", "entry_wait (1 of 2 at 38 or less)"),
    ],
)
def test_the_rule_is_what_kept_from_a_side(cas: str, change: str, ecs: str, rule: str) -> None:
    ready = PlaybookState(bias="No-trade", risk="Reduced")
    assert play([inputs_of(cas, change, ecs=exits_of(ecs))], ready)[0].playbook.rule == rule


def test_between_two_sides_lies_a_period_of_no_trade() -> None:
    short = PlaybookState(bias="Short", risk="Reduced", entry=-3)
    steps = play([inputs_of("80", "0")] * 2, short)
    assert [said(step.playbook) for step in steps] == [
        ("No-trade", "Reduced", "side_left (Short before)"),
        ("Long", "Reduced", "side_steady"),
    ]


def test_thin_coverage_says_how_many_were_seen() -> None:
    thin = inputs_of(None, None, "90", thin=True, observed=170)
    assert said(play([thin])[0].playbook) == (
        "No-trade",
        "Reduced",
        "thin_coverage (170 of 200 seen)",
    )


maybe = st.sampled_from([None, "rising", "flat", "falling"])
CHANGES = {None: None, "rising": "6", "flat": "0", "falling": "-6"}


@given(
    maybe,
    st.sampled_from([None, "20", "50", "90"]),
    st.booleans(),
    st.sampled_from([ENOUGH, FEW]),
)
def test_a_known_reason_to_tighten_is_never_hidden(
    turn: str | None,
    dispersion: str | None,
    high: bool,  # noqa: FBT001 - Hypothesis names its arguments
    active: int,
) -> None:
    inputs = inputs_of(
        None,
        CHANGES[turn],
        dispersion,
        ecs_long=exits_of("40", high=high),
        active=active,
    )
    flags = play([inputs])[0].playbook.flags
    number = None if dispersion is None else Decimal(dispersion)
    level = oracle.dispersion_level(number, active, 20)
    expected, unknown = oracle.tighten_stops(
        exits_high=high, trend=turn, dispersion=level, side="long"
    )
    assert flags.tighten_stops_long is expected
    assert list(flags.unknown_inputs.get("tighten_stops_long", ())) == unknown


def test_stops_stay_tight_until_exits_of_the_side_have_calmed_down() -> None:
    values = [("40", True), ("22", False), ("19", False), ("19", False)]
    periods = [inputs_of(ecs_long=exits_of(value, high=high)) for value, high in values]
    flags = [step.playbook.flags for step in play(periods)]
    assert [flag.tighten_stops_long for flag in flags] == [True, True, True, False]
    assert not any(flag.tighten_stops_short for flag in flags)


def test_a_lock_knows_of_no_reason_and_says_so() -> None:
    step = locked_v3(PlaybookState(ecs=Latch(high=True)), "snapshot_old")
    assert said(step.playbook) == ("No-trade", "Defensive", "locked:snapshot_old")
    flags = step.playbook.flags
    assert (flags.tighten_stops_long, flags.add_exposure_long) == (False, None)
    assert flags.unknown_inputs["tighten_stops_long"] == ("exits", "trend", "dispersion")
    assert step.state.ecs.high


def test_the_nearest_miss_of_noise_is_not_a_stand_off() -> None:
    """Among few wallets no dispersion is High, so it is no threshold that could be crossed."""
    settled = PlaybookState(bias="Long", risk="Reduced", entry=5)
    missed = play([inputs_of("65", "0", "39", active=FEW)], settled)[0].playbook.nearest_miss
    assert missed is not None
    assert missed.input != "dispersion"
