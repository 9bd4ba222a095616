"""Signals of smart money as the API shows them, and why a figure of one is unknown."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias, get_args

from hypertally.api.resource.json_text import json_text, json_tree
from hypertally.api.smart_money.rule_sentences import rule_sentence
from hypertally.metrics.smart_money.formulas.consensus import dispersion_level
from hypertally.metrics.smart_money.formulas.feed_health import fallback_cas
from hypertally.metrics.smart_money.formulas.score_arithmetic import V1
from hypertally.metrics.smart_money.formulas.thresholds import DISPERSION_HIGH_FROM, EPSILON_FLOORS
from hypertally.metrics.smart_money.formulas.v1.playbook import v1_exit_level
from hypertally.metrics.smart_money.formulas.v3.scores import V3
from hypertally.metrics.smart_money.formulas.v3.thresholds import WINDOWS
from hypertally.metrics.smart_money.unknown_reasons import explain_reason

Definition: TypeAlias = Literal["smart_money/1", "smart_money/2", "smart_money/3"]
Horizon: TypeAlias = Literal["5m", "15m", "1h", "4h"]
Row: TypeAlias = Mapping[str, Any]

NEWEST_DEFINITION: Final = V3
DEFAULT_HORIZON: Final = "5m"
MAX_AGE: Final = 30  # a snapshot comes every minute

# Why a figure is null, where its row does not say.
NO_FIRST: Final = "smart_money/1 does not have this figure"
NO_V3_FIGURE: Final = "only smart_money/3 has this figure"
NO_MARK: Final = "no mid price is stored for the two minutes before"
NO_BASELINE: Final = "fewer than 500 periods of the seven days before are stored"
NO_TREND: Final = "the trend compares four CAS values, and one of them is unknown"
NO_V3_TREND: Final = "CAS or three of those of the half hour before are unknown"
NO_INPUT: Final = "a score that decides it is unknown"
UNSEEN: Final = "some wallets were not observed, and their moves have no bound"
UNEXPOSED: Final = "no wallet held a position"
INACTIVE: Final = "no wallet traded"
# Why rows of wallets are missing: a universe without a leaderboard holds wallets that orgs track.
TRACKED_BY_OTHERS: Final = "wallets that other orgs track"

FLAGS: Final = (
    "add_exposure_long",
    "add_exposure_short",
    "tighten_stops_long",
    "tighten_stops_short",
)
# Path in the answer -> the column whose stored reason explains a null, and the reason otherwise.
_REASONS: Final = {
    "cas.value": ("cas", NO_INPUT),
    "cas.shown": ("cas", NO_INPUT),
    "cas.lower": ("cas", UNSEEN),
    "cas.upper": ("cas", UNSEEN),
    "cas.band": ("cas", NO_INPUT),
    "cas_usd": ("cas_usd", NO_INPUT),
    "participation": ("participation", UNEXPOSED),
    "trend": ("trend", NO_TREND),
    "dispersion.value": ("dispersion", NO_INPUT),
    "dispersion.size": ("dispersion_size", NO_INPUT),
    "dispersion.activity_sd": ("activity_sd", NO_INPUT),
    "dispersion.band": ("dispersion", NO_INPUT),
    "stock_disagreement": ("stock_disagreement", UNEXPOSED),
    "dispersion.active": ("active", NO_V3_FIGURE),
    "dispersion.active_needed": ("active", NO_V3_FIGURE),
    "dispersion.no_consensus": ("dispersion", NO_V3_FIGURE),
    "ecs.left": ("ecs", UNEXPOSED),
    "ecs.unexplained": ("ecs", UNEXPOSED),
    "ecs.significance": ("significance", NO_V3_FIGURE),
    "ecs.value": ("ecs", UNEXPOSED),
    "ecs.long": ("ecs_long", UNEXPOSED),
    "ecs.short": ("ecs_short", UNEXPOSED),
    "ecs.forced": ("ecs_forced", UNEXPOSED),
    "ecs.z": ("ecs", NO_BASELINE),
    "ecs.percentile": ("ecs", NO_BASELINE),
    "ecs.band": ("ecs", NO_BASELINE),
    "herding.h": ("herding", INACTIVE),
    "herding.sign": ("herding", INACTIVE),
    "herding.n": ("herding", INACTIVE),
    "mark_price": ("mark_price", NO_MARK),
    **{f"playbook.{flag}": (flag, NO_INPUT) for flag in FLAGS},
}


def minutes_of(horizon: Horizon) -> int:
    """Return the minutes before its end that a signal is made of."""
    return int(WINDOWS[horizon].total_seconds()) // 60


_HORIZONS: Final = {minutes_of(horizon): horizon for horizon in get_args(Horizon)}


def name_horizon(row: Row) -> str:
    """Return the name of a signal's horizon."""
    return _HORIZONS[row["window_minutes"]]


