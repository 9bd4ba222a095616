"""Hysteresis: the state that a playbook carries between periods, and how a period changes it.

What the definition leaves open: ECS of a side is latched as ECS is; a score that is unknown keeps
its latch and breaks its count of calm periods; above 25 without significance ECS is Medium.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal

from msgspec.structs import replace

from hypertally.metrics.smart_money.formulas.consensus import Band, band
from hypertally.metrics.smart_money.formulas.exits import Exits
from hypertally.metrics.smart_money.formulas.playbook_matrix import (
    RISKS,
    Advice,
    Bias,
    Level,
    NearMiss,
    Risk,
    Values,
    find_nearest_miss,
)
from hypertally.metrics.smart_money.formulas.score_arithmetic import Trend
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


def latch_state(
    state: PlaybookState, inputs: PlaybookInputs, *, stands_off: bool, calm: bool
) -> PlaybookState:
    """Copy the state with its latches updated, that of dispersion by what this period is."""
    return replace(
        state,
        dispersion=_latched(state.dispersion, enters=stands_off, calm=calm),
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
    """The dispersion level; `high` is whether it is High, now or by its latch."""
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


def exits_high_at(exits: Exits, ecs: Decimal | None) -> bool | None:
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


def held_band(cas: Decimal, bias: Bias) -> Band:
    """The band of CAS; a side that is held keeps its band until its leave threshold."""
    place = band(cas)
    if bias == "Long" and place == "neutral" and cas >= LEAVE_LONG:
        return "long"
    if bias == "Short" and place == "neutral" and cas <= LEAVE_SHORT:
        return "short"
    return place


def count_entry(periods: int, cas: Decimal | None) -> int:
    """How many periods on end CAS has been beyond a threshold of entry, this one included."""
    side = entry_side(cas)
    if not side:
        return 0
    return periods + side if periods * side > 0 else side


def settle_risk(state: PlaybookState, called: Risk) -> tuple[Risk, int]:
    """The risk now, and how many periods in a row called for a better one."""
    place = RISKS.index(state.risk)
    if RISKS.index(called) >= place:
        return called, 0
    if state.better + 1 < HOLD_PERIODS:
        return state.risk, state.better + 1
    return RISKS[place - 1], 0


def thin_state(state: PlaybookState) -> PlaybookState:
    """The state that a period of thin coverage leaves: no side, and no better risk."""
    risk: Risk = "Defensive" if state.risk == "Defensive" else "Reduced"
    return replace(state, bias="No-trade", risk=risk, entry=0, better=0, unknown=0)


def unknown_state(state: PlaybookState, advice: Advice) -> PlaybookState:
    """The state that a period with an unknown input leaves: every count begins anew."""
    return replace(
        state,
        bias=advice.bias,
        risk=advice.risk,
        entry=0,
        better=0,
        unknown=state.unknown + 1,
    )


def locked_state(state: PlaybookState) -> PlaybookState:
    """The state that a lock leaves: a new one with the latches of the old."""
    return PlaybookState(
        dispersion=state.dispersion,
        ecs=state.ecs,
        ecs_long=state.ecs_long,
        ecs_short=state.ecs_short,
    )


def find_miss(
    values: Values,
    thresholds: Mapping[str, tuple[Decimal, ...]],
    advice: Advice,
    *,
    settled: Callable[[Values], Advice],
) -> NearMiss | None:
    """The nearest threshold, or only the waiting, between this advice and other advice."""
    if None in values.values():
        return None
    aim = settled(values)
    if (aim.bias, aim.risk) == (advice.bias, advice.risk):
        return find_nearest_miss(values, thresholds, settled)
    return NearMiss(
        input="periods",
        threshold=Decimal(HOLD_PERIODS),
        distance=Decimal(1),
        bias=aim.bias,
        risk=aim.risk,
    )
