"""The check of alerts: conditions are read, the state machine applies them, transitions are stored.

A check is one transaction under one lock: transitions, states, messages to send, and the end of the
job. What was judged is never judged again, so a check that is repeated, late or doubled changes
nothing, and a check that was killed is done whole by the next check.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec
import structlog
from msgspec.structs import replace

from hypertally.errors import Refused
from hypertally.jobs.alerts import conditions
from hypertally.jobs.alerts.conditions import Subject
from hypertally.jobs.alerts.delivery import enqueue_delivery
from hypertally.jobs.alerts.state_machine import (
    FIRED_WITHIN,
    RULES,
    AlertState,
    Context,
    Evaluation,
    Transition,
    acknowledge,
    judge,
)
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.alert_checks import CHECK_ALERTS
from hypertally.jobs.runtime.kinds import Handlers
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources
from hypertally.records import Record
from hypertally.store.postgres import (
    Connection,
    Jsonb,
    Pool,
    find_row,
    read_row,
    read_rows,
    transaction,
)
from hypertally.store.queries import load

log = structlog.get_logger()

QUERIES = load(__file__)
BEHAVIOURAL = tuple(name for name, rule in RULES.items() if rule.behavioural)
SYSTEM = "system"


class _JudgedSince(Record, frozen=True, kw_only=True):
    since: datetime | None  # None: a behavioural alert was never judged


class _RowId(Record, frozen=True, kw_only=True):
    id: int


async def check_alerts(resources: Resources, job: Job) -> None:
    """Judge alerts of every type as of the job's minute, and queue their messages."""
    at = CHECK_ALERTS.read_payload(job).at
    async with queue.finishing(resources.pool, job) as connection:
        await connection.execute(QUERIES["lock_alerts"].text)
        await connection.execute(
            QUERIES["add_wallets"].text, {"type": "data_gap", "level": RULES["data_gap"].level}
        )
        check = _Check(connection, tuple(resources.channels))
        # A type that mutes others comes before them.
        feed = await conditions.read_feed(connection, at)
        await check.judge(_system_subject("system_stale", feed))
        await _judge_signals(check, connection, at)
        await check.judge(
            *await conditions.read_gaps(connection, at),
            *await conditions.take_restatements(connection, at),
            *await conditions.read_churned_runs(connection, at),
        )
        budget = await conditions.read_budget(
            connection, at, weight_per_minute=resources.weight_per_minute
        )
        await check.judge(_system_subject("budget_infeasible", budget))


def _system_subject(name: str, evaluation: Evaluation) -> Subject:
    return Subject(type=name, subject=SYSTEM, evaluation=evaluation)


async def _judge_signals(check: "_Check", connection: Connection, at: datetime) -> None:
    """Judge every period that was not judged yet, oldest first."""
    parameters = {"types": list(BEHAVIOURAL)}
    judged = await read_row(
        connection, QUERIES["read_judged_since"], parameters, shape=_JudgedSince
    )
    for signal in await conditions.read_signals(connection, at, since=judged.since):
        told = await _read_told(connection, signal.asset)
        await check.judge(
            Subject(
                type="regime_change",
                subject=signal.asset,
                evaluation=conditions.regime_change(signal, told=told),
            ),
            Subject(
                type="exit_cluster",
                subject=signal.asset,
                evaluation=conditions.exit_cluster(signal),
            ),
        )


async def _read_told(connection: Connection, asset: str) -> str | None:
    alerts = await _read_alert_states(connection, [("regime_change", asset)])
    return alerts[0].told if alerts else None


async def _read_alert_states(
    connection: Connection, keys: Sequence[tuple[str, str]]
) -> list[AlertState]:
    parameters = {"types": [key[0] for key in keys], "subjects": [key[1] for key in keys]}
    return await read_rows(connection, QUERIES["list_alert_states"], parameters, shape=AlertState)


