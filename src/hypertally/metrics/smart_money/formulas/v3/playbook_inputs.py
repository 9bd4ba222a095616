"""The inputs of the third version's playbook, and the levels that they stand at.

What the definition leaves open: a period in which High dispersion could not be told from chance is
a calm one; ECS of a side that nobody held is known not to be High.
"""

from decimal import Decimal

from hypertally.metrics.smart_money.formulas.exits import Exits
from hypertally.metrics.smart_money.formulas.playbook_matrix import Level, Values
from hypertally.metrics.smart_money.formulas.playbook_state import (
    Latch,
    PlaybookState,
    exits_level,
)
from hypertally.metrics.smart_money.formulas.score_arithmetic import Trend
from hypertally.metrics.smart_money.formulas.thresholds import (
    DISPERSION_CALM_BELOW,
    EXITS_CALM_BELOW,
    HOLD_PERIODS,
)
from hypertally.metrics.smart_money.formulas.v3.scores import V3Scores
from hypertally.metrics.smart_money.formulas.v3.stand_off import dispersion_level, is_stand_off
from hypertally.records import Record


class Inputs(Record, frozen=True, kw_only=True):
    """The scores of a period that the playbook is decided by."""

    cas: Decimal | None
    acting: int  # wallets that took on more of a side
    trend: Trend
    trend_known: int  # known CAS that the trend compares with
    dispersion: Decimal | None
    active: int  # wallets that bought or sold
    active_needed: int  # of them, for dispersion to be High
    ecs: Exits
    ecs_long: Exits
    ecs_short: Exits
    observed: int
    wallets: int
    thin: bool = False  # coverage of 80 to 90%


class V3Levels(Record, frozen=True, kw_only=True):
    """The levels of a period, latches considered. None: unknown."""

    dispersion: Level | None
    ecs: Level | None


def inputs_of(v3: V3Scores, trend: Trend, *, trend_known: int, thin: bool = False) -> Inputs:
    """Collect the inputs from the scores of a period."""
    scores = v3.scores
    return Inputs(
        cas=scores.cas.score.value,
        acting=scores.counts.acting,
        trend=trend,
        trend_known=trend_known,
        dispersion=scores.dispersion.value,
        active=v3.active,
        active_needed=v3.active_needed,
        ecs=scores.ecs,
        ecs_long=scores.ecs_long,
        ecs_short=scores.ecs_short,
        observed=scores.counts.observed,
        wallets=scores.counts.wallets,
        thin=thin,
    )


def compared_values(inputs: Inputs) -> Values:
    """The values that thresholds are compared with, by input."""
    return {
        "cas": inputs.cas,
        "trend": inputs.trend.change,
        "dispersion": inputs.dispersion,
        "ecs": inputs.ecs.score.value,
    }


def stands_off(inputs: Inputs) -> bool:
    """Whether dispersion is High by this period alone."""
    return is_stand_off(inputs.dispersion, active=inputs.active, needed=inputs.active_needed)


def update_latches(state: PlaybookState, inputs: Inputs) -> PlaybookState:
    """Copy the state with its latches updated by this period."""
    value = inputs.dispersion
    few = inputs.active < inputs.active_needed
    return PlaybookState(
        bias=state.bias,
        risk=state.risk,
        entry=state.entry,
        better=state.better,
        unknown=state.unknown,
        dispersion=_latched(
            state.dispersion,
            enters=stands_off(inputs),
            calm=value is not None and (value < DISPERSION_CALM_BELOW or few),
        ),
        ecs=_exits_latched(state.ecs, inputs.ecs),
        ecs_long=_exits_latched(state.ecs_long, inputs.ecs_long),
        ecs_short=_exits_latched(state.ecs_short, inputs.ecs_short),
    )


def _exits_latched(latch: Latch, exits: Exits) -> Latch:
    value = exits.score.value
    # With no one exposed there is no one left to exit.
    calm = value < EXITS_CALM_BELOW if value is not None else not exits.exposed
    return _latched(latch, enters=exits.high is True, calm=calm)


def _latched(latch: Latch, *, enters: bool, calm: bool) -> Latch:
    if enters:
        return Latch(high=True)
    periods = latch.calm + 1 if calm else 0
    return Latch(high=True, calm=periods) if latch.high and periods < HOLD_PERIODS else Latch()


def levels_of(state: PlaybookState, inputs: Inputs) -> V3Levels:
    """The levels, from the latches and the scores of this period."""
    return V3Levels(
        dispersion=dispersion_level(inputs.dispersion, high=state.dispersion.high),
        ecs=exits_level(inputs.ecs.score.value, high=state.ecs.high or inputs.ecs.high),
    )
