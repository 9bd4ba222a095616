"""The check of alerts: conditions are read, the state machine applies them, transitions are stored.

A check is one transaction under one lock: transitions, states, messages to send, and the end of the
job. What was judged is never judged again, so a check that is repeated, late or doubled changes
nothing, and a check that was killed is done whole by the next check.
"""

from datetime import datetime

from hypertally.jobs.alerts import (
    archive,
    budget_forecast,
    feed,
    gaps,
    labelled_wallets,
    large_twaps,
    rejects,
    restatements,
    signals,
    transitions,
    universe,
)
from hypertally.jobs.alerts.state_machine import RULES, Evaluation
from hypertally.jobs.alerts.subjects import SYSTEM, Subject, Withdrawal
from hypertally.jobs.alerts.transitions import Check
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.alert_checks import CHECK_ALERTS
from hypertally.jobs.runtime.kinds import Handlers
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources
from hypertally.records import Record
from hypertally.store.postgres import Connection, read_row
from hypertally.store.queries import load

QUERIES = load(__file__)


class _JudgedSince(Record, frozen=True, kw_only=True):
    since: datetime | None  # None: a behavioural alert was never judged


async def check_alerts(resources: Resources, job: Job) -> None:
    """Judge alerts of every type as of the job's minute, and queue their messages."""
    at = CHECK_ALERTS.read_payload(job).at
    async with queue.finishing(resources.pool, job) as connection:
        await transitions.lock(connection)
        await connection.execute(
            QUERIES["add_wallets"].text, {"type": "data_gap", "level": RULES["data_gap"].level}
        )
        check = Check(connection, tuple(resources.channels))
        # A type that mutes others comes before them.
        await check.judge(_system_subject("system_stale", await feed.read_feed(connection, at)))
        await _judge_signals(check, connection, at)
        await _judge_data(check, connection, at)
        bounds = resources.alert_bounds
        await check.judge(
            *await large_twaps.read_large_twaps(
                connection, at, above_percent=bounds.twap_share_percent
            ),
            *await labelled_wallets.read_wallet_moves(connection, at, from_usd=bounds.wallet_usd),
        )
        budget = await budget_forecast.read_budget(
            connection, at, weight_per_minute=resources.weight_per_minute
        )
        objects = await archive.read_archive(
            connection, at, expects_objects=resources.reads_twap_source
        )
        await check.judge(
            _system_subject("budget_infeasible", budget),
            _system_subject("archive_behind", objects),
        )
        await check.queue_messages()
        await transitions.note_check(connection, list(RULES), at=at, by="worker")


def _system_subject(name: str, evaluation: Evaluation) -> Subject:
    return Subject(type=name, subject=SYSTEM, evaluation=evaluation)


async def _judge_data(check: Check, connection: Connection, at: datetime) -> None:
    await gaps.update_gaps(connection, at)
    await _retract(check, await gaps.read_mistaken_gaps(connection), at=at)
    await check.judge(
        *await gaps.read_gaps(connection, at),
        *await rejects.read_rejects(connection, at),
        *await restatements.take_restatements(connection, at),
        *await universe.read_churned_runs(connection, at),
    )


async def _judge_signals(check: Check, connection: Connection, at: datetime) -> None:
    """Take back what was told of periods that changed; judge the new periods, oldest first."""
    await _retract(check, await signals.read_withdrawn_signals(connection, at), at=at)
    parameters = {"types": list(signals.TYPES)}
    judged = await read_row(
        connection, QUERIES["read_judged_since"], parameters, shape=_JudgedSince
    )
    for signal in await signals.read_signals(connection, at, since=judged.since):
        told = await _read_told(connection, signal.asset)
        await check.judge(
            Subject(
                type="regime_change",
                subject=signal.asset,
                evaluation=signals.regime_change(signal, told=told),
            ),
            Subject(
                type="exit_cluster",
                subject=signal.asset,
                evaluation=signals.exit_cluster(signal),
            ),
        )


async def _read_told(connection: Connection, asset: str) -> str | None:
    alerts = await transitions.read_alert_states(connection, [("regime_change", asset)])
    return alerts[0].told if alerts else None


async def _retract(check: Check, withdrawals: list[Withdrawal], *, at: datetime) -> None:
    for withdrawal in withdrawals:
        evaluation = Evaluation(
            at=at,
            condition="unknown",
            reason=withdrawal.reason,
            figures={"alert_id": withdrawal.alert_id},
            event_key=f"retraction:{withdrawal.alert_id}",
            cause=withdrawal.type,
            retracts=withdrawal.alert_id,
        )
        await check.retract(evaluation, withdrawal)


HANDLERS: Handlers = {CHECK_ALERTS: check_alerts}
