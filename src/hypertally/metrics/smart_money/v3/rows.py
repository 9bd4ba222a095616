"""The rows of metrics.signals of the third version, from a window's scores or a lock."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from hypertally.metrics.smart_money.formulas.feed_health import NONE_SEEN
from hypertally.metrics.smart_money.formulas.playbook_state import PlaybookState
from hypertally.metrics.smart_money.formulas.scoring_window import ScoringWindow
from hypertally.metrics.smart_money.formulas.thresholds import PERIOD
from hypertally.metrics.smart_money.formulas.v3.exits import significance
from hypertally.metrics.smart_money.formulas.v3.lock import is_thin
from hypertally.metrics.smart_money.formulas.v3.playbook import (
    V3Playbook,
    locked_v3,
    step_v3,
)
from hypertally.metrics.smart_money.formulas.v3.playbook_inputs import inputs_of, levels_of
from hypertally.metrics.smart_money.formulas.v3.scores import V3, V3Scores
from hypertally.metrics.smart_money.formulas.v3.trend import known_before, trend_of_known
from hypertally.metrics.smart_money.signal_rows import (
    NULL_COLUMNS,
    exits_by_side,
    exits_json,
    score_columns,
    to_json,
)
from hypertally.records import Record
from hypertally.store.postgres import Jsonb

FLAGS = ("add_exposure_long", "add_exposure_short", "tighten_stops_long", "tighten_stops_short")


class EarlierRow(Record, frozen=True, kw_only=True):
    """A period before, and the state that it left."""

    asset: str
    window_minutes: int
    at: datetime
    cas: Decimal | None
    state: dict[str, Any]


class Place(Record, frozen=True, kw_only=True):
    """Which signal, and what it stands on."""

    at: datetime
    asset: str
    window: timedelta
    universe_run_id: int | None
    mark: Decimal | None  # at the end
    coverage: Decimal  # of the feed, at the end
    digest: str  # of the snapshots used, and of what is known of forced exits
    earlier: Sequence[EarlierRow]  # of its asset and window, oldest first


def signal_row(place: Place, v3: V3Scores) -> dict[str, Any]:
    """The row of a window, whose playbook continues from the period before."""
    scores = v3.scores
    cas = [row.cas for row in place.earlier]
    cas_trend = trend_of_known(scores.cas.score.value, cas)
    inputs = inputs_of(
        v3,
        cas_trend,
        trend_known=len(known_before(cas)),
        thin=is_thin(place.coverage, scores.counts.completeness()),
    )
    step = step_v3(_before(place), inputs)
    level = levels_of(step.state, inputs).dispersion
    return {
        **_common(place),
        **_playbook(step.playbook),
        **score_columns(scores, cas_trend),
        "exits": to_json(
            {
                side: {**exits_json(each), "significance": significance(each)}
                for side, each in exits_by_side(scores).items()
            }
        ),
        "wallets": scores.counts.wallets,
        "dispersion_level": level,
        "active": v3.active,
        "active_needed": v3.active_needed,
        "counts": to_json(scores.behaviours),
        "reach": to_json(scores.reach),
        "state": to_json(step.state),
        "completeness": scores.counts.completeness(),
    }


def locked_row(place: Place, reason: str, window: ScoringWindow | None = None) -> dict[str, Any]:
    """The row of a period without a score; `window`: what of it was seen nevertheless."""
    step = locked_v3(_before(place), reason)
    counts = window.counts if window else None
    return {
        **_common(place),
        **_playbook(step.playbook),
        "locked": reason,
        "wallets": counts.wallets if counts else 0,
        "observed": counts.observed if counts else 0,
        "completeness": counts.completeness() if counts else NONE_SEEN,
        "unknown": Jsonb({"cas": f"locked: {reason}"}),
        "state": to_json(step.state),
    }


def _before(place: Place) -> PlaybookState:
    """The playbook state of the period before; a new one if there is none."""
    if not place.earlier or place.earlier[-1].at != place.at - PERIOD:
        return PlaybookState()
    return msgspec.convert(place.earlier[-1].state, PlaybookState)


def _common(place: Place) -> dict[str, Any]:
    """The columns that every row has; the others are null."""
    return {
        **dict.fromkeys((*NULL_COLUMNS, "dispersion_level", "active", "active_needed")),
        **{name: Jsonb({}) for name in ("counts", "reach", "exits", "flags", "state", "unknown")},
        "at": place.at,
        "asset": place.asset,
        "definition": V3,
        "window_minutes": place.window // timedelta(minutes=1),
        "universe_run_id": place.universe_run_id,
        "exposed": 0,
        "coverage": place.coverage,
        "mark_price": place.mark,
        "digest": place.digest,
    }


def _playbook(output: V3Playbook) -> dict[str, Any]:
    flags: Mapping[str, object] = {name: getattr(output.flags, name) for name in FLAGS}
    return {
        "bias": output.bias,
        "risk": output.risk,
        "rule": output.rule,
        "nearest_miss": None if output.nearest_miss is None else to_json(output.nearest_miss),
        "flags": to_json({**flags, "unknown_inputs": output.flags.unknown_inputs}),
    }
