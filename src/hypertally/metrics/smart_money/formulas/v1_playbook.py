"""Playbooks, first version: the published order, its matrix, and flags that serve longs alone.

What the definition leaves open: missing wallets decide before everything else, at 10% and 25%
inclusive for the better side; the flags have no short side and are unknown there.
"""

from decimal import Decimal

from hypertally.metrics.smart_money.formulas.consensus import dispersion_level
from hypertally.metrics.smart_money.formulas.exits import HIGH_ABOVE, LOW_TO
from hypertally.metrics.smart_money.formulas.playbook_matrix import (
    Answer,
    Level,
    Missed,
    Playbook,
    Values,
    matrix,
    nearest_missed,
)
from hypertally.metrics.smart_money.formulas.score_arithmetic import (
    FIRST,
    TREND_DEAD_ZONE,
    Trend,
    turn,
)
from hypertally.metrics.smart_money.formulas.v1_scores import FirstScores, band_first
from hypertally.records import Record

MISSING_NORMAL, MISSING_MAX = Decimal("0.10"), Decimal("0.25")
TREND_RULE_ABOVE = Decimal(60)
THRESHOLDS = {
    "cas": tuple(map(Decimal, (25, 40, 60, 75))),
    "trend": (-TREND_DEAD_ZONE, TREND_DEAD_ZONE),
    "dispersion": tuple(map(Decimal, (40, 60))),
    "ecs": (LOW_TO, HIGH_ABOVE),
}


class FirstReading(Record, frozen=True, kw_only=True):
    """What the first playbook reads."""

    cas: Decimal
    trend: Trend
    dispersion: Decimal
    ecs: Decimal | None  # None: no wallet was seen
    missing_share: Decimal


def reading_first(scores: FirstScores, trend: Trend) -> FirstReading:
    """From the scores of a period."""
    assert scores.cas.value is not None and scores.dispersion.value is not None  # noqa: PT018
    return FirstReading(
        cas=scores.cas.value,
        trend=trend,
        dispersion=scores.dispersion.value,
        ecs=scores.ecs.value,
        missing_share=scores.missing_share,
    )


def playbook_first(reading: FirstReading) -> Playbook:
    """The output of one period; nothing is carried over from the one before."""
    rising, falling = reading.trend.direction == "rising", reading.trend.direction == "falling"
    answer, missed = _answer(reading)
    ecs = None if reading.ecs is None else exit_level_first(reading.ecs)
    split = dispersion_level(reading.dispersion) == "high"
    return Playbook(
        definition=FIRST,
        bias=answer.bias,
        risk=answer.risk,
        rule=answer.rule,
        missed=missed,
        add_exposure_long=rising and ecs == "low" and not split,
        add_exposure_short=None,
        tighten_stops_long=ecs == "high" or falling or split,
        tighten_stops_short=None,
    )


def _answer(reading: FirstReading) -> tuple[Answer, Missed | None]:
    if reading.ecs is None or reading.missing_share > MISSING_MAX:
        return Answer(bias="No-trade", risk="Defensive", rule="missing_over_25"), None
    if reading.missing_share > MISSING_NORMAL:
        return Answer(bias="No-trade", risk="Reduced", rule="missing_over_10"), None
    values = {
        "cas": reading.cas,
        "trend": reading.trend.change,
        "dispersion": reading.dispersion,
        "ecs": reading.ecs,
    }
    return decide_first(values), nearest_missed(values, THRESHOLDS, decide_first)


def decide_first(values: Values) -> Answer:
    """The published order; a trend of None is flat, too short a history."""
    cas, dispersion, ecs = values["cas"], values["dispersion"], values["ecs"]
    assert cas is not None and dispersion is not None and ecs is not None  # noqa: PT018
    direction = turn(values["trend"]) or "flat"
    if dispersion_level(dispersion) == "high":
        return Answer(bias="No-trade", risk="Defensive", rule="dispersion_high")
    if ecs > HIGH_ABOVE:
        return Answer(bias="No-trade", risk="Defensive", rule="exits_high")
    if direction == "falling" and cas > TREND_RULE_ABOVE:
        return Answer(bias="No-trade", risk="Reduced", rule="trend_against")
    return matrix(band_first(cas), direction, dispersion_level(dispersion), exit_level_first(ecs))


def exit_level_first(ecs: Decimal) -> Level:
    """Low to 15, High above 25."""
    if ecs > HIGH_ABOVE:
        return "high"
    return "low" if ecs <= LOW_TO else "medium"
