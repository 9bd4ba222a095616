"""The states of an alert: one rule a type, one answer to every state and condition. Pure.

    inactive, resolved -- holds --> pending -- long enough --> firing -- clears --> resolved
                                      |                          |                     ^
                     not any more --> inactive                   +--> acknowledged ----+
                                      ^                               (by a person)
    about to fire, but muted, cooling down or capped --> suppressed --> firing, once it may

A condition that is unknown, or neither holds nor clears, moves nothing that fires, and what must
come in succession begins anew. An event is told once: it fires and is resolved in one go.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from msgspec.structs import replace

from hypertally.errors import Refused
from hypertally.metrics.smart_money.formulas.thresholds import PERIOD
from hypertally.records import Record

State = Literal["inactive", "pending", "firing", "resolved", "suppressed", "acknowledged"]
# `begins`: it would hold, but it is too early to say so.
Condition = Literal["holds", "begins", "neither", "clears", "unknown"]
Level = Literal["low", "medium", "high", "critical"]

NO_COOLDOWN = timedelta(0)
# Of an asset, all behavioural types together: who is told more stops to read.
FIRED_MAX, FIRED_WITHIN = 4, timedelta(hours=24)


class Rule(Record, frozen=True, kw_only=True):
    """What makes a type of alert move."""

    level: Level
    fire_after: int = 1  # successive periods or checks in which the condition holds
    clear_after: int = 1  # the same, in which it clears
    cooldown: timedelta = NO_COOLDOWN
    period: timedelta | None = None  # a longer step is no succession; None: check after check
    behavioural: bool = False  # muted while the feed is stale, and capped
    event: bool = False  # over as soon as it is told


RULES: Mapping[str, Rule] = {
    "regime_change": Rule(
        level="medium",
        fire_after=2,
        cooldown=timedelta(minutes=30),
        period=PERIOD,
        behavioural=True,
        event=True,
    ),
    "exit_cluster": Rule(
        level="high",
        clear_after=2,
        cooldown=timedelta(minutes=60),
        period=PERIOD,
        behavioural=True,
    ),
    "system_stale": Rule(level="critical", clear_after=2),
    "data_gap": Rule(level="high"),
    "restatement": Rule(level="medium", event=True),
    "universe_churn": Rule(level="low", cooldown=timedelta(hours=6), event=True),
    "budget_infeasible": Rule(level="high"),
}


class Standing(Record, frozen=True, kw_only=True):
    """A row of ops.alert_state."""

    type: str
    subject: str
    level: Level
    wallet_id: int | None = None
    org_id: int | None = None
    state: State = "inactive"
    since: datetime | None = None
    reason: str = ""
    periods: int = 0
    last_fired_at: datetime | None = None
    last_value: str | None = None
    told: str | None = None
    judged_at: datetime | None = None


class Judged(Record, frozen=True, kw_only=True):
    """What an alert is judged by, as of a time."""

    at: datetime
    condition: Condition
    words: str
    figures: Mapping[str, Any] = {}  # for ops.alerts.value: decimals are strings
    tells: str | None = None  # the playbook that firing would tell
    event_key: str | None = None  # of what happened once; None: a condition that lasts


class Around(Record, frozen=True, kw_only=True):
    """What keeps an alert silent besides its own past."""

    stale: bool = False  # system_stale stands firing or acknowledged
    fired: int = 0  # behavioural alerts of this asset, within `FIRED_WITHIN`


class Move(Record, frozen=True, kw_only=True):
    """A row of ops.alerts."""

    from_state: State
    to_state: State
    reason: str


class Verdict(Record, frozen=True, kw_only=True):
    """The moves of an alert, oldest first, and where it stands after them."""

    standing: Standing
    moves: tuple[Move, ...] = ()


def judge(standing: Standing, judged: Judged, around: Around) -> Verdict:
    """Where a condition takes an alert; what was judged already changes nothing."""
    before = standing.judged_at
    if judged.event_key is None and before is not None and judged.at <= before:
        return Verdict(standing=standing)
    period = RULES[standing.type].period
    # Two playbooks after each other that are both new are no succession of either.
    is_same = judged.tells is None or judged.tells == standing.last_value
    in_succession = is_same and (before is None or period is None or judged.at - before <= period)
    seen = replace(
        standing,
        judged_at=judged.at if before is None else max(before, judged.at),
        last_value=judged.tells or judged.words,
        periods=standing.periods if in_succession else 0,
        # The first playbook of all changes nothing: it is taken as told.
        told=judged.tells if standing.told is None else standing.told,
    )
    match judged.condition:
        case "holds":
            return _held(seen, judged, around)
        case "begins":
            return _begun(seen, judged)
        case "clears" | "neither":
            return _not_held(seen, judged)
        case "unknown":
            return Verdict(standing=replace(seen, periods=0))


def acknowledge(standing: Standing, *, at: datetime, by: str, reason: str) -> Verdict:
    """Somebody looks at an alert that fires.

    Errors: `Refused` that names the state of one that does not.
    """
    if standing.state != "firing":
        raise Refused(
            f"{standing.type} {standing.subject} is {standing.state}: only what is firing can be "
            f"acknowledged, and `hypertally alerts` lists it"
        )
    said = f"{by}: {reason}" if reason else by
    return _moved(standing, "acknowledged", said, at=at, periods=standing.periods)


def _held(standing: Standing, judged: Judged, around: Around) -> Verdict:
    rule = RULES[standing.type]
    if standing.state in {"firing", "acknowledged"}:
        return Verdict(standing=replace(standing, periods=0))
    if standing.state == "suppressed":
        if _silenced(standing, judged, around):
            return Verdict(standing=standing)
        return _fire(standing, judged, around)
    periods = standing.periods + 1 if standing.state == "pending" else 1
    if periods >= rule.fire_after:
        return _fire(standing, judged, around)
    if standing.state == "pending":
        return Verdict(standing=replace(standing, periods=periods))
    return _moved(standing, "pending", judged.words, at=judged.at, periods=periods)


def _begun(standing: Standing, judged: Judged) -> Verdict:
    if standing.state in {"inactive", "resolved"}:
        return _moved(standing, "pending", judged.words, at=judged.at)
    if standing.state == "suppressed":
        return _moved(standing, "inactive", judged.words, at=judged.at)
    return Verdict(standing=replace(standing, periods=0))


def _not_held(standing: Standing, judged: Judged) -> Verdict:
    if standing.state in {"pending", "suppressed"}:
        return _moved(standing, "inactive", judged.words, at=judged.at)
    if standing.state in {"inactive", "resolved"}:
        return Verdict(standing=standing)
    periods = standing.periods + 1 if judged.condition == "clears" else 0
    if periods >= RULES[standing.type].clear_after:
        return _moved(standing, "resolved", judged.words, at=judged.at)
    return Verdict(standing=replace(standing, periods=periods))


def _fire(standing: Standing, judged: Judged, around: Around) -> Verdict:
    """Fire, unless something keeps it silent. What happened once is over either way."""
    if reason := _silenced(standing, judged, around):
        held_back = _moved(standing, "suppressed", reason, at=judged.at)
        if judged.event_key is None:
            return held_back
        return _and_then(held_back, "inactive", "it happened once and was not told", at=judged.at)
    fired = _moved(
        replace(standing, last_fired_at=judged.at, told=judged.tells or standing.told),
        "firing",
        judged.words,
        at=judged.at,
    )
    if not RULES[standing.type].event:
        return fired
    return _and_then(fired, "resolved", "an event: told, and over", at=judged.at)


def _silenced(standing: Standing, judged: Judged, around: Around) -> str | None:
    """Why an alert that would fire does not; None: nothing keeps it."""
    rule = RULES[standing.type]
    if rule.behavioural and around.stale:
        return "muted: the feed was stale, and system_stale is not resolved"
    last = standing.last_fired_at
    if last is not None and judged.at < last + rule.cooldown:
        return f"cooldown: it fired at {last:%Y-%m-%d %H:%M:%S} UTC, less than {rule.cooldown} ago"
    if rule.behavioural and around.fired >= FIRED_MAX:
        return f"cap: {around.fired} alerts of {standing.subject} fired within 24 hours"
    return None


def _and_then(verdict: Verdict, state: State, reason: str, *, at: datetime) -> Verdict:
    following = _moved(verdict.standing, state, reason, at=at)
    return replace(following, moves=verdict.moves + following.moves)


def _moved(
    standing: Standing, state: State, reason: str, *, at: datetime, periods: int = 0
) -> Verdict:
    move = Move(from_state=standing.state, to_state=state, reason=reason)
    after = replace(standing, state=state, since=at, reason=reason, periods=periods)
    return Verdict(standing=after, moves=(move,))
