"""Differences: the faults of version 1 that explain why version 2 differs in a period.

A fault contributes if correcting it alone changes the result of version 1, or if the result changes
when it is the only fault left uncorrected. The remaining differences come from the state that
version 2 carries: it enters, calms down and improves over periods.
"""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Any, Literal

from hypertally.metrics.smart_money.formulas.consensus import THIN
from hypertally.metrics.smart_money.formulas.v1.counterfactual import (
    FAULTS,
    Conclusion,
    Fault,
    Figures,
    Row,
    collect_figures,
    ecs_of,
    replay_v1,
)
from hypertally.metrics.smart_money.unknown_reasons import explain_reason
from hypertally.records import Record

Part = Literal["band", "playbook"]
CENT = Decimal("0.01")
MISSING_RULES = {"missing_over_10": "over 10%", "missing_over_25": "over 25%"}
# What the second version's playbook says that does not follow from its scores of the period alone.
MEMORY_RULES: Mapping[str, str] = {
    "entry_wait": "v2 enters a side in the second period that advises it",
    "entry_threshold": "v2 enters a side at a CAS of 62 or 38, not at the edge of the band",
    "risk_wait": "v2 takes no side while its risk is Defensive; its risk improves step by step",
    "held": "v2 keeps the previous playbook for one period when a score is unknown",
    "thin_coverage": "v2 takes no side because fewer than 90% of the wallets were observed",
    "dispersion_high": "v2 keeps dispersion high until it has been below 55 for two periods",
    "exits_high": "v2 keeps exits high until ECS has been below 20 for two periods",
}
MEMORY = "v2 leaves a side later than it enters it, and improves risk by one step in two periods"
UNEXPLAINED = "the stored counts do not give the stored scores: check the stored rows"


class Cause(Record, frozen=True, kw_only=True):
    """Why one period differs."""

    cause: str  # a fault of the first version; memory; unexplained
    moves: tuple[Part, ...]  # what would be otherwise without it
    words: str


def causes(v1: Row, v2: Row) -> list[Cause]:
    """Why two rows of one period differ in band or playbook; none where they agree."""
    parts = _differing(v1, v2)
    if not parts:
        return []
    if v1["locked"] or v2["locked"]:
        return [_cause("unexplained", parts)]
    figures = collect_figures(v1, v2)
    base, full = replay_v1(figures, frozenset()), replay_v1(figures, frozenset(FAULTS))
    if base != Conclusion(band=v1["band"], playbook=_stored(v1)) or full.band != v2["band"]:
        return [_cause("unexplained", parts)]
    contributed = {part: _contributing_faults(figures, part, base, full) for part in parts}
    causes_found = [
        Cause(cause=fault, moves=moves, words=WORDS[fault](figures, v1, v2))
        for fault in FAULTS
        if (moves := tuple[Part, ...](part for part in parts if fault in contributed[part]))
    ]
    if "playbook" in parts and _is_from_memory(full, v2):
        words = MEMORY_RULES.get(v2["rule"], MEMORY)
        causes_found.append(Cause(cause="memory", moves=("playbook",), words=words))
    return causes_found or [_cause("unexplained", parts)]


def _differing(v1: Row, v2: Row) -> tuple[Part, ...]:
    band = v1["band"] != v2["band"]
    playbook = _stored(v1) != _stored(v2)
    return (("band",) if band else ()) + (("playbook",) if playbook else ())


def _stored(row: Row) -> tuple[Any, Any]:
    return row["bias"], row["risk"]


def _cause(cause: Literal["unexplained"], parts: tuple[Part, ...]) -> Cause:
    return Cause(cause=cause, moves=parts, words=UNEXPLAINED)


def _contributing_faults(
    figures: Figures, part: Part, base: Conclusion, full: Conclusion
) -> set[Fault]:
    """The faults that contributed to the difference."""
    if getattr(base, part) == getattr(full, part):
        return set()

    def causes_found(corrected: AbstractSet[Fault]) -> object:
        return getattr(replay_v1(figures, corrected), part)

    every = frozenset(FAULTS)
    alone: set[Fault] = {fault for fault in FAULTS if causes_found({fault}) != getattr(base, part)}
    needed: set[Fault] = {
        fault for fault in FAULTS if causes_found(every - {fault}) != getattr(full, part)
    }
    if alone or needed:
        return alone | needed
    # Where any one of several would do, none is needed: those that move it, mended one by one.
    steps = [causes_found(set(FAULTS[:place])) for place in range(len(FAULTS) + 1)]
    return {fault for place, fault in enumerate(FAULTS) if steps[place] != steps[place + 1]}


def _is_from_memory(full: Conclusion, v2: Row) -> bool:
    if full.playbook is None:
        return v2["rule"] != "unknown_input"
    return full.playbook != _stored(v2)


