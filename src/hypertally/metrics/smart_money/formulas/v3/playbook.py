"""Playbooks, third version: a monotone matrix, and rules that say what happened.

    Long is entered by CAS >= 62 in two periods on end, and left below 57; Short mirrors it.
    High dispersion and exits end after two calm periods.
    Risk worsens at once and improves by one step after two periods that call for better.
    No-trade is immediate; between Long and Short lies a period of it.
    With an unknown input the playbook is kept for one period, and then No-trade / Defensive.

What the definition leaves open is as in the second version; a lock begins anew, but for the
latches.
"""

from msgspec.structs import replace

from hypertally.metrics.smart_money.formulas.playbook_matrix import (
    SIDES,
    Advice,
    Bias,
    NearMiss,
    Risk,
)
from hypertally.metrics.smart_money.formulas.playbook_state import (
    PlaybookState,
    compared_values,
    count_entry,
    find_miss,
    locked_state,
    settle_risk,
    thin_state,
    unknown_state,
)
from hypertally.metrics.smart_money.formulas.thresholds import HOLD_PERIODS
from hypertally.metrics.smart_money.formulas.v3 import rules
from hypertally.metrics.smart_money.formulas.v3.flags import LOCKED_FLAGS, V3Flags, flags_of
from hypertally.metrics.smart_money.formulas.v3.playbook_inputs import (
    Inputs,
    levels_of,
    update_latches,
)
from hypertally.metrics.smart_money.formulas.v3.settled import (
    advise,
    advise_when_settled,
    thresholds,
)
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
    if inputs.thin:
        return _thin(state, inputs, flags)
    danger = rules.danger(state, inputs)
    if danger is not None:
        called = Advice(bias="No-trade", risk="Defensive", rule=danger)
    else:
        called = advise(state.bias, values, dispersion=levels.dispersion, ecs=levels.ecs)
    if called is None:
        return _unknown(state, inputs, flags)
    state = replace(state, unknown=0, entry=count_entry(state.entry, values["cas"]))
    advice, state = _settle(state, called)
    nearest_miss = find_miss(
        values,
        thresholds(inputs),
        advice,
        settled=lambda changed: advise_when_settled(before, inputs, changed),
    )
    return V3Step(
        playbook=_playbook(advice, nearest_miss, flags),
        state=replace(state, bias=advice.bias, risk=advice.risk),
    )


def locked_v3(before: PlaybookState, reason: str) -> V3Step:
    """The playbook of a period without a signal: No-trade / Defensive."""
    advice = Advice(bias="No-trade", risk="Defensive", rule=f"locked:{reason}")
    return V3Step(playbook=_playbook(advice, None, LOCKED_FLAGS), state=locked_state(before))


def _settle(state: PlaybookState, called: Advice) -> tuple[Advice, PlaybookState]:
    """What of the advice is given now: entries and a better risk wait."""
    advice = _waited(state, called)
    risk, better = settle_risk(state, advice.risk)
    if risk != advice.risk:
        bias: Bias = "No-trade" if risk == "Defensive" else advice.bias
        waits = risk == state.risk
        rule = rules.risk_wait(better) if waits else rules.risk_improved(state.risk, risk)
        advice = Advice(bias=bias, risk=risk, rule=rule)
    return advice, replace(state, better=better)


def _thin(state: PlaybookState, inputs: Inputs, flags: V3Flags) -> V3Step:
    advice = Advice(bias="No-trade", risk="Reduced", rule=rules.thin(inputs))
    return V3Step(playbook=_playbook(advice, None, flags), state=thin_state(state))


def _unknown(state: PlaybookState, inputs: Inputs, flags: V3Flags) -> V3Step:
    """With an unknown input: keep the playbook for one period, then No-trade / Defensive."""
    advice = Advice(bias="No-trade", risk="Defensive", rule=rules.unknown(inputs))
    if not state.unknown:
        advice = Advice(bias=state.bias, risk=state.risk, rule=rules.HELD)
    return V3Step(playbook=_playbook(advice, None, flags), state=unknown_state(state, advice))


def _waited(state: PlaybookState, called: Advice) -> Advice:
    """Delay an entry until its second period, and until the opposite side was left."""
    side, present = SIDES[called.bias], SIDES[state.bias]
    if not side or side == present or (not present and state.entry * side >= HOLD_PERIODS):
        return called
    rule = rules.side_left(state.bias) if present else rules.entry_wait(state.entry * side, side)
    return Advice(bias="No-trade", risk="Reduced", rule=rule)


def _playbook(advice: Advice, nearest_miss: NearMiss | None, flags: V3Flags) -> V3Playbook:
    return V3Playbook(
        bias=advice.bias,
        risk=advice.risk,
        rule=advice.rule,
        nearest_miss=nearest_miss,
        flags=flags,
    )
