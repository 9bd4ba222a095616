"""Transitions: what the state machine decides, stored in the transaction of a check.

A cause is one message: at its end, a check chooses a transition of each cause whose message counts
the others.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec
import structlog
from msgspec.structs import replace

from hypertally.jobs.alerts.delivery import enqueue_delivery
from hypertally.jobs.alerts.state_machine import (
    FIRED_WITHIN,
    RULES,
    AlertChange,
    AlertState,
    Context,
    Evaluation,
    Transition,
    judge,
    retract,
)
from hypertally.jobs.alerts.subjects import Subject, Withdrawal
from hypertally.records import Record
from hypertally.store.postgres import Connection, Jsonb, find_row, read_row, read_rows
from hypertally.store.queries import load

log = structlog.get_logger()

QUERIES = load(__file__)
BEHAVIOURAL = tuple(name for name, rule in RULES.items() if rule.behavioural)


class _RowId(Record, frozen=True, kw_only=True):
    id: int


class _ToldTransition(Record, frozen=True, kw_only=True):
    """A transition that somebody is told of."""

    alert_id: int
    message: tuple[str, ...]  # equal for the transitions that one message tells


class Check:
    """One check: stores what the state machine decides, and one message for each cause."""

    def __init__(self, connection: Connection, channels: Sequence[str]) -> None:
        self._connection = connection
        self._channels = channels
        self._told: list[_ToldTransition] = []

    async def judge(self, *subjects: Subject) -> None:
        """Judge subjects one after another, each from its state by then."""
        keys = [(subject.type, subject.subject) for subject in subjects]
        stored = await read_alert_states(self._connection, keys)
        alerts = {(alert.type, alert.subject): alert for alert in stored}
        for subject, key in zip(subjects, keys, strict=True):
            alert = alerts.get(key) or subject.begin()
            alerts[key] = await self._judge_one(alert, subject.evaluation)

    async def retract(self, evaluation: Evaluation, withdrawal: Withdrawal) -> None:
        """Take back a firing whose evidence was found wrong; it holds no cooldown any more."""
        key = (withdrawal.type, withdrawal.subject)
        alerts = await read_alert_states(self._connection, [key])
        for alert in alerts:
            change = retract(
                alert,
                evaluation,
                is_newest=withdrawal.is_newest,
                playbook_before=withdrawal.playbook_before,
                wrong_since=withdrawal.wrong_since,
            )
            await self._store_all(alert, change, evaluation)
            await self._connection.execute(
                QUERIES["put_last_firing"].text, {"type": alert.type, "subject": alert.subject}
            )

    async def queue_messages(self) -> None:
        """Queue a message for each cause; the first transition of a cause stands for the others."""
        leads: dict[tuple[str, ...], int] = {}
        for transition in self._told:
            lead = leads.setdefault(transition.message, transition.alert_id)
            if lead != transition.alert_id:
                await self._connection.execute(
                    QUERIES["tell_with"].text, {"alert_id": transition.alert_id, "lead": lead}
                )
        for lead in leads.values():
            for channel in self._channels:
                await self._queue_delivery(lead, channel)

    async def _queue_delivery(self, alert_id: int, channel: str) -> None:
        delivery = await find_row(
            self._connection,
            QUERIES["insert_delivery"],
            {"alert_id": alert_id, "channel": channel},
            shape=_RowId,
        )
        if delivery:
            await enqueue_delivery(self._connection, delivery.id)

    async def _judge_one(self, alert: AlertState, evaluation: Evaluation) -> AlertState:
        context = await self._read_context(alert, evaluation)
        change = judge(alert, evaluation, context)
        if _is_same(change.alert, alert):
            return alert
        after = await self._store_all(alert, change, evaluation)
        if evaluation.instead and _is_held_back(change):
            return await self._judge_one(after, evaluation.instead)
        return after

    async def _store_all(
        self, alert: AlertState, change: AlertChange, evaluation: Evaluation
    ) -> AlertState:
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
            "asset": evaluation.asset or alert.subject,
            "org_id": alert.org_id,
            "within": FIRED_WITHIN,
        }
        return await read_row(self._connection, QUERIES["read_context"], parameters, shape=Context)

    async def _store(
        self, alert: AlertState, transition: Transition, evaluation: Evaluation
    ) -> bool:
        """Store a transition and note whom it tells; false: it was stored before."""
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
        if _is_told(alert, transition, evaluation):
            self._told.append(
                _ToldTransition(
                    alert_id=alert_id, message=_message(alert, transition, evaluation, alert_id)
                )
            )
        return True


def _message(
    alert: AlertState, transition: Transition, evaluation: Evaluation, alert_id: int
) -> tuple[str, ...]:
    if evaluation.cause is None:
        return (str(alert_id),)
    return (alert.type, transition.to_state, evaluation.cause)


def _is_same(after: AlertState, before: AlertState) -> bool:
    """Whether nothing is to be stored: of lasting conditions, not even when they were judged."""
    if RULES[before.type].period is None:
        after = replace(after, judged_at=before.judged_at)
    return after == before


def _is_held_back(change: AlertChange) -> bool:
    return any(transition.to_state == "suppressed" for transition in change.transitions)


def _is_told(alert: AlertState, transition: Transition, evaluation: Evaluation) -> bool:
    """Whether a transition is told: a firing alert, its end and its retraction.

    Of an event only the firing and its retraction are told.
    """
    if evaluation.quiet:
        return False
    is_retraction = transition.to_state == "retracted"
    if evaluation.retracts is not None:
        return is_retraction
    is_end = transition.to_state == "resolved" and not RULES[alert.type].event
    return transition.to_state == "firing" or is_end


async def lock(connection: Connection) -> None:
    """Let no other process judge alerts until the end of the transaction."""
    await connection.execute(QUERIES["lock_alerts"].text)


async def note_check(
    connection: Connection, types: Sequence[str], *, at: datetime, by: Literal["worker", "api"]
) -> None:
    """Store as of when alerts of these types were checked."""
    await connection.execute(QUERIES["note_check"].text, {"types": list(types), "at": at, "by": by})


async def read_alert_states(
    connection: Connection, keys: Sequence[tuple[str, str]]
) -> list[AlertState]:
    """The states of the alerts of these types and subjects that have one."""
    parameters = {"types": [key[0] for key in keys], "subjects": [key[1] for key in keys]}
    return await read_rows(connection, QUERIES["list_alert_states"], parameters, shape=AlertState)


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
            "asset": evaluation.asset,
            "toward_safety": evaluation.toward_safety,
            "retracts": evaluation.retracts,
        },
        shape=_RowId,
    )
    return row.id if row else None


async def put_alert_state(connection: Connection, alert: AlertState) -> None:
    """Store the state of an alert."""
    await connection.execute(QUERIES["put_alert_state"].text, msgspec.structs.asdict(alert))
