"""The states of an alert: one rule a type, one answer to every state and condition. Pure.

    inactive, resolved -- holds --> pending -- long enough --> firing -- clears --> resolved
                                      |                          |                     ^
                     not any more --> inactive                   +--> acknowledged ----+
                                      ^                               (by a person)
    about to fire, but muted, cooling down or capped --> suppressed --> firing, once it may
    told, and found wrong later --> retracted, and from there as from resolved

A move toward safety waits for nothing: no second period, no cooldown, no cap, no muting. Only that
of a lock is muted while the feed is stale: the alert of the feed says it.
A condition that is unknown, or neither holds nor clears, leaves a firing alert as it is, and starts
the count of successive periods again. An event is told once: it fires and is resolved at once.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from msgspec.structs import replace

from hypertally.errors import Refused
from hypertally.metrics.smart_money.formulas.thresholds import PERIOD
from hypertally.records import Record

State = Literal[
    "inactive", "pending", "firing", "resolved", "suppressed", "acknowledged", "retracted"
]
# `begins`: it would hold, but it is too early to say so.
Condition = Literal["holds", "begins", "neither", "clears", "unknown"]
Level = Literal["low", "medium", "high", "critical"]

NO_COOLDOWN = timedelta(0)
# Where nothing of the past is left but its rows.
OVER: frozenset[State] = frozenset({"inactive", "resolved", "retracted"})
# Alerts of an asset, of all behavioural types together: a reader who is told more stops reading.
FIRED_MAX, FIRED_WITHIN = 4, timedelta(hours=24)


class Rule(Record, frozen=True, kw_only=True):
    """When an alert of a type changes its state."""

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
    "archive_behind": Rule(level="high"),
    "rejects": Rule(level="high"),
    "twap_large": Rule(level="medium", event=True),
    "wallet": Rule(level="medium", behavioural=True, event=True),
}


class AlertState(Record, frozen=True, kw_only=True):
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


class Evaluation(Record, frozen=True, kw_only=True):
    """Whether the condition of an alert holds, as of a time."""

    at: datetime
    condition: Condition
    reason: str
    figures: Mapping[str, object] = {}  # for ops.alerts.value: decimals are strings
    playbook: str | None = None  # the playbook that a firing alert would name
    event_key: str | None = None  # of what happened once; None: a condition that lasts
    toward_safety: bool = False  # the playbook is safer than the one told: nothing holds it back
    feed_says_it: bool = False  # while the feed's alert stands, it has said this too
    quiet: bool = False  # the transition is stored, and nobody is sent a message
    cause: str | None = None  # alerts of one cause are one message; None: a message of its own
    asset: str | None = None  # whose alerts the cap counts together; None: the subject
    retracts: int | None = None  # the firing in ops.alerts whose evidence was found wrong
    instead: "Evaluation | None" = None  # judged in its place, where it is held back


class Context(Record, frozen=True, kw_only=True):
    """What else can keep an alert silent, besides its own past."""

    stale: bool = False  # system_stale stood firing or acknowledged then
    stale_now: bool = False  # the same, at the check: a period may be judged late
    # Behavioural alerts of this asset, within `FIRED_WITHIN`: not those toward safety, nor those
    # that were taken back.
    fired: int = 0


class Transition(Record, frozen=True, kw_only=True):
    """A row of ops.alerts."""

    from_state: State
    to_state: State
    reason: str


class AlertChange(Record, frozen=True, kw_only=True):
    """The transitions of an alert, oldest first, and its state after them."""

    alert: AlertState
    transitions: tuple[Transition, ...] = ()


def judge(alert: AlertState, evaluation: Evaluation, context: Context) -> AlertChange:
    """Apply an evaluation to an alert; an evaluation that was applied before changes nothing."""
    before = alert.judged_at
    if evaluation.event_key is None and before is not None and evaluation.at <= before:
        return AlertChange(alert=alert)
    period = RULES[alert.type].period
    # Two new playbooks in a row are no succession: each was seen once.
    is_same = evaluation.playbook is None or evaluation.playbook == alert.last_value
    in_succession = is_same and (
        before is None or period is None or evaluation.at - before <= period
    )
    seen = replace(
        alert,
        judged_at=evaluation.at if before is None else max(before, evaluation.at),
        last_value=evaluation.playbook or evaluation.reason,
        periods=alert.periods if in_succession else 0,
        # The first playbook ever changes nothing: it counts as told.
        told=evaluation.playbook if alert.told is None else alert.told,
    )
    match evaluation.condition:
        case "holds":
            return _held(seen, evaluation, context)
        case "begins":
            return _begun(seen, evaluation)
        case "clears" | "neither":
            return _not_held(seen, evaluation)
        case "unknown":
            return AlertChange(alert=replace(seen, periods=0))


def acknowledge(alert: AlertState, *, at: datetime, by: str, reason: str) -> AlertChange:
    """Somebody looks at an alert that fires.

    Errors: `Refused` that names the state of one that does not.
    """
    if alert.state != "firing":
        raise Refused(
            f"{alert.type} {alert.subject} is {alert.state}: only what is firing can be "
            f"acknowledged, and `hypertally alerts` lists it"
        )
    said = f"{by}: {reason}" if reason else by
    return _moved(alert, "acknowledged", said, at=at, periods=alert.periods)


def retract(
    alert: AlertState,
    evaluation: Evaluation,
    *,
    is_newest: bool,
    playbook_before: str | None,
    wrong_since: datetime | None,
) -> AlertChange:
    """Take back a firing of an alert whose evidence was found wrong.

    `is_newest`: no later firing stands; one that does, and what waits to fire after it, stay as
    they are after the retraction. Without one, the alert is as it was before the firing: the
    periods after `wrong_since` are to be judged again, and what the firing kept silent, by its
    cooldown or because it still fired, is told with the time it had.
    `playbook_before`: the one that stood before the firing.
    """
    retracted = _moved(alert, "retracted", evaluation.reason, at=evaluation.at)
    if not is_newest:
        back = _and_then(retracted, alert.state, alert.reason, at=evaluation.at)
        return replace(back, alert=replace(alert, since=evaluation.at))
    after = replace(retracted.alert, told=playbook_before or alert.told)
    if wrong_since:
        after = replace(after, judged_at=wrong_since, last_value=None)
    return replace(retracted, alert=after)


def _held(alert: AlertState, evaluation: Evaluation, context: Context) -> AlertChange:
    rule = RULES[alert.type]
    if alert.state in {"firing", "acknowledged"}:
        return AlertChange(alert=replace(alert, periods=0))
    if alert.state == "suppressed":
        if _silenced(alert, evaluation, context):
            return AlertChange(alert=alert)
        return _fire(alert, evaluation, context)
    periods = alert.periods + 1 if alert.state == "pending" else 1
    if periods >= rule.fire_after or evaluation.toward_safety:
        return _fire(alert, evaluation, context)
    if alert.state == "pending":
        return AlertChange(alert=replace(alert, periods=periods))
    return _moved(alert, "pending", evaluation.reason, at=evaluation.at, periods=periods)


def _begun(alert: AlertState, evaluation: Evaluation) -> AlertChange:
    if alert.state in OVER:
        return _moved(alert, "pending", evaluation.reason, at=evaluation.at)
    if alert.state == "suppressed":
        return _moved(alert, "inactive", evaluation.reason, at=evaluation.at)
    return AlertChange(alert=replace(alert, periods=0))


def _not_held(alert: AlertState, evaluation: Evaluation) -> AlertChange:
    if alert.state in {"pending", "suppressed"}:
        return _moved(alert, "inactive", evaluation.reason, at=evaluation.at)
    if alert.state in OVER:
        return AlertChange(alert=alert)
    periods = alert.periods + 1 if evaluation.condition == "clears" else 0
    if periods >= RULES[alert.type].clear_after:
        return _moved(alert, "resolved", evaluation.reason, at=evaluation.at)
    return AlertChange(alert=replace(alert, periods=periods))


def _fire(alert: AlertState, evaluation: Evaluation, context: Context) -> AlertChange:
    """Fire, unless something keeps it silent. What happened once is over either way."""
    if reason := _silenced(alert, evaluation, context):
        held_back = _moved(alert, "suppressed", reason, at=evaluation.at)
        if evaluation.event_key is None:
            return held_back
        return _and_then(
            held_back, "inactive", "it happened once and was not told", at=evaluation.at
        )
    fired = _moved(
        replace(alert, last_fired_at=evaluation.at, told=evaluation.playbook or alert.told),
        "firing",
        evaluation.reason,
        at=evaluation.at,
    )
    if not RULES[alert.type].event:
        return fired
    return _and_then(fired, "resolved", "an event: told, and over", at=evaluation.at)


def _silenced(alert: AlertState, evaluation: Evaluation, context: Context) -> str | None:
    """Why an alert that would fire does not; None: nothing keeps it."""
    if evaluation.feed_says_it and (context.stale or context.stale_now):
        return "muted: system_stale, which is not resolved, says that signals are locked"
    if evaluation.toward_safety:
        return None
    rule = RULES[alert.type]
    if rule.behavioural and context.stale:
        return "muted: the feed was stale, and system_stale is not resolved"
    last = alert.last_fired_at
    if last is not None and evaluation.at < last + rule.cooldown:
        return f"cooldown: it fired at {last:%Y-%m-%d %H:%M:%S} UTC, less than {rule.cooldown} ago"
    if rule.behavioural and context.fired >= FIRED_MAX:
        asset = evaluation.asset or alert.subject
        return f"cap: {context.fired} alerts of {asset} fired within 24 hours"
    return None


def _and_then(change: AlertChange, state: State, reason: str, *, at: datetime) -> AlertChange:
    following = _moved(change.alert, state, reason, at=at)
    return replace(following, transitions=change.transitions + following.transitions)


def _moved(
    alert: AlertState, state: State, reason: str, *, at: datetime, periods: int = 0
) -> AlertChange:
    transition = Transition(from_state=alert.state, to_state=state, reason=reason)
    after = replace(alert, state=state, since=at, reason=reason, periods=periods)
    return AlertChange(alert=after, transitions=(transition,))
