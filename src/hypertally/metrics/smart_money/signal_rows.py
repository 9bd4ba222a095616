"""The rows of metrics.signals, from a period's scores or from the reason for none."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from hypertally.metrics.smart_money.formulas import playbook
from hypertally.metrics.smart_money.formulas.contributors import Contributor
from hypertally.metrics.smart_money.formulas.exits import Exits
from hypertally.metrics.smart_money.formulas.feed_health import Health
from hypertally.metrics.smart_money.formulas.playbook_matrix import Playbook
from hypertally.metrics.smart_money.formulas.playbook_state import PlaybookState
from hypertally.metrics.smart_money.formulas.score_arithmetic import V1, V2, Trend, trend
from hypertally.metrics.smart_money.formulas.scores import ExitBaselines, Scores
from hypertally.metrics.smart_money.formulas.scoring_window import ScoringWindow
from hypertally.metrics.smart_money.formulas.thresholds import PERIOD
from hypertally.metrics.smart_money.formulas.v1.playbook import (
    decide_v1_playbook,
    v1_playbook_inputs,
)
from hypertally.metrics.smart_money.formulas.v1.scores import (
    V1Contributor,
    V1Scores,
    v1_band,
    v1_trend,
)
from hypertally.metrics.smart_money.formulas.wallet_moves import Move
from hypertally.records import Record
from hypertally.store.postgres import Jsonb


class FeedState(Record, frozen=True, kw_only=True):
    """The universe and the newest snapshots known at the end of a period."""

    universe_run_id: int | None
    wallets: int | None
    newest_at: datetime | None
    last_failed: bool | None
    success_at: datetime | None
    coverage: Decimal | None


class PeriodInputs(Record, frozen=True, kw_only=True):
    """The inputs of one period's signals."""

    at: datetime
    feed: FeedState
    health: Health
    moves: Mapping[str, list[Move]]  # asset -> one a wallet
    ids: Mapping[str, int]  # address -> wallet id
    digests: Mapping[str, str]
    marks: Mapping[str, tuple[Decimal | None, Decimal | None]]  # at the begin and at the end
    earlier: Mapping[tuple[str, str], list[dict[str, Any]]]  # (asset, definition), oldest first
    baselines: Mapping[str, ExitBaselines]


def _before(period: PeriodInputs, asset: str) -> PlaybookState:
    """The playbook state of the period before; a new one if there is none."""
    earlier = period.earlier.get((asset, V2), [])
    if not earlier or earlier[-1]["at"] != period.at - PERIOD:
        return PlaybookState()
    return msgspec.convert(earlier[-1]["state"], PlaybookState)


def _trend(period: PeriodInputs, asset: str, value: Decimal | None) -> Trend:
    known = {row["at"]: row["cas"] for row in period.earlier.get((asset, V2), [])}
    return trend(value, [known.get(period.at - PERIOD * ago) for ago in (3, 2, 1)])


def v2_row(period: PeriodInputs, scores: Scores) -> dict[str, Any]:
    """The row of version 2, whose playbook continues from the period before."""
    cas_trend = _trend(period, scores.asset, scores.cas.score.value)
    inputs = playbook.playbook_inputs(scores, cas_trend, thin=period.health.signals == "neutral")
    step = playbook.step(_before(period, scores.asset), inputs)
    return {
        **_common(period, scores.asset, scores.definition),
        **_playbook(step.playbook),
        **score_columns(scores, cas_trend),
        "exits": to_json({side: exits_json(each) for side, each in exits_by_side(scores).items()}),
        "counts": to_json(scores.behaviours),
        "reach": to_json(scores.reach),
        "state": to_json(step.state),
        "completeness": scores.counts.completeness(),
    }


def score_columns(scores: Scores, cas_trend: Trend) -> dict[str, Any]:
    """The columns of the scores, in the second version and the third."""
    scored = {
        "cas": scores.cas.score,
        "cas_usd": scores.cas_weighted,
        "dispersion": scores.dispersion,
        "dispersion_size": scores.dispersion_size,
        "activity_sd": scores.activity_sd,
        "stock_disagreement": scores.stock,
        "ecs": scores.ecs.score,
        "ecs_long": scores.ecs_long.score,
        "ecs_short": scores.ecs_short.score,
        "ecs_forced": scores.ecs_forced,
        "herding": scores.herding.score,
    }
    return {
        **{name: score.value for name, score in scored.items()},
        "unknown": Jsonb({name: score.reason for name, score in scored.items() if score.reason}),
        "observed": scores.counts.observed,
        "exposed": scores.counts.observed - scores.counts.flat,
        "cas_lower": scores.cas.score.lower,
        "cas_upper": scores.cas.score.upper,
        "band": scores.cas.band,
        "participation": scores.cas.participation,
        "trend": cas_trend.direction,
        "ecs_z": scores.ecs.z,
        "ecs_percentile": scores.ecs.percentile,
        "herding_sign": scores.herding.sign,
        "herding_n": scores.herding.active,
    }


