"""Hysteresis: the state a playbook carries between periods, and the advice its inputs lead to.

What the definition leaves open: ECS of a side is latched as ECS is; a score that is unknown keeps
its latch and breaks its count of calm periods; above 25 without significance ECS is Medium.
"""

from collections.abc import Mapping
from decimal import Decimal

from hypertally.metrics.smart_money.formulas.consensus import Band, band
from hypertally.metrics.smart_money.formulas.exits import Exits
from hypertally.metrics.smart_money.formulas.playbook_matrix import (
    BANDS,
    TURNS,
    Advice,
    Bias,
    Level,
    Risk,
    Values,
    look_up_advice,
)
from hypertally.metrics.smart_money.formulas.score_arithmetic import Direction, Trend, turn
from hypertally.metrics.smart_money.formulas.thresholds import (
    DISPERSION_CALM_BELOW,
    DISPERSION_HIGH_FROM,
    DISPERSION_LOW_BELOW,
    ENTER_LONG,
    ENTER_SHORT,
    EXITS_CALM_BELOW,
    EXITS_HIGH_ABOVE,
    EXITS_LOW_TO,
    HOLD_PERIODS,
    LEAVE_LONG,
    LEAVE_SHORT,
    LONG_FROM,
    SHORT_TO,
    STRONG_LONG_FROM,
    STRONG_SHORT_TO,
    TREND_DEAD_ZONE,
)
from hypertally.records import Record

UNKNOWN = Advice(bias="No-trade", risk="Defensive", rule="unknown_input")


class Latch(Record, frozen=True, kw_only=True):
    """A level that becomes High at once and ends after two calm periods."""

    high: bool = False
    calm: int = 0  # periods on end


class PlaybookState(Record, frozen=True, kw_only=True):
    """The state that a period passes to the next one."""

    bias: Bias = "No-trade"
    risk: Risk = "Defensive"
    entry: int = 0  # periods on end at or beyond a threshold of entry; negative: of Short
    better: int = 0  # periods on end that called for a better risk
    unknown: int = 0  # periods on end with an unknown input
    dispersion: Latch = Latch()
    ecs: Latch = Latch()
    ecs_long: Latch = Latch()
    ecs_short: Latch = Latch()


class PlaybookInputs(Record, frozen=True, kw_only=True):
    """The scores of a period that the playbook is decided by."""

    cas: Decimal | None
    trend: Trend
    dispersion: Decimal | None
    ecs: Exits
    ecs_long: Exits
    ecs_short: Exits
    thin: bool = False  # coverage of 80 to 90%


def compared_values(inputs: PlaybookInputs) -> Values:
    """The values that thresholds are compared with, by input."""
    return {
        "cas": inputs.cas,
        "trend": inputs.trend.change,
        "dispersion": inputs.dispersion,
        "ecs": inputs.ecs.score.value,
    }


def compared_thresholds(inputs: PlaybookInputs) -> Mapping[str, tuple[Decimal, ...]]:
    """The thresholds of each input; that of High ECS depends on the number of exposed wallets."""
    high_from = inputs.ecs.high_from
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
        "dispersion": (DISPERSION_LOW_BELOW, DISPERSION_CALM_BELOW, DISPERSION_HIGH_FROM),
        "ecs": (EXITS_LOW_TO, EXITS_CALM_BELOW, *(() if high_from is None else (high_from,))),
    }


def update_latches(state: PlaybookState, inputs: PlaybookInputs) -> PlaybookState:
    """Copy the state with its latches updated by this period."""
    value = inputs.dispersion
    return PlaybookState(
        bias=state.bias,
        risk=state.risk,
        entry=state.entry,
        better=state.better,
        unknown=state.unknown,
        dispersion=_latched(
            state.dispersion,
            enters=value is not None and value >= DISPERSION_HIGH_FROM,
            calm=value is not None and value < DISPERSION_CALM_BELOW,
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


def dispersion_level(value: Decimal | None, *, high: bool) -> Level | None:
    """The dispersion level; `high` is whether the latch is High."""
    if high:
        return "high"
    if value is None:
        return None
    return "low" if value < DISPERSION_LOW_BELOW else "medium"


def exits_level(value: Decimal | None, *, high: bool | None) -> Level | None:
    """The exits level; `high` is whether exits are High, None when unknown."""
    if high:
        return "high"
    if value is None or high is None:
        return None
    return "low" if value <= EXITS_LOW_TO else "medium"


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
    place = _band(cas, state.bias)
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
    high = _high_at(inputs.ecs, ecs) or (
        state.ecs.high and ecs is not None and ecs >= EXITS_CALM_BELOW
    )
    advice = decide(
        state,
        values,
        dispersion=dispersion_level(dispersion, high=split),
        ecs=exits_level(ecs, high=high),
    )
    return advice or UNKNOWN


def _high_at(exits: Exits, ecs: Decimal | None) -> bool | None:
    """Whether ECS would be High at this value, with the same number of exposed wallets."""
    if ecs == exits.score.value:
        return exits.high
    if exits.high_from is not None:
        return ecs is not None and ecs >= exits.high_from
    return exits.high if ecs is not None and ecs > EXITS_HIGH_ABOVE else False


def entry_side(cas: Decimal | None) -> int:
    """1 at a CAS that enters Long, -1 at one that enters Short."""
    if cas is None:
        return 0
    return (cas >= ENTER_LONG) - (cas <= ENTER_SHORT)


def _band(cas: Decimal, bias: Bias) -> Band:
    """The band of CAS; a side that is held keeps its band until its leave threshold."""
    place = band(cas)
    if bias == "Long" and place == "neutral" and cas >= LEAVE_LONG:
        return "long"
    if bias == "Short" and place == "neutral" and cas <= LEAVE_SHORT:
        return "short"
    return place


def _against(place: Band, direction: Direction) -> bool:
    return TURNS[direction] * BANDS[place] < 0
