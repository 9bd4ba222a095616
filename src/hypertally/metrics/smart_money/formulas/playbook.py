"""Playbooks, second version: the matrix for both sides, with hysteresis.

    Long is entered by CAS >= 62 in two periods on end, and left below 57; Short mirrors it.
    High Dispersion and exits end after two periods below 55 and 20.
    Risk worsens at once and improves by one step after two periods that call for better.
    No-trade is immediate; between Long and Short lies a period of it.

What the definition leaves open: an override that fires by what is known needs no other input; a
hold changes nothing but breaks every count of periods; between the band's edge and the threshold of
entry the answer is No-trade / Reduced, and so while an entry waits; no side is entered or held at
Defensive risk; the beginning is No-trade / Defensive; thin coverage (80 to 90%) shows No-trade /
Reduced at once, but does not improve the risk that is carried on; a lock begins anew, but for the
latches. A flag is unknown where no known input decides it.
"""

from decimal import Decimal

from msgspec.structs import replace

from hypertally.metrics.smart_money.formulas.playbook_flags import (
    NO_FLAGS,
    Flags,
    flags_of,
    levels_of,
)
from hypertally.metrics.smart_money.formulas.playbook_matrix import (
    RISKS,
    SIDES,
    Advice,
    NearMiss,
    Playbook,
    Risk,
    find_nearest_miss,
)
from hypertally.metrics.smart_money.formulas.playbook_state import (
    UNKNOWN,
    PlaybookInputs,
    PlaybookState,
    compared_thresholds,
    compared_values,
    decide,
    decide_when_settled,
    entry_side,
    update_latches,
)
from hypertally.metrics.smart_money.formulas.score_arithmetic import V2, Trend
from hypertally.metrics.smart_money.formulas.scores import Scores
from hypertally.metrics.smart_money.formulas.thresholds import HOLD_PERIODS
from hypertally.records import Record

THIN = Advice(bias="No-trade", risk="Reduced", rule="thin_coverage")


class Step(Record, frozen=True, kw_only=True):
    """The playbook of a period, and the state that the next one begins with."""

    playbook: Playbook
    state: PlaybookState


def playbook_inputs(scores: Scores, trend: Trend, *, thin: bool = False) -> PlaybookInputs:
    """Collect the inputs from the scores of a period."""
    return PlaybookInputs(
        cas=scores.cas.score.value,
        trend=trend,
        dispersion=scores.dispersion.value,
        ecs=scores.ecs,
        ecs_long=scores.ecs_long,
        ecs_short=scores.ecs_short,
        thin=thin,
    )


def step(before: PlaybookState, inputs: PlaybookInputs) -> Step:
    """Decide the playbook of one period."""
    state = update_latches(before, inputs)
    levels, values = levels_of(state, inputs), compared_values(inputs)
    flags = flags_of(inputs, levels)
    if inputs.thin:
        return _thin(state, flags)
    called = decide(state, values, dispersion=levels.dispersion, ecs=levels.ecs)
    if called is None:
        return _unknown(state, flags)
    state = replace(state, unknown=0, entry=_entry(state.entry, values["cas"]))
    advice = _waited(state, called)
    risk, better = _risk(state, advice.risk)
    if SIDES[advice.bias] and risk == "Defensive":
        advice = Advice(bias="No-trade", risk=risk, rule="risk_wait")
    advice = replace(advice, risk=risk)
    nearest_miss = _missed(before, inputs, advice)
    after = replace(state, bias=advice.bias, risk=risk, better=better)
    return Step(playbook=_playbook(advice, nearest_miss, flags), state=after)


def locked(before: PlaybookState, reason: str) -> Step:
    """The playbook of a period without a signal: No-trade / Defensive."""
    state = PlaybookState(
        dispersion=before.dispersion,
        ecs=before.ecs,
        ecs_long=before.ecs_long,
        ecs_short=before.ecs_short,
    )
    advice = Advice(bias="No-trade", risk="Defensive", rule=f"locked:{reason}")
    return Step(playbook=_playbook(advice, None, NO_FLAGS), state=state)


def _thin(state: PlaybookState, flags: Flags) -> Step:
    risk: Risk = "Defensive" if state.risk == "Defensive" else "Reduced"
    after = replace(state, bias="No-trade", risk=risk, entry=0, better=0, unknown=0)
    return Step(playbook=_playbook(THIN, None, flags), state=after)


def _unknown(state: PlaybookState, flags: Flags) -> Step:
    """With an unknown input: keep the playbook for one period, then No-trade / Defensive."""
    advice = UNKNOWN if state.unknown else Advice(bias=state.bias, risk=state.risk, rule="held")
    after = replace(
        state,
        bias=advice.bias,
        risk=advice.risk,
        entry=0,
        better=0,
        unknown=state.unknown + 1,
    )
    return Step(playbook=_playbook(advice, None, flags), state=after)


def _entry(periods: int, cas: Decimal | None) -> int:
    side = entry_side(cas)
    if not side:
        return 0
    return periods + side if periods * side > 0 else side


def _waited(state: PlaybookState, called: Advice) -> Advice:
    """Delay an entry until its second period, and until the opposite side was left."""
    side, held = SIDES[called.bias], SIDES[state.bias]
    if not side or side == held:
        return called
    if held or state.entry * side < HOLD_PERIODS:
        return Advice(bias="No-trade", risk="Reduced", rule="entry_wait")
    return called


def _risk(state: PlaybookState, called: Risk) -> tuple[Risk, int]:
    """The risk now, and how many periods in a row called for a better one."""
    held = RISKS.index(state.risk)
    if RISKS.index(called) >= held:
        return called, 0
    if state.better + 1 < HOLD_PERIODS:
        return state.risk, state.better + 1
    return RISKS[held - 1], 0


def _missed(before: PlaybookState, inputs: PlaybookInputs, advice: Advice) -> NearMiss | None:
    """The nearest threshold, or only the waiting, between this advice and other advice."""
    values = compared_values(inputs)
    if None in values.values():
        return None
    aim = decide_when_settled(before, inputs, values)
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
        compared_thresholds(inputs),
        lambda changed: decide_when_settled(before, inputs, changed),
    )


def _playbook(
    advice: Advice,
    nearest_miss: NearMiss | None,
    flags: Flags,
) -> Playbook:
    return Playbook(
        definition=V2,
        bias=advice.bias,
        risk=advice.risk,
        rule=advice.rule,
        nearest_miss=nearest_miss,
        add_exposure_long=flags.add_exposure_long,
        add_exposure_short=flags.add_exposure_short,
        tighten_stops_long=flags.tighten_stops_long,
        tighten_stops_short=flags.tighten_stops_short,
    )
