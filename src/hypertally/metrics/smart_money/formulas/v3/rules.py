"""Rules: what decided a playbook, with the numbers that make it true.

A rule is a name, and in brackets its numbers: `dispersion_calming (1 of 2 below 55)`. It says what
happened in this period, and never only that a level is kept from an earlier one.
"""

from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import Final

from hypertally.metrics.smart_money.formulas.playbook_matrix import Risk
from hypertally.metrics.smart_money.formulas.playbook_state import Latch, PlaybookState
from hypertally.metrics.smart_money.formulas.thresholds import (
    ACTING_MIN,
    DISPERSION_CALM_BELOW,
    ENTER_LONG,
    ENTER_SHORT,
    EXITS_CALM_BELOW,
    HOLD_PERIODS,
    TREND_PERIODS,
)
from hypertally.metrics.smart_money.formulas.v3.playbook_inputs import Inputs, stands_off

HELD: Final = "held (1 period)"
_CENT: Final = Decimal("0.01")


def danger(state: PlaybookState, inputs: Inputs) -> str | None:
    """What calls for Defensive, what happened now before what is calming down; None: nothing."""
    if stands_off(inputs):
        return "dispersion_high"
    if inputs.ecs.high:
        return "exits_high"
    if state.dispersion.high:
        value = inputs.dispersion
        chance = value is not None and value >= DISPERSION_CALM_BELOW and state.dispersion.calm
        words = "without a stand-off" if chance else f"below {DISPERSION_CALM_BELOW}"
        return _calming("dispersion", state.dispersion, words)
    if state.ecs.high:
        words = f"below {EXITS_CALM_BELOW}" if inputs.ecs.exposed else "without a holder"
        return _calming("exits", state.ecs, words)
    return None


def _calming(name: str, latch: Latch, words: str) -> str:
    return f"{name}_calming ({latch.calm} of {HOLD_PERIODS} {words})"


def unknown(inputs: Inputs) -> str:
    """Which input is unknown, and by how much."""
    if inputs.cas is None or inputs.dispersion is None:
        return f"too_few_active ({inputs.acting} of {ACTING_MIN})"
    if inputs.trend.direction is None:
        return f"trend_unknown ({inputs.trend_known} of {TREND_PERIODS} known)"
    return "nobody_held (0 wallets)"


def thin(inputs: Inputs) -> str:
    """How few wallets were seen."""
    return f"thin_coverage ({inputs.observed} of {inputs.wallets} seen)"


def below_entry(cas: Decimal, side: int) -> str:
    """What CAS lacks of the threshold at which its side is entered."""
    needed, rounding = (ENTER_LONG, ROUND_DOWN) if side > 0 else (ENTER_SHORT, ROUND_UP)
    return f"below_entry (CAS {cas.quantize(_CENT, rounding)}, {needed} needed)"


def entry_wait(periods: int, side: int) -> str:
    """How many periods a side has been called for."""
    edge = f"{ENTER_LONG} or more" if side > 0 else f"{ENTER_SHORT} or less"
    return f"entry_wait ({periods} of {HOLD_PERIODS} at {edge})"


def side_left(bias: str) -> str:
    """Which side was held before the opposite one was called for."""
    return f"side_left ({bias} before)"


def risk_wait(better: int) -> str:
    """How many periods on end have called for a better risk than the one that is kept."""
    return f"risk_wait ({better} of {HOLD_PERIODS} periods)"


def risk_improved(before: Risk, now: Risk) -> str:
    """Which step risk improved by, where the scores call for a better one still."""
    return f"risk_improved ({before} to {now})"
