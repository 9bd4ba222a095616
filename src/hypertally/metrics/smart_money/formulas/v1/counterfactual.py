"""The counterfactual of version 1: its result for a period with some of its faults corrected.

With no fault corrected this is its stored result; with all, the band that version 2 stored, and its
playbook apart from the state that version 2 carries. All is computed from the stored rows.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Any, Literal, TypeVar, get_args

from hypertally.metrics.smart_money.formulas.consensus import (
    Band,
    band,
    clamp,
    dispersion_level,
    unclamped_cas,
)
from hypertally.metrics.smart_money.formulas.playbook_matrix import (
    BANDS,
    TURNS,
    Bias,
    Level,
    Risk,
    look_up_advice,
)
from hypertally.metrics.smart_money.formulas.playbook_state import exits_level
from hypertally.metrics.smart_money.formulas.score_arithmetic import (
    FORMING,
    Direction,
    percent,
    ratio,
    rounded,
)
from hypertally.metrics.smart_money.formulas.thresholds import (
    EXITS_HIGH_ABOVE,
    V1_CAP,
    V1_CAP_ABOVE,
    V1_MISSING_MAX,
    V1_MISSING_NORMAL,
    V1_TREND_RULE_ABOVE,
)
from hypertally.metrics.smart_money.formulas.v1.counts import (
    ADDER_LONG,
    ADDER_SHORT,
    COUNTED,
    REDUCER,
)
from hypertally.metrics.smart_money.formulas.v1.playbook import v1_exit_level
from hypertally.metrics.smart_money.formulas.v1.scores import v1_band
from hypertally.metrics.smart_money.formulas.wallet_moves import ADDS_LONG, ADDS_SHORT
from hypertally.records import Record

Row = Mapping[str, Any]
T = TypeVar("T")
Fault = Literal[
    "near_zero",
    "denominator",
    "exits_counted",
    "exits_over_all",
    "exits_unproven",
    "exits_edge",
    "one_sided_cap",
    "band_edges",
    "activity_as_dispersion",
    "trend_of_its_own",
    "one_sided_trend",
    "unknown_shown",
]
FAULTS: tuple[Fault, ...] = get_args(Fault)
BiasAndRisk = tuple[Bias, Risk]


class Figures(Record, frozen=True, kw_only=True):
    """The stored figures of both versions for one period; `v1_` marks those of version 1."""

    v1_long: int  # wallets that took on more long
    v1_short: int
    long: int
    short: int
    wallets: int
    total: int  # of them with a state: what the first version divides by
    reducers: int
    left: int
    exposed: int  # what the second version divides exits by
    high: bool | None  # exits, as the second version judges them
    v1_cas: Decimal
    cas: Decimal | None
    v1_dispersion: Decimal
    dispersion: Decimal | None
    v1_trend: Direction
    trend: Direction | None

    @property
    def acting(self) -> int:
        """Wallets that took on more of a side."""
        return self.long + self.short


class Conclusion(Record, frozen=True, kw_only=True):
    """A band and a playbook; None where a score it needs is unknown."""

    band: Band | None
    playbook: BiasAndRisk | None


def collect_figures(v1: Row, v2: Row) -> Figures:
    """The figures of two rows of metrics.signals that are not locked."""
    states, classes, exits = v1["counts"], v2["counts"], v2["exits"].get("all", {})
    return Figures(
        v1_long=states.get(ADDER_LONG, 0),
        v1_short=states.get(ADDER_SHORT, 0),
        long=sum(classes.get(name, 0) for name in ADDS_LONG),
        short=sum(classes.get(name, 0) for name in ADDS_SHORT),
        wallets=sum(states.values()),
        total=sum(states.get(state, 0) for state in COUNTED),
        reducers=states.get(REDUCER, 0),
        left=exits.get("left", 0),
        exposed=exits.get("exposed", 0),
        high=exits.get("high"),
        v1_cas=v1["cas"],
        cas=v2["cas"],
        v1_dispersion=v1["dispersion"],
        dispersion=v2["dispersion"],
        v1_trend=v1["trend"],
        trend=v2["trend"],
    )


def replay_v1(figures: Figures, corrected: AbstractSet[Fault]) -> Conclusion:
    """Compute the result of version 1 with these faults corrected."""
    ecs = ecs_of(figures, corrected)
    cas = _cas(figures, corrected, ecs)
    cas_band = None
    if cas is not None:
        cas_band = band(cas) if "band_edges" in corrected else v1_band(cas)
    decided = None if "unknown_shown" in corrected else _decide_by_missing(figures)
    return Conclusion(
        band=cas_band, playbook=decided or _decide(figures, corrected, cas, ecs, cas_band)
    )


def ecs_of(figures: Figures, corrected: AbstractSet[Fault]) -> Decimal | None:
    """ECS with these faults corrected."""
    left = figures.left if "exits_counted" in corrected else figures.reducers
    among = figures.exposed if "exits_over_all" in corrected else figures.total
    return percent(left, among) if among else None


def _cas(figures: Figures, corrected: AbstractSet[Fault], ecs: Decimal | None) -> Decimal | None:
    if figures.cas is None:
        return None if "unknown_shown" in corrected else figures.v1_cas
    long, short = figures.v1_long, figures.v1_short
    if "near_zero" in corrected:
        long, short = figures.long, figures.short
    value = (
        unclamped_cas(long, short)
        if "denominator" in corrected
        else _lean_of_all(figures, long, short)
    )
    if ecs is None or ecs <= V1_CAP_ABOVE:
        return value
    return clamp(value) if "one_sided_cap" in corrected else min(value, V1_CAP)


def _lean_of_all(figures: Figures, long: int, short: int) -> Decimal:
    return rounded(FORMING.divide(50 * (figures.total + long - short), figures.total))


def _decide_by_missing(figures: Figures) -> BiasAndRisk | None:
    unseen = figures.wallets - figures.total
    share = ratio(unseen, figures.wallets) if figures.wallets else Decimal(1)
    if not figures.total or share > V1_MISSING_MAX:
        return "No-trade", "Defensive"
    return ("No-trade", "Reduced") if share > V1_MISSING_NORMAL else None


def _decide(
    figures: Figures,
    corrected: AbstractSet[Fault],
    cas: Decimal | None,
    ecs: Decimal | None,
    cas_band: Band | None,
) -> BiasAndRisk | None:
    """The playbook, by the rules in the order of both versions."""
    dispersion = _known(
        figures.v1_dispersion, figures.dispersion, "activity_as_dispersion", corrected
    )
    split = None if dispersion is None else dispersion_level(dispersion)
    exits = _exits_level(figures, corrected, ecs)
    if "high" in {split, exits}:
        return "No-trade", "Defensive"
    direction: Direction | None = _known(
        figures.v1_trend, figures.trend, "trend_of_its_own", corrected
    )
    if cas is None or cas_band is None or direction is None or split is None or exits is None:
        return None
    against = direction == "falling" and cas > V1_TREND_RULE_ABOVE
    if "one_sided_trend" in corrected:
        against = TURNS[direction] * BANDS[cas_band] < 0
    if against:
        return "No-trade", "Reduced"
    advice = look_up_advice(cas_band, direction, split, exits)
    return advice.bias, advice.risk


def _known(v1: T, v2: T | None, fault: Fault, corrected: AbstractSet[Fault]) -> T | None:
    """The figure of version 1, or of version 2 where the fault is corrected."""
    if v2 is None:
        return None if "unknown_shown" in corrected else v1
    return v2 if fault in corrected else v1


def _exits_level(
    figures: Figures, corrected: AbstractSet[Fault], ecs: Decimal | None
) -> Level | None:
    high: bool | None = ecs is not None and ecs > EXITS_HIGH_ABOVE
    high = figures.high if high and "exits_unproven" in corrected else high
    if ecs is not None and high is False and "exits_edge" not in corrected:
        return v1_exit_level(ecs)
    return exits_level(ecs, high=high)
