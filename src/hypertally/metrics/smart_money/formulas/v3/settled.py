"""Settled advice: what the inputs of a period lead to once every level has held long enough.

From it follow the nearest threshold that is missed, and whether only time is missing.
"""

from collections.abc import Mapping
from decimal import Decimal

from hypertally.metrics.smart_money.formulas.playbook_matrix import (
    SIDES,
    Advice,
    Bias,
    Level,
    Values,
)
from hypertally.metrics.smart_money.formulas.playbook_state import (
    UNKNOWN,
    PlaybookState,
    compared_thresholds,
    dispersion_level,
    entry_side,
    exits_high_at,
    exits_level,
    held_band,
)
from hypertally.metrics.smart_money.formulas.score_arithmetic import turn
from hypertally.metrics.smart_money.formulas.thresholds import (
    DISPERSION_CALM_BELOW,
    DISPERSION_LOW_BELOW,
    EXITS_CALM_BELOW,
)
from hypertally.metrics.smart_money.formulas.v3 import rules
from hypertally.metrics.smart_money.formulas.v3.matrix import look_up
from hypertally.metrics.smart_money.formulas.v3.playbook_inputs import Inputs
from hypertally.metrics.smart_money.formulas.v3.stand_off import is_stand_off

_DANGER = Advice(bias="No-trade", risk="Defensive", rule="danger")


def thresholds(inputs: Inputs) -> Mapping[str, tuple[Decimal, ...]]:
    """The thresholds of each input; among too few active wallets dispersion is never High."""
    if inputs.active >= inputs.active_needed:
        return compared_thresholds(inputs)
    return {**compared_thresholds(inputs), "dispersion": (DISPERSION_LOW_BELOW,)}


def advise(
    bias: Bias, values: Values, *, dispersion: Level | None, ecs: Level | None
) -> Advice | None:
    """The advice of the inputs, without any waiting; None: an input is unknown."""
    cas, direction = values["cas"], turn(values["trend"])
    if cas is None or direction is None or dispersion is None or ecs is None:
        return None
    advice = look_up(held_band(cas, bias), direction, dispersion=dispersion, ecs=ecs)
    if advice.bias not in {"No-trade", bias} and not entry_side(cas):
        rule = rules.below_entry(cas, SIDES[advice.bias])
        return Advice(bias="No-trade", risk="Reduced", rule=rule)
    return advice


def advise_when_settled(state: PlaybookState, inputs: Inputs, values: Values) -> Advice:
    """The advice of these values if every level had held for its full number of periods."""
    dispersion, ecs = values["dispersion"], values["ecs"]
    enough = inputs.active >= inputs.active_needed
    split = is_stand_off(dispersion, active=inputs.active, needed=inputs.active_needed) or (
        enough
        and state.dispersion.high
        and dispersion is not None
        and dispersion >= DISPERSION_CALM_BELOW
    )
    high = exits_high_at(inputs.ecs, ecs) or (
        state.ecs.high and ecs is not None and ecs >= EXITS_CALM_BELOW
    )
    if split or high:
        return _DANGER
    advice = advise(
        state.bias,
        values,
        dispersion=dispersion_level(dispersion, high=False),
        ecs=exits_level(ecs, high=False),
    )
    return advice or UNKNOWN
