"""The playbook matrix of the third version, one row for both sides.

    CAS    trend           dispersion     ECS     longs (shorts mirror them)
    any    any             High           any     No-trade / Defensive
    any    any             any            High    No-trade / Defensive
    >= 75  rising          Low            Low     Long / Normal
    >= 75  rising          Low            Medium  Long / Reduced
    >= 60  rising or flat  Low or Medium  Low     Long / Reduced
    everything else                               No-trade / Reduced

It is monotone: more CAS toward the side, a trend more toward it, less dispersion and fewer exits
never lower the conviction.
"""

from typing import NamedTuple

from hypertally.metrics.smart_money.formulas.consensus import Band
from hypertally.metrics.smart_money.formulas.playbook_matrix import (
    BANDS,
    TURNS,
    Advice,
    Level,
    Risk,
)
from hypertally.metrics.smart_money.formulas.score_arithmetic import Direction


class _Row(NamedTuple):
    rule: str
    place: int  # of the band, at least: 2 strong, 1 the side
    turn: int  # of the trend, at least: 1 with the side, 0 flat
    dispersion: frozenset[Level]
    ecs: Level
    risk: Risk


_ROWS = (
    _Row("strong_with", 2, 1, frozenset({"low"}), "low", "Normal"),
    _Row("strong_with_some_exits", 2, 1, frozenset({"low"}), "medium", "Reduced"),
    _Row("side_steady", 1, 0, frozenset({"low", "medium"}), "low", "Reduced"),
)


def look_up(band: Band, direction: Direction, *, dispersion: Level, ecs: Level) -> Advice:
    """The advice of a cell: that of the first row that fits, or what kept every row from it."""
    if dispersion == "high":
        return Advice(bias="No-trade", risk="Defensive", rule="dispersion_high")
    if ecs == "high":
        return Advice(bias="No-trade", risk="Defensive", rule="exits_high")
    place = BANDS[band]
    if not place:
        return Advice(bias="No-trade", risk="Reduced", rule="neutral")
    side = 1 if place > 0 else -1
    turn = TURNS[direction] * side
    for row in _ROWS:
        fits = abs(place) >= row.place and turn >= row.turn
        if fits and dispersion in row.dispersion and ecs == row.ecs:
            return Advice(bias="Long" if side > 0 else "Short", risk=row.risk, rule=row.rule)
    return Advice(
        bias="No-trade", risk="Reduced", rule="trend_against" if turn < 0 else "exits_medium"
    )
