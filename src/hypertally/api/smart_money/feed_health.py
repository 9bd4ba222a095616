"""How far the minute snapshots can be trusted now, and in the last day."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from hypertally.api.resource.access import ForViewers
from hypertally.api.resource.answers import answer
from hypertally.api.resource.json_text import json_record, json_text
from hypertally.api.resource.lists import of_list
from hypertally.api.resource.parameters import Parameters
from hypertally.api.smart_money import shapes
from hypertally.api.smart_money.figures import MAX_AGE
from hypertally.metrics.smart_money.formulas.feed_health import (
    STATES,
    Health,
    HealthState,
    assess_health,
    health_reason,
    share_seen,
)
from hypertally.metrics.smart_money.formulas.thresholds import DEGRADED_AGE
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, read_row, read_rows

router = APIRouter()

SPANS_SHOWN_MAX: Final = 1_440  # the state changes at most once a minute

# What follows from a state: of `signals` of a judgement.
EFFECTS: Final = {
    "on": "signals are computed",
    "neutral": "CAS is shown as 50, the playbook as No-trade / Reduced",
    "paused": "no new signals until a fresh snapshot arrives",
    "locked": "no signals; figures are masked and the playbook is No-trade / Defensive",
}

_QUERIES = queries.load(__file__)


class ShownHealth(Record, frozen=True, kw_only=True):
    """How far the snapshots can be trusted."""

    state: str
    last_success: str | None
    age_seconds: int | None
    coverage: str | None
    reason: str
    effect: str


class Mask(Record, frozen=True, kw_only=True):
    """Why figures are masked, and since when."""

    reason: str
    since: str | None


class FeedState(Record, frozen=True, kw_only=True):
    """The state of the snapshots at a moment, as the API shows it."""

    as_of: datetime
    health: ShownHealth
    masked: Mask | None


class HealthRow(Record, frozen=True, kw_only=True):
    """The newest check of the snapshots; all but `as_of` is null before the first check."""

    as_of: datetime
    at: datetime | None
    state: HealthState | None
    last_success: datetime | None
    coverage: Decimal | None
    recorded_at: datetime | None
    stale_since: datetime | None


class HealthSpan(Record, frozen=True, kw_only=True, rename={"from_at": "from", "until_at": "to"}):
    """Successive checks of one state."""

    state: str
    from_at: datetime
    until_at: datetime
    checks: int
    coverage_least: Decimal | None
    reason: str


class MinuteCounts(Record, frozen=True, kw_only=True):
    """How the minutes of a day were recorded."""

    success: int
    partial: int
    failed: int
    unrecorded: int
    duration_ms_max: int | None


async def read_feed(connection: Connection) -> FeedState:
    """Check the last success now, because the job that stores health checks may have stopped."""
    row = await read_row(connection, _QUERIES["read_health"], shape=HealthRow)
    last = row.last_success
    as_of = max(row.as_of, last) if last else row.as_of
    health = assess_health(as_of=as_of, last_success_at=last, coverage=row.coverage)
    shown = ShownHealth(
        state=health.state,
        last_success=json_text(last),
        age_seconds=None if health.age is None else int(health.age.total_seconds()),
        coverage=json_text(share_seen(health)),
        reason=_reason(row, health, as_of),
        effect=EFFECTS[health.signals] + ("; a warning is shown" if health.warning else ""),
    )
    masked = None
    if health.masked:
        since = row.stale_since or (last and last + DEGRADED_AGE)
        masked = Mask(reason=shown.reason, since=json_text(since))
    return FeedState(as_of=as_of, health=shown, masked=masked)


def _reason(row: HealthRow, health: Health, as_of: datetime) -> str:
    if row.state is None:
        return "no minute was recorded yet"
    reason = health_reason(health, recorded_at=row.recorded_at, as_of=as_of)
    if STATES.index(health.state) > STATES.index(row.state):
        return f"{reason}, and no health check has run since {json_text(row.at)}"
    return reason


@router.get(
    "/api/v1/smart-money/health", responses=of_list(shapes.HealthDay, "states", page_rows=None)
)
async def get_health(_: Annotated[Parameters, Query()], connection: ForViewers) -> Response:
    """Return how far the snapshots can be trusted, and the states of the last 24 hours."""
    feed = await read_feed(connection)
    asked = {"as_of": feed.as_of, "limit": SPANS_SHOWN_MAX}
    spans = await read_rows(connection, _QUERIES["list_spans"], asked, shape=HealthSpan)
    minutes = await read_row(connection, _QUERIES["count_minutes"], asked, shape=MinuteCounts)
    content = {
        "as_of": json_text(feed.as_of),
        "health": feed.health,
        "masked": feed.masked,
        "states": [json_record(span) for span in spans],
        "minutes": minutes,
    }
    return answer(content, max_age=MAX_AGE)
