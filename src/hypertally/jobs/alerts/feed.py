"""The feed of positions as of a time: whether minutes are recorded, `system_stale`."""

from datetime import datetime, timedelta
from decimal import Decimal

from hypertally.jobs.alerts.state_machine import Condition, Evaluation
from hypertally.jobs.alerts.subjects import time_text
from hypertally.metrics.smart_money.formulas.feed_health import (
    Health,
    assess_health,
    health_reason,
    share_seen,
)
from hypertally.records import Record
from hypertally.store.postgres import Connection, read_row
from hypertally.store.queries import load

QUERIES = load(__file__)
# Of `because` in the figures of an alert: it fired because no worker was there.
NO_WORKER = "no worker"
YOUNG = timedelta(seconds=600)  # a feed that never worked is stale from then on


class _Feed(Record, frozen=True, kw_only=True):
    """The minutes as they were known at a time."""

    success_at: datetime | None  # the newest minute that went well
    coverage: Decimal | None
    recorded_at: datetime | None  # the newest minute, failed or not
    first_at: datetime | None
    tried: bool  # a minute was tried within the day
    fired_because: str | None  # why the alert fired last, if not for the minutes


async def read_feed(connection: Connection, at: datetime) -> Evaluation:
    """Whether snapshots can be trusted as of a minute: `system_stale`."""
    feed = await read_row(connection, QUERIES["read_feed"], {"at": at}, shape=_Feed)
    health = assess_health(as_of=at, last_success_at=feed.success_at, coverage=feed.coverage)
    share = share_seen(health)
    figures = {
        "health": health.state,
        "last_success_at": feed.success_at and feed.success_at.isoformat(),
        "coverage": None if share is None else f"{share:f}",
    }
    condition: Condition
    match health.state:
        case "healthy":
            condition, reason = "clears", "minutes are recorded again"
        case "degraded":
            condition, reason = "neither", "the feed is degraded"
        case "stale" if not feed.tried and feed.fired_because == NO_WORKER:
            condition, reason = "clears", "a worker checks alerts again"
        case "stale" if not feed.tried:
            condition, reason = "unknown", "no minute was tried within a day: nobody watches"
        case "stale" if _is_young(feed, at):
            condition, reason = "begins", "no minute has succeeded yet"
        case "stale":
            condition, reason = "holds", _stale_reason(feed, health, at)
    return Evaluation(at=at, condition=condition, reason=reason, figures=figures)


def _is_young(feed: _Feed, at: datetime) -> bool:
    return feed.success_at is None and feed.first_at is not None and at - feed.first_at < YOUNG


def _stale_reason(feed: _Feed, health: Health, at: datetime) -> str:
    if feed.success_at is None:
        first = "an unknown time" if feed.first_at is None else time_text(feed.first_at)
        return f"no minute has succeeded since the first was tried at {first}"
    return health_reason(health, recorded_at=feed.recorded_at, as_of=at)
