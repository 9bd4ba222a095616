"""Playbooks, third version: a monotone matrix, and rules that say what happened.

    Long is entered by CAS >= 62 in two periods on end, and left below 57; Short mirrors it.
    High dispersion and exits end after two calm periods.
    Risk worsens at once and improves by one step after two periods that call for better.
    No-trade is immediate; between Long and Short lies a period of it.
    With an unknown input the playbook is kept for one period, and then No-trade / Defensive.

What the definition leaves open is as in the second version; a lock begins anew, but for the
latches.
"""

from decimal import Decimal

from msgspec.structs import replace

from hypertally.metrics.smart_money.formulas.consensus import Band, band
from hypertally.metrics.smart_money.formulas.playbook_matrix import (
    RISKS,
    SIDES,
    Advice,
    Bias,
    Level,
    NearMiss,
    Risk,
    Values,
    find_nearest_miss,
)
from hypertally.metrics.smart_money.formulas.playbook_state import PlaybookState, entry_side
from hypertally.metrics.smart_money.formulas.score_arithmetic import turn
from hypertally.metrics.smart_money.formulas.thresholds import (
    HOLD_PERIODS,
    LEAVE_LONG,
    LEAVE_SHORT,
)
from hypertally.metrics.smart_money.formulas.v3 import rules
from hypertally.metrics.smart_money.formulas.v3.flags import LOCKED_FLAGS, V3Flags, flags_of
from hypertally.metrics.smart_money.formulas.v3.matrix import look_up
from hypertally.metrics.smart_money.formulas.v3.playbook_inputs import (
    Inputs,
    compared_values,
    levels_of,
    update_latches,
)
from hypertally.metrics.smart_money.formulas.v3.settled import advise_when_settled, thresholds
from hypertally.records import Record


class V3Playbook(Record, frozen=True, kw_only=True):
    """The output for one coin and period."""

    bias: Bias
    risk: Risk
    rule: str
    nearest_miss: NearMiss | None  # None: no threshold alone would change it
    flags: V3Flags


class V3Step(Record, frozen=True, kw_only=True):
    """The playbook of a period, and the state that the next one begins with."""

    playbook: V3Playbook
    state: PlaybookState


def step_v3(before: PlaybookState, inputs: Inputs) -> V3Step:
    """Decide the playbook of one period."""
    state = update_latches(before, inputs)
    levels, values = levels_of(state, inputs), compared_values(inputs)
    flags = flags_of(state, inputs, levels)
    danger = rules.danger(state, inputs)
    if inputs.thin:
        return _thin(state, inputs, flags)
    called = None
    if danger is not None:
        called = Advice(bias="No-trade", risk="Defensive", rule=danger)
    elif levels.dispersion is not None and levels.ecs is not None:
        called = advise(state.bias, values, dispersion=levels.dispersion, ecs=levels.ecs)
    if called is None:
        return _unknown(state, inputs, flags)
    state = replace(state, unknown=0, entry=_entry(state.entry, values["cas"]))
    advice, state = _settle(state, called)
    return V3Step(
        playbook=_playbook(advice, _missed(before, inputs, advice), flags),
        state=replace(state, bias=advice.bias, risk=advice.risk),
    )


def locked_v3(before: PlaybookState, reason: str) -> V3Step:
    """The playbook of a period without a signal: No-trade / Defensive."""
    state = PlaybookState(
        dispersion=before.dispersion,
        ecs=before.ecs,
        ecs_long=before.ecs_long,
        ecs_short=before.ecs_short,
    )
    advice = Advice(bias="No-trade", risk="Defensive", rule=f"locked:{reason}")
    return V3Step(playbook=_playbook(advice, None, LOCKED_FLAGS), state=state)


def advise(bias: Bias, values: Values, *, dispersion: Level, ecs: Level) -> Advice | None:
    """The advice of the inputs, without any waiting; None: an input is unknown."""
    cas, direction = values["cas"], turn(values["trend"])
    if cas is None or direction is None:
        return None
    advice = look_up(_held_band(cas, bias), direction, dispersion=dispersion, ecs=ecs)
    if advice.bias not in {"No-trade", bias} and not entry_side(cas):
        rule = rules.below_entry(cas, SIDES[advice.bias])
        return Advice(bias="No-trade", risk="Reduced", rule=rule)
    return advice


