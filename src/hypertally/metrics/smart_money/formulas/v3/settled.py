"""Settled advice: what the inputs of a period lead to once every level has held long enough.

From it follow the nearest threshold that is missed, and whether only time is missing.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal

from hypertally.metrics.smart_money.formulas.playbook_matrix import Advice, Values
from hypertally.metrics.smart_money.formulas.playbook_state import PlaybookState, exits_level
from hypertally.metrics.smart_money.formulas.thresholds import (
    DISPERSION_CALM_BELOW,
    DISPERSION_HIGH_FROM,
    DISPERSION_LOW_BELOW,
    ENTER_LONG,
    ENTER_SHORT,
    EXITS_CALM_BELOW,
    EXITS_LOW_TO,
    LEAVE_LONG,
    LEAVE_SHORT,
    LONG_FROM,
    SHORT_TO,
    STRONG_LONG_FROM,
    STRONG_SHORT_TO,
    TREND_DEAD_ZONE,
)
from hypertally.metrics.smart_money.formulas.v3.playbook_inputs import Inputs
from hypertally.metrics.smart_money.formulas.v3.stand_off import dispersion_level, is_stand_off

UNKNOWN = Advice(bias="No-trade", risk="Defensive", rule="unknown_input")
_DANGER = Advice(bias="No-trade", risk="Defensive", rule="danger")


def thresholds(inputs: Inputs) -> Mapping[str, tuple[Decimal, ...]]:
    """The thresholds of each input; that of High ECS depends on the number of exposed wallets."""
    high_from = inputs.ecs.high_from
    enough = inputs.active >= inputs.active_needed
    return {
        "cas": (
            STRONG_SHORT_TO,
            ENTER_SHORT,
            SHORT_TO,
            LEAVE_SHORT,
            LEAVE_LONG,
            LONG_FROM,
            ENTER_LONG,
            STRONG_LONG_FROM,
        ),
        "trend": (-TREND_DEAD_ZONE, TREND_DEAD_ZONE),
        "dispersion": (
            DISPERSION_LOW_BELOW,
            *((DISPERSION_CALM_BELOW, DISPERSION_HIGH_FROM) if enough else ()),
        ),
        "ecs": (EXITS_LOW_TO, EXITS_CALM_BELOW, *(() if high_from is None else (high_from,))),
    }


def advise_when_settled(
    state: PlaybookState,
    inputs: Inputs,
    values: Values,
    *,
    advise: Callable[..., Advice | None],
) -> Advice:
    """The advice of these values if every level had held for its full number of periods."""
    dispersion, ecs = values["dispersion"], values["ecs"]
    enough = inputs.active >= inputs.active_needed
    split = is_stand_off(dispersion, active=inputs.active, needed=inputs.active_needed) or (
        enough
        and state.dispersion.high
        and dispersion is not None
        and dispersion >= DISPERSION_CALM_BELOW
    )
    high = _exits_high_at(inputs, ecs) or (
        state.ecs.high and ecs is not None and ecs >= EXITS_CALM_BELOW
    )
    if split or high:
        return _DANGER
    return (
        advise(
            state.bias,
            values,
            dispersion=dispersion_level(dispersion, high=False),
            ecs=exits_level(ecs, high=False),
        )
        or UNKNOWN
    )


def _exits_high_at(inputs: Inputs, ecs: Decimal | None) -> bool:
    """Whether ECS would be High at this value, with the same number of exposed wallets."""
    exits = inputs.ecs
    if ecs == exits.score.value:
        return exits.high is True
    return exits.high_from is not None and ecs is not None and ecs >= exits.high_from
