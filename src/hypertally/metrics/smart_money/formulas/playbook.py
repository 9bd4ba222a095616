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

from msgspec.structs import replace

from hypertally.metrics.smart_money.formulas.consensus import Band
from hypertally.metrics.smart_money.formulas.playbook_flags import (
    NO_FLAGS,
    Flags,
    flags_of,
    levels_of,
)
from hypertally.metrics.smart_money.formulas.playbook_matrix import (
    BANDS,
    SIDES,
    TURNS,
    Advice,
    Level,
    NearMiss,
    Playbook,
    Values,
    look_up_advice,
)
from hypertally.metrics.smart_money.formulas.playbook_state import (
    UNKNOWN,
    PlaybookInputs,
    PlaybookState,
    compared_thresholds,
    compared_values,
    count_entry,
    dispersion_level,
    entry_side,
    exits_high_at,
    exits_level,
    find_miss,
    held_band,
    latch_state,
    locked_state,
    settle_risk,
    thin_state,
    unknown_state,
)
from hypertally.metrics.smart_money.formulas.score_arithmetic import V2, Direction, Trend, turn
from hypertally.metrics.smart_money.formulas.scores import Scores
from hypertally.metrics.smart_money.formulas.thresholds import (
    DISPERSION_CALM_BELOW,
    DISPERSION_HIGH_FROM,
    EXITS_CALM_BELOW,
    HOLD_PERIODS,
)
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
    state = replace(state, unknown=0, entry=count_entry(state.entry, values["cas"]))
    advice = _waited(state, called)
    risk, better = settle_risk(state, advice.risk)
    if SIDES[advice.bias] and risk == "Defensive":
        advice = Advice(bias="No-trade", risk=risk, rule="risk_wait")
    advice = replace(advice, risk=risk)
    nearest_miss = find_miss(
        values,
        compared_thresholds(inputs),
        advice,
        settled=lambda changed: decide_when_settled(before, inputs, changed),
    )
    after = replace(state, bias=advice.bias, risk=risk, better=better)
    return Step(playbook=_playbook(advice, nearest_miss, flags), state=after)


def locked(before: PlaybookState, reason: str) -> Step:
    """The playbook of a period without a signal: No-trade / Defensive."""
    advice = Advice(bias="No-trade", risk="Defensive", rule=f"locked:{reason}")
    return Step(playbook=_playbook(advice, None, NO_FLAGS), state=locked_state(before))


def _thin(state: PlaybookState, flags: Flags) -> Step:
    return Step(playbook=_playbook(THIN, None, flags), state=thin_state(state))


def _unknown(state: PlaybookState, flags: Flags) -> Step:
    """With an unknown input: keep the playbook for one period, then No-trade / Defensive."""
    advice = UNKNOWN if state.unknown else Advice(bias=state.bias, risk=state.risk, rule="held")
    return Step(playbook=_playbook(advice, None, flags), state=unknown_state(state, advice))


def update_latches(state: PlaybookState, inputs: PlaybookInputs) -> PlaybookState:
    """Copy the state with its latches updated by this period."""
    value = inputs.dispersion
    return latch_state(
        state,
        inputs,
        stands_off=value is not None and value >= DISPERSION_HIGH_FROM,
        calm=value is not None and value < DISPERSION_CALM_BELOW,
    )


def decide(
    state: PlaybookState, values: Values, *, dispersion: Level | None, ecs: Level | None
) -> Advice | None:
    """The advice of the inputs, without any waiting; None: too many inputs are unknown."""
    if dispersion == "high":
        return Advice(bias="No-trade", risk="Defensive", rule="dispersion_high")
    if ecs == "high":
        return Advice(bias="No-trade", risk="Defensive", rule="exits_high")
    cas, direction = values["cas"], turn(values["trend"])
    if cas is None or direction is None or dispersion is None or ecs is None:
        return None
    place = held_band(cas, state.bias)
    if _against(place, direction):
        return Advice(bias="No-trade", risk="Reduced", rule="trend_against")
    advice = look_up_advice(place, direction, dispersion, ecs)
    if advice.bias not in {"No-trade", state.bias} and not entry_side(cas):
        return Advice(bias="No-trade", risk="Reduced", rule="entry_threshold")
    return advice


def decide_when_settled(state: PlaybookState, inputs: PlaybookInputs, values: Values) -> Advice:
    """The advice of the inputs if every level had held for its full number of periods."""
    dispersion, ecs = values["dispersion"], values["ecs"]
    split = dispersion is not None and (
        dispersion >= DISPERSION_HIGH_FROM
        or (state.dispersion.high and dispersion >= DISPERSION_CALM_BELOW)
    )
    high = exits_high_at(inputs.ecs, ecs) or (
        state.ecs.high and ecs is not None and ecs >= EXITS_CALM_BELOW
    )
    advice = decide(
        state,
        values,
        dispersion=dispersion_level(dispersion, high=split),
        ecs=exits_level(ecs, high=high),
    )
    return advice or UNKNOWN


def _against(place: Band, direction: Direction) -> bool:
    return TURNS[direction] * BANDS[place] < 0


def _waited(state: PlaybookState, called: Advice) -> Advice:
    """Delay an entry until its second period, and until the opposite side was left."""
    side, held = SIDES[called.bias], SIDES[state.bias]
    if not side or side == held:
        return called
    if held or state.entry * side < HOLD_PERIODS:
        return Advice(bias="No-trade", risk="Reduced", rule="entry_wait")
    return called


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