def exits_by_side(scores: Scores) -> dict[str, Exits]:
    """The exit cluster scores: of all holders, of longs, of shorts."""
    return {"all": scores.ecs, "long": scores.ecs_long, "short": scores.ecs_short}


def exits_json(exits: Exits) -> dict[str, Any]:
    """What a row keeps of an exit cluster score beside its value."""
    names = ("left", "exposed", "forced", "unexplained", "p0", "high", "high_from", "level")
    return {name: getattr(exits, name) for name in names}


def v1_row(period: PeriodInputs, window: ScoringWindow, scores: V1Scores) -> dict[str, Any]:
    """The row of version 1."""
    asset, value = scores.asset, scores.cas.value
    assert value is not None  # the first definition always says a number
    known = [row["cas"] for row in period.earlier.get((asset, V1), []) if row["cas"] is not None]
    cas_trend = v1_trend(value, known)
    output = decide_v1_playbook(v1_playbook_inputs(scores, cas_trend))
    scored = {"cas": scores.cas, "dispersion": scores.dispersion, "ecs": scores.ecs}
    return {
        **_common(period, asset, scores.definition),
        **_playbook(output),
        **{name: score.value for name, score in scored.items()},
        "unknown": Jsonb({name: score.reason for name, score in scored.items() if score.reason}),
        "observed": window.counts.observed,
        "exposed": window.counts.observed - window.counts.flat,
        "cas_lower": scores.cas.lower,
        "cas_upper": scores.cas.upper,
        "band": v1_band(value),
        "trend": cas_trend.direction,
        "counts": to_json(scores.states),
        "reach": to_json(scores.reach),
        "completeness": window.counts.completeness(),
    }


def locked_row(period: PeriodInputs, asset: str, definition: str, reason: str) -> dict[str, Any]:
    """The row of a period without a score."""
    step = playbook.locked(_before(period, asset), reason)
    return {
        **_common(period, asset, definition),
        **_playbook(step.playbook),
        "locked": reason,
        "unknown": Jsonb({"cas": f"locked: {reason}"}),
        "state": to_json(step.state),
        "completeness": Decimal(0),
    }


def _common(period: PeriodInputs, asset: str, definition: str) -> dict[str, Any]:
    """The columns that every row has; the others are null."""
    return {
        **dict.fromkeys(NULL_COLUMNS),
        **{name: Jsonb({}) for name in ("counts", "reach", "exits", "flags", "state", "unknown")},
        "at": period.at,
        "asset": asset,
        "definition": definition,
        "universe_run_id": period.feed.universe_run_id,
        "wallets": period.feed.wallets or 0,
        "observed": 0,
        "exposed": 0,
        "coverage": period.feed.coverage or Decimal(0),
        "mark_price": period.marks[asset][1],
        "digest": period.digests[asset],
    }


NULL_COLUMNS = (
    "locked", "cas", "cas_lower", "cas_upper", "cas_usd", "participation", "trend", "dispersion",
    "dispersion_size", "activity_sd", "stock_disagreement", "ecs", "ecs_long", "ecs_short",
    "ecs_forced", "ecs_z", "ecs_percentile", "herding", "herding_sign", "herding_n", "band",
)  # fmt: skip


def _playbook(output: Playbook) -> dict[str, Any]:
    flags = ("add_exposure_long", "add_exposure_short", "tighten_stops_long", "tighten_stops_short")
    return {
        "bias": output.bias,
        "risk": output.risk,
        "rule": output.rule,
        "nearest_miss": None if output.nearest_miss is None else to_json(output.nearest_miss),
        "flags": to_json({name: getattr(output, name) for name in flags}),
    }


def to_json(value: Any) -> Jsonb:
    """A value of formulas as JSON."""
    return Jsonb(msgspec.to_builtins(value))


def contribution(contributor: Contributor | V1Contributor) -> dict[str, Any]:
    """The row of one wallet."""
    v2_contributor = contributor if isinstance(contributor, Contributor) else None
    return {
        "wallet": contributor.wallet,
        "class": contributor.behaviour
        if isinstance(contributor, Contributor)
        else contributor.state,
        "before_coin": contributor.before,
        "now_coin": contributor.now,
        "delta_coin": contributor.change,
        "epsilon": contributor.epsilon,
        "weight_coin": v2_contributor.weight if v2_contributor else None,
        "delta_usd": v2_contributor.change_usd if v2_contributor else None,
        "forced": v2_contributor.forced if v2_contributor else None,
        "effect_cas": contributor.cas,
        "effect_cas_usd": v2_contributor.cas_weighted if v2_contributor else None,
        "effect_dispersion": contributor.dispersion,
        "effect_dispersion_size": v2_contributor.dispersion_size if v2_contributor else None,
        "effect_ecs": contributor.ecs,
    }
