"""States of alerts for an operator: what fires, when it was checked, and who looks at it."""

from datetime import datetime

from hypertally.errors import Refused
from hypertally.jobs.alerts import transitions
from hypertally.jobs.alerts.state_machine import AlertState, Evaluation, acknowledge
from hypertally.records import Record
from hypertally.store.postgres import Pool, read_row, read_rows, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)


class AlertSummary(Record, frozen=True, kw_only=True):
    """The state of an alert as `hypertally alerts` shows it."""

    type: str
    subject: str
    level: str
    state: str  # `unchecked`: nobody checked the alert lately, so that it is quiet is not known
    since: datetime | None
    reason: str
    last_fired_at: datetime | None
    last_value: str | None
    checked_at: datetime | None  # as of which time the type was checked last; None: never
    coin_name: str | None  # the pair of the spot coin that the subject names


class LastCheck(Record, frozen=True, kw_only=True):
    """As of when all types of alerts were checked."""

    checked_at: datetime | None  # None: never
    is_recent: bool


async def list_alert_states(pool: Pool, *, quiet: bool, as_of: datetime) -> list[AlertSummary]:
    """The states of all alerts, firing ones first; `quiet`: also those that never changed."""
    parameters = {"quiet": quiet, "as_of": as_of}
    async with transaction(pool) as connection:
        return await read_rows(
            connection, QUERIES["list_all_alert_states"], parameters, shape=AlertSummary
        )


async def read_last_check(pool: Pool, *, as_of: datetime) -> LastCheck:
    """When a worker checked alerts last, and whether that was lately."""
    async with transaction(pool) as connection:
        return await read_row(
            connection, QUERIES["read_last_check"], {"as_of": as_of}, shape=LastCheck
        )


async def acknowledge_alert(
    pool: Pool, name: str, subject: str, *, at: datetime, by: str, reason: str
) -> AlertState:
    """Store that somebody looks at an alert that fires.

    Errors: `Refused` that names what does not exist, or the state of an alert that does not fire.
    """
    async with transaction(pool) as connection:
        await transitions.lock(connection)
        alerts = await transitions.read_alert_states(connection, [(name, subject)])
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
            await transitions.insert_transition(
                connection, change.alert, transition=transition, evaluation=evaluation
            )
        await transitions.put_alert_state(connection, change.alert)
    return change.alert