def not_shown(wallets: int) -> dict[str, Any] | None:
    """Return how many wallets the caller may not see, and why; None when all are shown."""
    return {"wallets": wallets, "because": TRACKED_BY_OTHERS} if wallets else None


def show_signal(row: Row) -> dict[str, Any]:
    """Return a row of metrics.signals as the API shows it."""
    shown = {
        **{name: json_text(row[name]) for name in _AS_STORED},
        "horizon": name_horizon(row),
        "epsilon": json_text(EPSILON_FLOORS[row["asset"]]),
        "cas": _picked(row, {"value": "cas", "lower": "cas_lower", "upper": "cas_upper"})
        | {"shown": json_text(_shown(row)), "band": row["band"]},
        "dispersion": _picked(
            row, {"value": "dispersion", "size": "dispersion_size", "activity_sd": "activity_sd"}
        )
        | {"band": _dispersion_band(row), "active": row["active"]}
        | {"active_needed": row["active_needed"], "no_consensus": _is_no_consensus(row)},
        "ecs": _picked(row, {"value": "ecs"} | {part: f"ecs_{part}" for part in _ECS_PARTS})
        | {"band": _exits_band(row)}
        | {name: row["exits"].get("all", {}).get(name) for name in _EXITS_KEPT},
        "herding": {"h": json_text(row["herding"]), "sign": row["herding_sign"]}
        | {"n": row["herding_n"]},
        "counts": row["counts"],
        "reach": json_tree(row["reach"]),
        "playbook": show_playbook(row),
    }
    return {**shown, "unknown": _unknown(row, shown)}


_AS_STORED: Final = (
    "at",
    "asset",
    "definition",
    "locked",
    "universe_run_id",
    "wallets",
    "observed",
    "exposed",
    "coverage",
    "cas_usd",
    "participation",
    "trend",
    "stock_disagreement",
    "mark_price",
    "completeness",
    "digest",
)
_ECS_PARTS: Final = ("long", "short", "forced", "z", "percentile")
_EXITS_KEPT: Final = ("left", "unexplained", "significance")


def _picked(row: Row, columns: Mapping[str, str]) -> dict[str, Any]:
    return {name: json_text(row[column]) for name, column in columns.items()}


def show_playbook(row: Row) -> dict[str, Any]:
    """Return the playbook that a signal advises, and why."""
    return {
        "bias": row["bias"],
        "risk": row["risk"],
        "rule": row["rule"],
        "sentence": rule_sentence(row),
        "nearest_miss": json_tree(row["nearest_miss"]),
        "unknown_inputs": row["flags"].get("unknown_inputs", {}),
        **{flag: row["flags"].get(flag) for flag in FLAGS},
    }


def _shown(row: Row) -> Decimal | None:
    """Return CAS, or its fallback while too few wallets were observed to compute CAS."""
    if row["cas"] is None and row["locked"] is None:
        least = min(row["coverage"], row["completeness"])
        return fallback_cas(least if row["definition"] == V3 else row["coverage"])
    return row["cas"]


def _is_no_consensus(row: Row) -> bool | None:
    """Return whether disagreement is as large as a stand-off's among too few wallets for one."""
    if row["dispersion"] is None or row["active_needed"] is None:
        return None
    return row["dispersion"] >= DISPERSION_HIGH_FROM and row["active"] < row["active_needed"]


def _dispersion_band(row: Row) -> str | None:
    if row["definition"] == V3:
        return row["dispersion_level"]
    return None if row["dispersion"] is None else dispersion_level(row["dispersion"])


def _exits_band(row: Row) -> str | None:
    if row["definition"] == V1:
        return None if row["ecs"] is None else v1_exit_level(row["ecs"])
    return row["exits"].get("all", {}).get("level")


def _unknown(row: Row, shown: Row) -> dict[str, str]:
    """Return the reason of each null of a signal."""
    found: dict[str, str] = {}
    for path, (column, otherwise) in _REASONS.items():
        group, _, name = path.partition(".")
        if (shown[group][name] if name else shown[group]) is None:
            found[path] = _reason(row, path, column, otherwise)
    return found


def _reason(row: Row, path: str, column: str, otherwise: str) -> str:
    if row["locked"] and path != "mark_price":
        return f"locked: {row['locked']}"
    if row["definition"] == V1 and path not in _OF_FIRST:
        return NO_FIRST
    if otherwise == NO_TREND and row["definition"] == V3:
        otherwise = NO_V3_TREND
    stored = row["unknown"].get(column, otherwise)
    return explain_reason(stored, column=column, counts=row["counts"])


_OF_FIRST: Final = frozenset(
    (
        "cas.value",
        "cas.shown",
        "cas.lower",
        "cas.upper",
        "cas.band",
        "trend",
        "dispersion.value",
        "dispersion.band",
        "ecs.value",
        "ecs.band",
        "mark_price",
        "playbook.add_exposure_long",
        "playbook.tighten_stops_long",
    )
)
