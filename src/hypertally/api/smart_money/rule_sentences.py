"""The rule of a playbook in a sentence, made of the rule's own numbers and those of its row."""

import re
from collections.abc import Callable, Mapping
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from hypertally.metrics.smart_money.formulas.v3.scores import V3
from hypertally.metrics.smart_money.formulas.wallet_moves import BUYS, SELLS

Row = Mapping[str, Any]
_RULE: Final = re.compile(r"(?P<name>[a-z_]+)(?: \((?P<numbers>.*)\))?")
_TENTH: Final = Decimal("0.1")
_SIDES: Final = {"Long": "longs", "Short": "shorts"}


def rule_sentence(row: Row) -> str | None:
    """Return why a signal of version 3 calls for what it does; None: of an earlier version."""
    match = _RULE.fullmatch(row["rule"])
    if row["definition"] != V3 or match is None:
        return None
    sentence = _SENTENCES.get(match["name"])
    return sentence(row, match["numbers"] or "") if sentence else None


def _score(value: Decimal | None) -> str:
    return "unknown" if value is None else f"{value.quantize(_TENTH, ROUND_HALF_EVEN):f}"


def _dispersion_high(row: Row, _: str) -> str:
    bought, sold = (sum(row["counts"].get(name, 0) for name in kinds) for kinds in (BUYS, SELLS))
    return (
        f"{bought} wallets bought and {sold} sold: dispersion is {_score(row['dispersion'])}, and "
        f"{row['active_needed']} active wallets are enough to call it high."
    )


def _exits_high(row: Row, _: str) -> str:
    exits = row["exits"]["all"]
    tested = exits.get("significance") == "known"
    compared = "" if tested else "; it is not known yet how many are usual"
    return (
        f"{exits['left']} of {exits['exposed']} holders left: exits are {_score(row['ecs'])}"
        f"{compared}."
    )


def _side(row: Row, _: str) -> str:
    dispersion = f"dispersion {_score(row['dispersion'])}"
    return (
        f"CAS is {_score(row['cas'])} and its trend {row['trend']}, with {dispersion} and exits "
        f"{_score(row['ecs'])}: {_SIDES.get(row['bias'], 'a side')} are advised."
    )


def _thin_coverage(row: Row, numbers: str) -> str:
    if row["coverage"] < row["completeness"]:
        percent = (100 * row["coverage"]).quantize(_TENTH, ROUND_DOWN)
        return (
            f"No position advised: {percent}% of the wallets were observed in the two minutes "
            "before, 90% needed."
        )
    return (
        f"No position advised: {numbers.removesuffix(' seen')} wallets were observed at both ends, "
        "90% needed."
    )


def _too_few_active(_: Row, numbers: str) -> str:
    acted, needed = numbers.split(" of ")
    return f"No position advised: {acted} wallets opened or added to a position, {needed} needed."


def _entry_wait(_: Row, numbers: str) -> str:
    periods, edge = numbers.split(" at ")
    return f"A side is advised after two periods with a CAS of {edge}: {periods} are over."


def _trend_unknown(_: Row, numbers: str) -> str:
    periods, needed = numbers.removesuffix(" known").split(" of ")
    return (
        f"No position advised: the trend needs {needed} known CAS of the half hour before, "
        f"and there are {periods}."
    )


def _risk_improved(_: Row, numbers: str) -> str:
    before, now = numbers.split(" to ")
    return (
        f"Risk improved by one step, from {before} to {now}: the next step takes two more periods "
        "that call for it."
    )


_SENTENCES: Final[Mapping[str, Callable[[Row, str], str]]] = {
    "dispersion_high": _dispersion_high,
    "exits_high": _exits_high,
    "dispersion_calming": lambda _, numbers: f"Dispersion was high and is calming down: {numbers}.",
    "exits_calming": lambda _, numbers: f"Exits were high and are calming down: {numbers}.",
    "strong_with": _side,
    "strong_with_some_exits": _side,
    "side_steady": _side,
    "neutral": lambda row, _: f"No position advised: a CAS of {_score(row['cas'])} takes no side.",
    "trend_against": lambda row, _: (
        f"No position advised: CAS is {_score(row['cas'])}, but its trend is {row['trend']}."
    ),
    "exits_medium": lambda row, _: (
        f"No position advised: with exits of {_score(row['ecs'])}, only a CAS beyond 75 or 25 with "
        "its trend and low dispersion would be followed."
    ),
    "below_entry": lambda _, numbers: f"No position advised yet: {numbers}.",
    "entry_wait": _entry_wait,
    "side_left": lambda _, numbers: (
        f"Between two opposite sides lies a period without a position ({numbers})."
    ),
    "risk_wait": lambda _, numbers: (
        f"Risk improves by one step after two periods that call for it: {numbers} are over."
    ),
    "risk_improved": _risk_improved,
    "too_few_active": _too_few_active,
    "trend_unknown": _trend_unknown,
    "nobody_held": lambda _row, _: "No position advised: no wallet held a position.",
    "thin_coverage": _thin_coverage,
    "held": lambda _row, _: (
        "A score is unknown in this period: the previous playbook is kept once."
    ),
}
