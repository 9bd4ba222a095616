"""The playbook matrix, one row for both sides, and the nearest threshold that was not reached.

Nearest is by points, of CAS, its trend, Dispersion or ECS alone, the others as they are; a tie goes
to the one named first. A threshold counts as missed if to reach or cross it changes the answer.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from hypertally.metrics.smart_money.formulas.consensus import Band
from hypertally.metrics.smart_money.formulas.score_arithmetic import EXACT, PLACES, Direction
from hypertally.records import Record

Bias = Literal["Long", "Short", "No-trade"]
Risk = Literal["Normal", "Reduced", "Defensive"]
Level = Literal["low", "medium", "high"]
Values = Mapping[str, Decimal | None]  # cas, trend, dispersion, ecs

RISKS: tuple[Risk, ...] = ("Normal", "Reduced", "Defensive")  # from good to bad
SIDES: Mapping[Bias, int] = {"Long": 1, "Short": -1, "No-trade": 0}
TURNS: Mapping[Direction, int] = {"rising": 1, "flat": 0, "falling": -1}
BANDS: Mapping[Band, int] = {
    "strong_long": 2,
    "long": 1,
    "neutral": 0,
    "short": -1,
    "strong_short": -2,
}


class Advice(Record, frozen=True, kw_only=True):
    """The advice of a rule: bias, risk, and the rule's name."""

    bias: Bias
    risk: Risk
    rule: str


class MatrixRow(NamedTuple):
    """A row of the matrix, in terms of its side."""

    rule: str
    strong: bool
    turns: frozenset[int]  # 1: the trend goes with the side, -1: against it
    dispersion: Level
    ecs: Level
    risk: Risk


class NearMiss(Record, frozen=True, kw_only=True):
    """The nearest threshold whose crossing changes the advice, and the advice beyond it.

    `input` is cas, trend, dispersion or ecs, all in points; or periods: nothing is missing but
    time, one more period at least.
    """

    input: str
    threshold: Decimal
    distance: Decimal
    bias: Bias
    risk: Risk


class Playbook(Record, frozen=True, kw_only=True):
    """The output for one coin and period. A flag is None where it is unknown."""

    definition: str
    bias: Bias
    risk: Risk
    rule: str
    nearest_miss: NearMiss | None  # None: no threshold alone would change it
    add_exposure_long: bool | None
    add_exposure_short: bool | None
    tighten_stops_long: bool | None
    tighten_stops_short: bool | None


_WITH, _FLAT, _ANY = frozenset({1}), frozenset({0}), frozenset({1, 0, -1})
MATRIX_ROWS = (
    MatrixRow("strong_with", True, _WITH, "low", "low", "Normal"),
    MatrixRow("strong_with_some_exits", True, _WITH, "low", "medium", "Reduced"),
    MatrixRow("strong_steady", True, _FLAT, "low", "low", "Reduced"),
    MatrixRow("lean_with", False, _WITH, "low", "low", "Reduced"),
    MatrixRow("lean_mixed", False, _ANY, "medium", "low", "Reduced"),
)
NEUTRAL = Advice(bias="No-trade", risk="Defensive", rule="neutral")
ELSE = Advice(bias="No-trade", risk="Reduced", rule="anything_else")


def look_up_advice(band: Band, direction: Direction, dispersion: Level, ecs: Level) -> Advice:
    """The advice of the row that matches; exactly one does."""
    place = BANDS[band]
    if not place:
        return NEUTRAL
    side = 1 if place > 0 else -1
    for row in MATRIX_ROWS:
        if (
            row.strong == (abs(place) > 1)
            and TURNS[direction] * side in row.turns
            and row.dispersion == dispersion
            and row.ecs == ecs
        ):
            return Advice(bias="Long" if side > 0 else "Short", risk=row.risk, rule=row.rule)
    return ELSE


def find_nearest_miss(
    values: Values,
    thresholds: Mapping[str, Sequence[Decimal]],
    decide: Callable[[Values], Advice],
) -> NearMiss | None:
    """The nearest threshold at or beyond which `decide` gives other advice."""
    here = decide(values)
    candidates = sorted(
        (EXACT.abs(EXACT.subtract(threshold, value)), place, threshold)
        for place, name in enumerate(thresholds)
        for threshold in thresholds[name]
        if (value := values[name]) is not None
    )
    names = list(thresholds)
    for distance, place, threshold in candidates:
        for beyond in _beyond(values[names[place]], threshold):
            there = decide({**values, names[place]: beyond})
            if (there.bias, there.risk) != (here.bias, here.risk):
                return NearMiss(
                    input=names[place],
                    threshold=threshold,
                    distance=distance,
                    bias=there.bias,
                    risk=there.risk,
                )
    return None


def _beyond(value: Decimal | None, threshold: Decimal) -> tuple[Decimal, ...]:
    """At the threshold, and the next number on its other side."""
    assert value is not None
    up, down = EXACT.add(threshold, PLACES), EXACT.subtract(threshold, PLACES)
    if value == threshold:
        return up, down
    return (threshold, up) if value < threshold else (threshold, down)