class _Check:
    """One check: stores what the state machine decides."""

    def __init__(self, connection: Connection, channels: Sequence[str]) -> None:
        self._connection = connection
        self._channels = channels

    async def judge(self, *subjects: Subject) -> None:
        """Judge subjects one after another, each from its state by then."""
        keys = [(subject.type, subject.subject) for subject in subjects]
        stored = await _read_alert_states(self._connection, keys)
        alerts = {(alert.type, alert.subject): alert for alert in stored}
        for subject, key in zip(subjects, keys, strict=True):
            alert = alerts.get(key) or subject.begin()
            alerts[key] = await self._judge_one(alert, subject.evaluation)

    async def _judge_one(self, alert: AlertState, evaluation: Evaluation) -> AlertState:
        context = await self._read_context(alert, evaluation)
        change = judge(alert, evaluation, context)
        if _is_same(change.alert, alert):
            return alert
        for transition in change.transitions:
            if not await self._store(change.alert, transition, evaluation):
                return alert  # told before
        await put_alert_state(self._connection, change.alert)
        return change.alert

    async def _read_context(self, alert: AlertState, evaluation: Evaluation) -> Context:
        if alert.type not in BEHAVIOURAL:
            return Context()
        parameters = {
            "at": evaluation.at,
            "types": list(BEHAVIOURAL),
            "subject": alert.subject,
            "within": FIRED_WITHIN,
        }
        return await read_row(self._connection, QUERIES["read_context"], parameters, shape=Context)

    async def _store(
        self, alert: AlertState, transition: Transition, evaluation: Evaluation
    ) -> bool:
        """Store a transition, and a delivery for each channel; false: it was stored before."""
        alert_id = await insert_transition(
            self._connection, alert, transition=transition, evaluation=evaluation
        )
        if alert_id is None:
            return False
        log.info(
            "alert changed",
            type=alert.type,
            subject=alert.subject,
            state=transition.to_state,
            reason=transition.reason,
        )
        for channel in self._channels if _is_told(alert, transition) else ():
            delivery = await find_row(
                self._connection,
                QUERIES["insert_delivery"],
                {"alert_id": alert_id, "channel": channel},
                shape=_RowId,
            )
            if delivery:
                await enqueue_delivery(self._connection, delivery.id)
        return True


def _is_same(after: AlertState, before: AlertState) -> bool:
    """Whether nothing is to be stored: of lasting conditions, not even when they were judged."""
    if RULES[before.type].period is None:
        after = replace(after, judged_at=before.judged_at)
    return after == before


def _is_told(alert: AlertState, transition: Transition) -> bool:
    """Whether a transition is told: a firing alert and its end; of an event only the firing."""
    is_end = transition.to_state == "resolved" and not RULES[alert.type].event
    return transition.to_state == "firing" or is_end


async def insert_transition(
    connection: Connection,
    alert: AlertState,
    *,
    transition: Transition,
    evaluation: Evaluation,
) -> int | None:
    """Store a transition; its number, None if the event was told before."""
    row = await find_row(
        connection,
        QUERIES["insert_transition"],
        {
            "type": alert.type,
            "subject": alert.subject,
            "wallet_id": alert.wallet_id,
            "org_id": alert.org_id,
            "level": alert.level,
            "from_state": transition.from_state,
            "to_state": transition.to_state,
            "at": evaluation.at,
            "reason": transition.reason,
            "value": Jsonb(dict(evaluation.figures)),
            "event_key": evaluation.event_key,
        },
        shape=_RowId,
    )
    return row.id if row else None


async def put_alert_state(connection: Connection, alert: AlertState) -> None:
    """Store the state of an alert."""
    await connection.execute(QUERIES["put_alert_state"].text, msgspec.structs.asdict(alert))


class AlertSummary(Record, frozen=True, kw_only=True):
    """The state of an alert as `hypertally alerts` shows it."""

    type: str
    subject: str
    level: str
    state: str
    since: datetime | None
    reason: str
    last_fired_at: datetime | None
    last_value: str | None


async def list_alert_states(pool: Pool, *, quiet: bool) -> list[AlertSummary]:
    """The states of all alerts, firing ones first; `quiet`: also those that never changed."""
    async with transaction(pool) as connection:
        return await read_rows(
            connection, QUERIES["list_all_alert_states"], {"quiet": quiet}, shape=AlertSummary
        )


async def acknowledge_alert(
    pool: Pool, name: str, subject: str, *, at: datetime, by: str, reason: str
) -> AlertState:
    """Store that somebody looks at an alert that fires.

    Errors: `Refused` that names what does not exist, or the state of an alert that does not fire.
    """
    async with transaction(pool) as connection:
        await connection.execute(QUERIES["lock_alerts"].text)
        alerts = await _read_alert_states(connection, [(name, subject)])
        if not alerts:
            raise Refused(f"there is no alert {name} {subject}: `hypertally alerts` lists them")
        change = acknowledge(alerts[0], at=at, by=by, reason=reason)
        evaluation = Evaluation(
            at=at,
            condition="unknown",
            reason=reason,
            figures={"by": by, "reason": reason},
        )
        for transition in change.transitions:
            await insert_transition(
                connection, change.alert, transition=transition, evaluation=evaluation
            )
        await put_alert_state(connection, change.alert)
    return change.alert


HANDLERS: Handlers = {CHECK_ALERTS: check_alerts}