def _held_band(cas: Decimal, bias: Bias) -> Band:
    """The band of CAS; a side that is held keeps its band until its leave threshold."""
    place = band(cas)
    if bias == "Long" and place == "neutral" and cas >= LEAVE_LONG:
        return "long"
    if bias == "Short" and place == "neutral" and cas <= LEAVE_SHORT:
        return "short"
    return place


def _settle(state: PlaybookState, called: Advice) -> tuple[Advice, PlaybookState]:
    """What of the advice is given now: entries and a better risk wait."""
    advice = _waited(state, called)
    risk, better = _risk(state, advice.risk)
    if risk != advice.risk:
        bias: Bias = "No-trade" if risk == "Defensive" else advice.bias
        advice = Advice(bias=bias, risk=risk, rule=rules.risk_wait(better))
    return advice, replace(state, better=better)


def _thin(state: PlaybookState, inputs: Inputs, flags: V3Flags) -> V3Step:
    risk: Risk = "Defensive" if state.risk == "Defensive" else "Reduced"
    after = replace(state, bias="No-trade", risk=risk, entry=0, better=0, unknown=0)
    advice = Advice(bias="No-trade", risk="Reduced", rule=rules.thin(inputs))
    return V3Step(playbook=_playbook(advice, None, flags), state=after)


def _unknown(state: PlaybookState, inputs: Inputs, flags: V3Flags) -> V3Step:
    """With an unknown input: keep the playbook for one period, then No-trade / Defensive."""
    advice = Advice(bias="No-trade", risk="Defensive", rule=rules.unknown(inputs))
    if not state.unknown:
        advice = Advice(bias=state.bias, risk=state.risk, rule=rules.HELD)
    after = replace(
        state,
        bias=advice.bias,
        risk=advice.risk,
        entry=0,
        better=0,
        unknown=state.unknown + 1,
    )
    return V3Step(playbook=_playbook(advice, None, flags), state=after)


def _entry(periods: int, cas: Decimal | None) -> int:
    side = entry_side(cas)
    if not side:
        return 0
    return periods + side if periods * side > 0 else side


def _waited(state: PlaybookState, called: Advice) -> Advice:
    """Delay an entry until its second period, and until the opposite side was left."""
    side, present = SIDES[called.bias], SIDES[state.bias]
    if not side or side == present or (not present and state.entry * side >= HOLD_PERIODS):
        return called
    rule = rules.side_left(state.bias) if present else rules.entry_wait(state.entry * side, side)
    return Advice(bias="No-trade", risk="Reduced", rule=rule)


def _risk(state: PlaybookState, called: Risk) -> tuple[Risk, int]:
    """The risk now, and how many periods in a row called for a better one."""
    place = RISKS.index(state.risk)
    if RISKS.index(called) >= place:
        return called, 0
    if state.better + 1 < HOLD_PERIODS:
        return state.risk, state.better + 1
    return RISKS[place - 1], 0


def _missed(before: PlaybookState, inputs: Inputs, advice: Advice) -> NearMiss | None:
    """The nearest threshold, or only the waiting, between this advice and other advice."""
    values = compared_values(inputs)
    if None in values.values():
        return None
    aim = advise_when_settled(before, inputs, values, advise=advise)
    if (aim.bias, aim.risk) != (advice.bias, advice.risk):
        return NearMiss(
            input="periods",
            threshold=Decimal(HOLD_PERIODS),
            distance=Decimal(1),
            bias=aim.bias,
            risk=aim.risk,
        )
    return find_nearest_miss(
        values,
        thresholds(inputs),
        lambda changed: advise_when_settled(before, inputs, changed, advise=advise),
    )


def _playbook(advice: Advice, nearest_miss: NearMiss | None, flags: V3Flags) -> V3Playbook:
    return V3Playbook(
        bias=advice.bias,
        risk=advice.risk,
        rule=advice.rule,
        nearest_miss=nearest_miss,
        flags=flags,
    )
