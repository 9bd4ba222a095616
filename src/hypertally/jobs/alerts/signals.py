"""Alerts about signals, as of their own periods: `regime_change` and `exit_cluster`."""

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from hypertally.jobs.alerts.state_machine import Condition, Evaluation
from hypertally.jobs.alerts.subjects import Withdrawal, time_text
from hypertally.metrics.smart_money.formulas.thresholds import EXITS_CALM_BELOW
from hypertally.metrics.smart_money.formulas.v3.scores import V3
from hypertally.records import Record
from hypertally.store.postgres import Connection, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)
FIRST_LOOK = timedelta(hours=1)  # of signals, when no period was ever judged
LOOK_BACK_MAX = timedelta(days=1)  # as far as signals themselves are made up for
RETRACTED_WITHIN = timedelta(days=7)  # nobody acts on an older alert any more
TYPES = ("regime_change", "exit_cluster")
DEFINITION = V3  # of the signals that alerts are judged by
NO_TRADE = "No-trade"
RISKS = ("Normal", "Reduced", "Defensive")  # from good to bad


class Exits(Record, frozen=True, kw_only=True):
    """The exits of a signal: wallets that left, of those that were exposed."""

    left: int | None = None
    exposed: int | None = None
    high: bool | None = None


class SignalExits(Record, frozen=True, kw_only=True):
    """The column `exits` of metrics.signals, as far as alerts read it."""

    all: Exits = Exits()


class Signal(Record, frozen=True, kw_only=True):
    """A row of metrics.signals, as far as alerts read it."""

    at: datetime
    asset: str
    locked: str | None  # why the period has no scores; None: it has
    bias: str | None
    risk: str | None
    rule: str | None
    cas: str | None
    ecs: str | None
    exits: dict[str, object]  # as `SignalExits`


async def read_signals(
    connection: Connection, at: datetime, *, since: datetime | None
) -> list[Signal]:
    """The signals of the periods after `since` (None: no period was judged), oldest first."""
    since = max(since or at - FIRST_LOOK, at - LOOK_BACK_MAX)
    parameters = {"at": at, "since": since, "definition": DEFINITION}
    return await read_rows(connection, QUERIES["list_signals"], parameters, shape=Signal)


def regime_change(signal: Signal, *, told: str | None) -> Evaluation:
    """Whether the playbook differs from the playbook last told.

    The playbook of a lock takes back what was told; where nothing was told, there is none.
    """
    at = signal.at
    if signal.locked and told is None:
        return Evaluation(at=at, condition="unknown", reason=f"no playbook: {signal.locked}")
    playbook = f"{signal.bias} / {signal.risk}"
    figures = {
        "from": told,
        "to": playbook,
        "rule": signal.rule,
        "cas": signal.cas,
        "definition": DEFINITION,
    }
    if told is None or told == playbook:
        return Evaluation(
            at=at, condition="clears", reason=playbook, figures=figures, playbook=playbook
        )
    return Evaluation(
        at=at,
        condition="holds",
        reason=f"{told} became {playbook}, by {signal.rule}",
        figures=figures,
        playbook=playbook,
        toward_safety=is_safer(playbook, than=told),
        feed_says_it=signal.locked is not None,
        cause=signal.locked and f"{time_text(at)} {signal.locked}",
    )


def is_safer(playbook: str, *, than: str) -> bool:
    """Whether a playbook gives a position up, or says a worse risk, than the playbook before."""
    bias, risk = playbook.split(" / ")
    bias_before, risk_before = than.split(" / ")
    is_given_up = bias == NO_TRADE != bias_before
    return is_given_up or RISKS.index(risk) > RISKS.index(risk_before)


def exit_cluster(signal: Signal) -> Evaluation:
    """Whether exits are High; calm below 20, or where no wallet is left to exit."""
    at = signal.at
    if signal.locked:
        return Evaluation(at=at, condition="unknown", reason=f"no score: {signal.locked}")
    exits = msgspec.convert(signal.exits, SignalExits).all
    ecs = None if signal.ecs is None else Decimal(signal.ecs)
    condition: Condition
    if exits.high:
        condition = "holds"
    elif exits.exposed == 0 or (ecs is not None and ecs < EXITS_CALM_BELOW):
        condition = "clears"
    else:
        condition = "unknown" if ecs is None or exits.high is None else "neither"
    return Evaluation(
        at=at,
        condition=condition,
        reason=f"ECS {_shown(ecs)}: {exits.left} of {exits.exposed} holders left",
        figures={
            "ecs": signal.ecs,
            "left": exits.left,
            "exposed": exits.exposed,
            "definition": DEFINITION,
        },
    )


def _shown(score: Decimal | None) -> str:
    return "unknown" if score is None else f"{score:.1f}"


class _ChangedSignal(Record, frozen=True, kw_only=True):
    """A firing, and the signal of its period as it is stored now."""

    alert_id: int
    type: str
    subject: str
    at: datetime
    playbook_told: str | None
    wrong_since: datetime
    playbook_before: str | None
    is_newest: bool
    locked: str | None
    playbook: str | None


async def read_withdrawn_signals(connection: Connection, at: datetime) -> list[Withdrawal]:
    """Firings whose period was computed again and does not say any more what was told."""
    parameters = {"at": at, "since": at - RETRACTED_WITHIN}
    changed = await read_rows(
        connection, QUERIES["list_changed_signals"], parameters, shape=_ChangedSignal
    )
    return [
        Withdrawal(
            alert_id=each.alert_id,
            type=each.type,
            subject=each.subject,
            reason=_withdrawal_reason(each),
            is_newest=each.is_newest,
            playbook_before=each.playbook_before,
            wrong_since=each.wrong_since,
        )
        for each in changed
    ]


def _withdrawal_reason(signal: _ChangedSignal) -> str:
    period = f"the period of {time_text(signal.at)} was computed again"
    if signal.locked:
        return f"{period} and has no signal: {signal.locked}"
    if signal.type == "exit_cluster":
        return f"{period} and its exits are not high"
    return f"{period} and says {signal.playbook}, not {signal.playbook_told}"
