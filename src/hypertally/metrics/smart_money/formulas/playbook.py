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
    Answer,
    Missed,
    Playbook,
    Risk,
    nearest_missed,
)
from hypertally.metrics.smart_money.formulas.playbook_state import (
    PERIODS,
    UNKNOWN,
    Reading,
    State,
    call,
    carry,
    entry_of,
    settled,
    thresholds_of,
    values_of,
)
from hypertally.metrics.smart_money.formulas.score_arithmetic import SECOND, Trend
from hypertally.metrics.smart_money.formulas.scores import Scores
from hypertally.records import Record

THIN = Answer(bias="No-trade", risk="Reduced", rule="thin_coverage")


class Step(Record, frozen=True, kw_only=True):
    """The output of a period, and what the next one begins with."""

    playbook: Playbook
    state: State


def reading_of(scores: Scores, trend: Trend, *, thin: bool = False) -> Reading:
    """From the scores of a period."""
    return Reading(
        cas=scores.cas.score.value,
        trend=trend,
        dispersion=scores.dispersion.value,
        ecs=scores.ecs,
        ecs_long=scores.ecs_long,
        ecs_short=scores.ecs_short,
        thin=thin,
    )


def step(before: State, reading: Reading) -> Step:
    """The output of one period."""
    state = carry(before, reading)
    levels, values = levels_of(state, reading), values_of(reading)
    flags = flags_of(reading, levels)
    if reading.thin:
        return _thin(state, flags)
    called = call(state, values, dispersion=levels.dispersion, ecs=levels.ecs)
    if called is None:
        return _unknown(state, flags)
    state = replace(state, unknown=0, entry=_entry(state.entry, values["cas"]))
    answer = _waited(state, called)
    risk, better = _risk(state, answer.risk)
    if SIDES[answer.bias] and risk == "Defensive":
        answer = Answer(bias="No-trade", risk=risk, rule="risk_wait")
    answer = replace(answer, risk=risk)
    missed = _missed(before, reading, answer)
    after = replace(state, bias=answer.bias, risk=risk, better=better)
    return Step(playbook=_playbook(answer, missed, flags), state=after)


def locked(before: State, reason: str) -> Step:
    """The output of a period without a signal: masked, No-trade / Defensive."""
    state = State(
        dispersion=before.dispersion,
        ecs=before.ecs,
        ecs_long=before.ecs_long,
        ecs_short=before.ecs_short,
    )
    answer = Answer(bias="No-trade", risk="Defensive", rule=f"locked:{reason}")
    return Step(playbook=_playbook(answer, None, NO_FLAGS), state=state)


def _thin(state: State, flags: Flags) -> Step:
    risk: Risk = "Defensive" if state.risk == "Defensive" else "Reduced"
    after = replace(state, bias="No-trade", risk=risk, entry=0, better=0, unknown=0)
    return Step(playbook=_playbook(THIN, None, flags), state=after)


def _unknown(state: State, flags: Flags) -> Step:
    """Hold one period, then No-trade / Defensive."""
    answer = UNKNOWN if state.unknown else Answer(bias=state.bias, risk=state.risk, rule="held")
    after = replace(
        state,
        bias=answer.bias,
        risk=answer.risk,
        entry=0,
        better=0,
        unknown=state.unknown + 1,
    )
    return Step(playbook=_playbook(answer, None, flags), state=after)


def _entry(periods: int, cas: Decimal | None) -> int:
    side = entry_of(cas)
    if not side:
        return 0
    return periods + side if periods * side > 0 else side


def _waited(state: State, called: Answer) -> Answer:
    """An entry waits for its second period, and for the other side to be left."""
    side, held = SIDES[called.bias], SIDES[state.bias]
    if not side or side == held:
        return called
    if held or state.entry * side < PERIODS:
        return Answer(bias="No-trade", risk="Reduced", rule="entry_wait")
    return called


def _risk(state: State, called: Risk) -> tuple[Risk, int]:
    """The risk and the count of periods that called for better."""
    held = RISKS.index(state.risk)
    if RISKS.index(called) >= held:
        return called, 0
    if state.better + 1 < PERIODS:
        return state.risk, state.better + 1
    return RISKS[held - 1], 0


def _missed(before: State, reading: Reading, answer: Answer) -> Missed | None:
    """The nearest threshold, or nothing but time, between this answer and another."""
    values = values_of(reading)
    if None in values.values():
        return None
    aim = settled(before, reading, values)
    if (aim.bias, aim.risk) != (answer.bias, answer.risk):
        return Missed(
            input="periods",
            threshold=Decimal(PERIODS),
            distance=Decimal(1),
            bias=aim.bias,
            risk=aim.risk,
        )
    return nearest_missed(
        values, thresholds_of(reading), lambda changed: settled(before, reading, changed)
    )


def _playbook(
    answer: Answer,
    missed: Missed | None,
    flags: Flags,
) -> Playbook:
    return Playbook(
        definition=SECOND,
        bias=answer.bias,
        risk=answer.risk,
        rule=answer.rule,
        missed=missed,
        add_exposure_long=flags.add_exposure_long,
        add_exposure_short=flags.add_exposure_short,
        tighten_stops_long=flags.tighten_stops_long,
        tighten_stops_short=flags.tighten_stops_short,
    )
