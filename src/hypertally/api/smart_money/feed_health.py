"""How far the minute snapshots can be trusted now, and in the last day."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response

from hypertally.api.resource.access import ForViewers
from hypertally.api.resource.answers import answer, of_shape
from hypertally.api.resource.json_text import json_row, json_text
from hypertally.api.resource.parameters import Parameters
from hypertally.api.resource.rows import read_row, read_rows
from hypertally.api.smart_money import shapes
from hypertally.api.smart_money.figures import MAX_AGE
from hypertally.metrics.smart_money.formulas.feed_health import STATES, Health, assess_health
from hypertally.metrics.smart_money.formulas.thresholds import DEGRADED_AGE
from hypertally.store import queries
from hypertally.store.postgres import Connection

router = APIRouter()

SPANS_SHOWN_MAX: Final = 1_440  # the state changes at most once a minute

# What follows from a state: of `signals` of a judgement.
EFFECTS: Final = {
    "on": "signals go on",
    "neutral": "CAS is shown as 50, the playbook as No-trade / Reduced",
    "paused": "no new signal until a fresh snapshot",
    "locked": "no signals; figures are masked, the playbook is No-trade / Defensive",
}

_QUERIES = queries.load(__file__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """The state of the snapshots at a moment, as the API shows it."""

    as_of: datetime
    health: dict[str, Any]
    masked: dict[str, Any] | None


async def read_feed(connection: Connection) -> FeedState:
    """Judge the last success now: whoever writes the judgements down may have stopped."""
    row = await read_row(connection, _QUERIES["read_health"], {})
    last = row["last_success"]
    as_of = max(row["as_of"], last) if last else row["as_of"]
    health = assess_health(as_of=as_of, last_success_at=last, coverage=row["coverage"])
    shown = {
        "state": health.state,
        "last_success": json_text(last),
        "age_seconds": None if health.age is None else int(health.age.total_seconds()),
        "coverage": json_text(row["coverage"]),
        "reason": _reason(row, health),
        "effect": EFFECTS[health.signals] + ("; with a warning" if health.warning else ""),
    }
    masked = None
    if health.masked:
        since = row["stale_since"] or (last and last + DEGRADED_AGE)
        masked = {"reason": shown["reason"], "since": json_text(since)}
    return FeedState(as_of=as_of, health=shown, masked=masked)


def _reason(row: dict[str, Any], health: Health) -> str:
    if row["state"] is None or health.age is None:
        return "no minute was recorded yet"
    if STATES.index(health.state) > STATES.index(row["state"]):
        return (
            f"the last minute recorded is {int(health.age.total_seconds())} s old, "
            f"and nobody has looked since {json_text(row['at'])}"
        )
    return row["reason"]


@router.get("/api/v1/smart-money/health", responses=of_shape(shapes.HealthDay))
async def get_health(_: Annotated[Parameters, Query()], connection: ForViewers) -> Response:
    """Return how far the snapshots can be trusted, and the states of the last 24 hours."""
    feed = await read_feed(connection)
    spans = await read_rows(
        connection, _QUERIES["list_spans"], {"as_of": feed.as_of, "limit": SPANS_SHOWN_MAX}
    )
    minutes = await read_row(connection, _QUERIES["count_minutes"], {"as_of": feed.as_of})
    content = {
        "as_of": json_text(feed.as_of),
        "health": feed.health,
        "masked": feed.masked,
        "states": [json_row(span) for span in spans],
        "minutes": json_row(minutes),
    }
    return answer(content, max_age=MAX_AGE)