def _near_zero(figures: Figures, _v1: Row, _v2: Row) -> str:
    count = figures.v1_long + figures.v1_short - figures.acting
    return f"v1 counts {_wallets(count)} as adding although they ended within epsilon of zero"


def _denominator(figures: Figures, v1: Row, v2: Row) -> str:
    return (
        f"v1 divides by all {_wallets(figures.total)} observed, v2 by the {figures.acting} that "
        f"opened or added, plus ten: CAS {_number(v1['cas'])} against {_number(v2['cas'])}"
    )


def _exits_counted(figures: Figures, _v1: Row, _v2: Row) -> str:
    return (
        f"v1 counts {figures.reducers} exits, v2 {figures.left}: only v2 counts flips and "
        "leaves out forced exits"
    )


def _exits_over_all(figures: Figures, v1: Row, v2: Row) -> str:
    return (
        f"v1 measures exits against all {_wallets(figures.total)} observed, v2 against the "
        f"{figures.exposed} that held a position: ECS {_number(v1['ecs'])} against "
        f"{_number(v2['ecs'])}"
    )


def _exits_unproven(figures: Figures, _v1: Row, v2: Row) -> str:
    deviations = "not known yet" if figures.high is None else f"here {_number(v2['ecs_z'])}"
    return (
        f"v1 calls exits high above 25; v2 also needs ten exits (here {figures.left}) and three "
        f"standard deviations above the usual share ({deviations})"
    )


def _exits_edge(figures: Figures, _v1: Row, _v2: Row) -> str:
    ecs = _number(ecs_of(figures, frozenset({"exits_over_all", "exits_counted"})))
    return f"v1 calls exits low below 16, v2 up to 15, and ECS is {ecs}"


def _one_sided_cap(figures: Figures, _v1: Row, _v2: Row) -> str:
    ecs = _number(ecs_of(figures, frozenset({"exits_over_all", "exits_counted"})))
    return f"with ECS above 25 v1 caps only longs, at 60; v2, at {ecs}, keeps CAS from 40 to 60"


def _band_edges(_figures: Figures, _v1: Row, v2: Row) -> str:
    cas = _number(v2["cas"])
    return f"at the band edges 25, 40 and 75 only v2 takes the stronger band, and CAS is {cas}"


def _activity(_figures: Figures, v1: Row, v2: Row) -> str:
    return (
        "v1 measures dispersion by the spread of position changes, "
        f"{_number(v1['dispersion'])}; v2 by the balance of buyers and sellers, "
        f"{_number(v2['dispersion'])}"
    )


def _trend(_figures: Figures, v1: Row, v2: Row) -> str:
    return f"the trend is {v1['trend']} for v1 and {v2['trend']} for v2, each from its own CAS"


def _one_sided_trend(_figures: Figures, _v1: Row, _v2: Row) -> str:
    return "v1 applies the trend only against longs above 60, v2 against either side"


def _unknown(figures: Figures, v1: Row, v2: Row) -> str:
    return "; ".join(_unknowns(figures, v1, v2))


def _unknowns(figures: Figures, v1: Row, v2: Row) -> Iterator[str]:
    if v1["rule"] in MISSING_RULES:
        count = figures.wallets - figures.total
        missing = f"{_wallets(count)}, {MISSING_RULES[v1['rule']]}"
        yield f"v1 applies its rule for missing wallets ({missing})"
    for name, words in (("cas", "CAS"), ("dispersion", "dispersion")):
        if v2[name] is None:
            stored = v2["unknown"].get(name, THIN)
            reason = explain_reason(stored, column=name, counts=v2["counts"])
            yield f"v2 has no {words} because {reason}; v1 shows {_number(v1[name])}"
    if v2["trend"] is None and v2["cas"] is not None:
        yield (
            "v2 has no trend because one of the four CAS values is unknown; "
            f"v1 calls it {v1['trend']}"
        )


WORDS: Mapping[Fault, Callable[[Figures, Row, Row], str]] = {
    "near_zero": _near_zero,
    "denominator": _denominator,
    "exits_counted": _exits_counted,
    "exits_over_all": _exits_over_all,
    "exits_unproven": _exits_unproven,
    "exits_edge": _exits_edge,
    "one_sided_cap": _one_sided_cap,
    "band_edges": _band_edges,
    "activity_as_dispersion": _activity,
    "trend_of_its_own": _trend,
    "one_sided_trend": _one_sided_trend,
    "unknown_shown": _unknown,
}


def _wallets(count: int) -> str:
    return "1 wallet" if count == 1 else f"{count} wallets"


def _number(value: Decimal | None) -> str:
    """A number with two decimals, without trailing zeros."""
    if value is None:
        return "unknown"
    text = f"{value.quantize(CENT):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
