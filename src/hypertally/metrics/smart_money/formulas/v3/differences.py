"""Differences: why the third version says other than the second of the same period.

An input explains a difference if its two versions differ: what was seen, the trend, whether
dispersion or exits are High. Where no input differs it is the matrix, or the state that is carried.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from hypertally.metrics.smart_money.formulas.thresholds import DISPERSION_HIGH_FROM
from hypertally.metrics.smart_money.formulas.v1.differences import Cause, Part

Row = Mapping[str, Any]
PARTS: Final[tuple[Part, ...]] = ("band", "playbook")
# Rules of both versions that do not follow from the inputs of the period alone.
MEMORY: Final = frozenset(
    {
        "below_entry",
        "dispersion_calming",
        "entry_threshold",
        "entry_wait",
        "exits_calming",
        "held",
        "risk_improved",
        "risk_wait",
        "side_left",
        "unknown_input",
    }
)


def v3_causes(v2: Row, v3: Row) -> list[Cause]:
    """Why two rows of one period differ in band or playbook; none where they agree."""
    parts: tuple[Part, ...] = tuple(
        part for part in PARTS if _result(v2, part) != _result(v3, part)
    )
    if not parts:
        return []
    found = list(_input_causes(v2, v3)) or [_rule_cause(v2, v3)]
    return [Cause(cause=name, moves=parts, words=words) for name, words in found]


def _result(row: Row, part: Part) -> object:
    return row["band"] if part == "band" else (row["bias"], row["risk"])


def _input_causes(v2: Row, v3: Row) -> Iterator[tuple[str, str]]:
    if v2["locked"] != v3["locked"]:
        need = "v3 needs 80% of the wallets, seen within 120 seconds of both ends"
        yield "lock", f"v2 is {_lock(v2)}, v3 {_lock(v3)}: {need}"
        return
    if _classes(v2) != _classes(v3):
        words = (
            f"v2 saw {v2['observed']} of {v2['wallets']} wallets well, v3 {v3['observed']} of "
            f"{v3['wallets']}: it takes snapshots of up to 120 seconds, and holds back a minute in "
            "which too many are seen flat"
        )
        yield "ends", words
    if v2["trend"] != v3["trend"]:
        words = (
            f"the trend is {v2['trend'] or 'unknown'} for v2 and {v3['trend'] or 'unknown'} for "
            "v3, which passes over unknown periods"
        )
        yield "trend", words
    if _is_noise(v3):
        words = (
            f"v2 calls a dispersion of {_number(v3['dispersion'])} high, v3 only among "
            f"{v3['active_needed']} active wallets, and there are {v3['active']}"
        )
        yield "stand_off", words
    if _high(v2) is None and _high(v3):
        words = (
            f"{v3['exits']['all']['left']} of {v3['exits']['all']['exposed']} left: v3 calls that "
            "high before it is known what is usual"
        )
        yield "exits_untested", words


def _rule_cause(v2: Row, v3: Row) -> tuple[str, str]:
    # A side that is held keeps its band until CAS leaves it: neutral for one version alone.
    one_holds = (_rule(v2) == "neutral") != (_rule(v3) == "neutral")
    if one_holds or _is_carried(v2) or _is_carried(v3):
        return "memory", f"the periods before differed: v2 says {v2['rule']}, v3 {v3['rule']}"
    return "matrix", f"the matrix of v3 is monotone: v2 says {v2['rule']}, v3 {v3['rule']}"


def _is_carried(row: Row) -> bool:
    """Whether the periods before decided the playbook, and not this one alone."""
    value = row["dispersion"]
    match _rule(row):
        case "dispersion_high":
            return value is None or value < DISPERSION_HIGH_FROM
        case "exits_high":
            return not _high(row)
        case rule:
            return rule in MEMORY


def _rule(row: Row) -> str:
    return row["rule"].partition(" ")[0]


def _lock(row: Row) -> str:
    return f"locked ({row['locked']})" if row["locked"] else "not locked"


def _classes(row: Row) -> dict[str, int]:
    return {name: wallets for name, wallets in row["counts"].items() if wallets}


def _is_noise(v3: Row) -> bool:
    value = v3["dispersion"]
    return (
        value is not None and value >= DISPERSION_HIGH_FROM and v3["active"] < v3["active_needed"]
    )


def _high(row: Row) -> bool | None:
    return row["exits"].get("all", {}).get("high")


def _number(value: Decimal) -> str:
    return f"{value:.1f}"
