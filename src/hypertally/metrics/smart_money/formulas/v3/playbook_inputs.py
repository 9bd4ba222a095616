"""The inputs of the third version's playbook, and the levels that they stand at.

What the definition leaves open: a period in which High dispersion could not be told from chance is
a calm one; ECS of a side that nobody held is known not to be High.
"""

from hypertally.metrics.smart_money.formulas.playbook_matrix import Level
from hypertally.metrics.smart_money.formulas.playbook_state import (
    PlaybookInputs,
    PlaybookState,
    dispersion_level,
    exits_level,
    latch_state,
)
from hypertally.metrics.smart_money.formulas.score_arithmetic import Trend
from hypertally.metrics.smart_money.formulas.thresholds import DISPERSION_CALM_BELOW
from hypertally.metrics.smart_money.formulas.v3.scores import V3Scores
from hypertally.metrics.smart_money.formulas.v3.stand_off import is_stand_off
from hypertally.records import Record


class Inputs(PlaybookInputs, frozen=True, kw_only=True):
    """The scores of a period that the playbook is decided by, and what makes them known."""

    acting: int  # wallets that took on more of a side
    trend_known: int  # known CAS that the trend compares with
    active: int  # wallets that bought or sold
    active_needed: int  # of them, for dispersion to be High
    observed: int
    wallets: int


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


def stands_off(inputs: Inputs) -> bool:
    """Whether dispersion is High by this period alone."""
    return is_stand_off(inputs.dispersion, active=inputs.active, needed=inputs.active_needed)


def update_latches(state: PlaybookState, inputs: Inputs) -> PlaybookState:
    """Copy the state with its latches updated by this period."""
    value = inputs.dispersion
    few = inputs.active < inputs.active_needed
    return latch_state(
        state,
        inputs,
        stands_off=stands_off(inputs),
        calm=value is not None and (value < DISPERSION_CALM_BELOW or few),
    )


def levels_of(state: PlaybookState, inputs: Inputs) -> V3Levels:
    """The levels, from the latches and the scores of this period."""
    return V3Levels(
        dispersion=dispersion_level(inputs.dispersion, high=state.dispersion.high),
        ecs=exits_level(inputs.ecs.score.value, high=state.ecs.high or inputs.ecs.high),
    )
