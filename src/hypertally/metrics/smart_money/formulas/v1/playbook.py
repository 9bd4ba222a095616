"""Playbooks, first version: the published order, its matrix, and flags that serve longs alone.

What the definition leaves open: missing wallets decide before everything else, at 10% and 25%
inclusive for the better side; the flags have no short side and are unknown there.
"""

from decimal import Decimal

from hypertally.metrics.smart_money.formulas.consensus import dispersion_level
from hypertally.metrics.smart_money.formulas.playbook_matrix import (
    Advice,
    Level,
    NearMiss,
    Playbook,
    Values,
    find_nearest_miss,
    look_up_advice,
)
from hypertally.metrics.smart_money.formulas.score_arithmetic import V1, Trend, turn
from hypertally.metrics.smart_money.formulas.thresholds import (
    DISPERSION_HIGH_FROM,
    DISPERSION_LOW_BELOW,
    EXITS_HIGH_ABOVE,
    LONG_FROM,
    SHORT_TO,
    STRONG_LONG_FROM,
    STRONG_SHORT_TO,
    TREND_DEAD_ZONE,
    V1_EXITS_LOW_BELOW,
    V1_MISSING_MAX,
    V1_MISSING_NORMAL,
    V1_TREND_RULE_ABOVE,
)
from hypertally.metrics.smart_money.formulas.v1.scores import V1Scores, v1_band
from hypertally.records import Record

THRESHOLDS = {
    "cas": (STRONG_SHORT_TO, SHORT_TO, LONG_FROM, STRONG_LONG_FROM),
    "trend": (-TREND_DEAD_ZONE, TREND_DEAD_ZONE),
    "dispersion": (DISPERSION_LOW_BELOW, DISPERSION_HIGH_FROM),
    "ecs": (V1_EXITS_LOW_BELOW, EXITS_HIGH_ABOVE),
}


class V1PlaybookInputs(Record, frozen=True, kw_only=True):
    """The scores of a period that version 1 decides by."""

    cas: Decimal
    trend: Trend
    dispersion: Decimal
    ecs: Decimal | None  # None: no wallet was seen
    missing_share: Decimal


def v1_playbook_inputs(scores: V1Scores, trend: Trend) -> V1PlaybookInputs:
    """Collect the inputs from the scores of a period."""
    assert scores.cas.value is not None and scores.dispersion.value is not None  # noqa: PT018
    return V1PlaybookInputs(
        cas=scores.cas.value,
        trend=trend,
        dispersion=scores.dispersion.value,
        ecs=scores.ecs.value,
        missing_share=scores.missing_share,
    )


def decide_v1_playbook(inputs: V1PlaybookInputs) -> Playbook:
    """Decide the playbook of one period; version 1 carries no state."""
    rising, falling = inputs.trend.direction == "rising", inputs.trend.direction == "falling"
    advice, nearest_miss = _answer(inputs)
    ecs = None if inputs.ecs is None else v1_exit_level(inputs.ecs)
    split = dispersion_level(inputs.dispersion) == "high"
    return Playbook(
        definition=V1,
        bias=advice.bias,
        risk=advice.risk,
        rule=advice.rule,
        nearest_miss=nearest_miss,
        add_exposure_long=rising and ecs == "low" and not split,
        add_exposure_short=None,
        tighten_stops_long=ecs == "high" or falling or split,
        tighten_stops_short=None,
    )


def _answer(inputs: V1PlaybookInputs) -> tuple[Advice, NearMiss | None]:
    if inputs.ecs is None or inputs.missing_share > V1_MISSING_MAX:
        return Advice(bias="No-trade", risk="Defensive", rule="missing_over_25"), None
    if inputs.missing_share > V1_MISSING_NORMAL:
        return Advice(bias="No-trade", risk="Reduced", rule="missing_over_10"), None
    values = {
        "cas": inputs.cas,
        "trend": inputs.trend.change,
        "dispersion": inputs.dispersion,
        "ecs": inputs.ecs,
    }
    return decide_v1(values), find_nearest_miss(values, THRESHOLDS, decide_v1)


def decide_v1(values: Values) -> Advice:
    """The advice by the published order of rules; a trend of None counts as flat."""
    cas, dispersion, ecs = values["cas"], values["dispersion"], values["ecs"]
    assert cas is not None and dispersion is not None and ecs is not None  # noqa: PT018
    direction = turn(values["trend"]) or "flat"
    if dispersion_level(dispersion) == "high":
        return Advice(bias="No-trade", risk="Defensive", rule="dispersion_high")
    if ecs > EXITS_HIGH_ABOVE:
        return Advice(bias="No-trade", risk="Defensive", rule="exits_high")
    if direction == "falling" and cas > V1_TREND_RULE_ABOVE:
        return Advice(bias="No-trade", risk="Reduced", rule="trend_against")
    return look_up_advice(v1_band(cas), direction, dispersion_level(dispersion), v1_exit_level(ecs))


def v1_exit_level(ecs: Decimal) -> Level:
    """The exits level of version 1: Low below 16, High above 25."""
    if ecs > EXITS_HIGH_ABOVE:
        return "high"
    return "low" if ecs < V1_EXITS_LOW_BELOW else "medium"
