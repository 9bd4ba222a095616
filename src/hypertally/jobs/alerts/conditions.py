"""The conditions of alerts as of a time, read from stored rows.

Nothing is read that was stored as of a later time.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby

import msgspec

from hypertally.jobs.activity.rollup import REPAIRS_AFTER_SECONDS
from hypertally.jobs.alerts.budget_forecast import MINUTE, Demand, forecast
from hypertally.jobs.alerts.restatement_size import furthest
from hypertally.jobs.alerts.state_machine import RULES, AlertState, Condition, Evaluation
from hypertally.metrics.smart_money.formulas.feed_health import assess_health
from hypertally.metrics.smart_money.formulas.score_arithmetic import V2
from hypertally.metrics.smart_money.formulas.thresholds import EXITS_CALM_BELOW
from hypertally.metrics.smart_money.universe import CHURN_WARNS_ABOVE
from hypertally.records import Record
from hypertally.store.postgres import Connection, read_row, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)
YOUNG = timedelta(seconds=600)  # a feed that never worked is stale from then on
FIRST_LOOK = timedelta(hours=1)  # of signals, when no period was ever judged
LOOK_BACK_MAX = timedelta(days=1)  # as far as signals themselves are made up for
RESTATEMENTS_A_CHECK = 500  # keeps the transaction short; the next minute takes the rest
GAPS_NAMED_MAX = 20  # of a wallet, in one alert
ALL_WALLETS = 0  # the org of every tracked wallet


class Subject(Record, frozen=True, kw_only=True):
    """The thing an alert is about, and the evaluation of its condition."""

    type: str
    subject: str
    evaluation: Evaluation
    wallet_id: int | None = None
    org_id: int | None = None

    def begin(self) -> AlertState:
        """The state of an alert that was never judged."""
        return AlertState(
            type=self.type,
            subject=self.subject,
            level=RULES[self.type].level,
            wallet_id=self.wallet_id,
            org_id=self.org_id,
        )


class _Feed(Record, frozen=True, kw_only=True):
    """The minutes as they were known at a time."""

    success_at: datetime | None  # the newest minute that went well
    coverage: Decimal | None
    first_at: datetime | None
    tried: bool  # a minute was tried within the day


async def read_feed(connection: Connection, at: datetime) -> Evaluation:
    """Whether snapshots can be trusted as of a minute: `system_stale`."""
    feed = await read_row(connection, QUERIES["read_feed"], {"at": at}, shape=_Feed)
    health = assess_health(as_of=at, last_success_at=feed.success_at, coverage=feed.coverage)
    figures = {
        "health": health.state,
        "last_success_at": feed.success_at and feed.success_at.isoformat(),
        "coverage": None if feed.coverage is None else f"{feed.coverage:f}",
    }
    condition: Condition
    match health.state:
        case "healthy":
            condition, reason = "clears", "minutes are recorded again"
        case "degraded":
            condition, reason = "neither", "the feed is degraded"
        case "stale" if not feed.tried:
            condition, reason = "unknown", "no minute was tried within a day: nobody watches"
        case "stale" if _is_young(feed, at):
            condition, reason = "begins", "no minute has succeeded yet"
        case "stale":
            condition, reason = "holds", _stale_reason(feed, at)
    return Evaluation(at=at, condition=condition, reason=reason, figures=figures)


def _is_young(feed: _Feed, at: datetime) -> bool:
    return feed.success_at is None and feed.first_at is not None and at - feed.first_at < YOUNG


def _stale_reason(feed: _Feed, at: datetime) -> str:
    if feed.success_at is None:
        first = "an unknown time" if feed.first_at is None else _time(feed.first_at)
        return f"no minute has succeeded since the first was tried at {first}"
    seconds = int((at - feed.success_at).total_seconds())
    return f"the last minute recorded is {seconds} s old, with {feed.coverage:.1%} of the wallets"


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
    parameters = {"at": at, "since": since, "definition": V2}
    return await read_rows(connection, QUERIES["list_signals"], parameters, shape=Signal)


def regime_change(signal: Signal, *, told: str | None) -> Evaluation:
    """Whether the playbook differs from the playbook last told; a locked period has none."""
    at = signal.at
    if signal.locked:
        return Evaluation(at=at, condition="unknown", reason=f"no playbook: {signal.locked}")
    playbook = f"{signal.bias} / {signal.risk}"
    figures = {"from": told, "to": playbook, "rule": signal.rule, "cas": signal.cas}
    if told in {None, playbook}:
        return Evaluation(
            at=at, condition="clears", reason=playbook, figures=figures, playbook=playbook
        )
    reason = f"{told} became {playbook}, by {signal.rule}"
    return Evaluation(at=at, condition="holds", reason=reason, figures=figures, playbook=playbook)


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
        reason=f"ECS {signal.ecs or 'unknown'}, {exits.left} of {exits.exposed} exposed left",
        figures={"ecs": signal.ecs, "left": exits.left, "exposed": exits.exposed},
    )


class Gap(Record, frozen=True, kw_only=True):
    """A gap that an alert of its wallet is judged by."""

    wallet: str
    wallet_id: int
    coin: str | None  # None: the alert has no gap; '': every coin
    kind: str | None
    from_at: datetime | None
    to_at: datetime | None
    ending: str | None  # filled, permanent; None: the gap is open
    open: bool


async def read_gaps(connection: Connection, at: datetime) -> list[Subject]:
    """Wallets with open gaps, and wallets whose alert fires and whose gaps ended: `data_gap`."""
    delays = list(REPAIRS_AFTER_SECONDS)
    await connection.execute(QUERIES["end_gaps"].text, {"at": at, "delays": delays})
    await connection.execute(QUERIES["see_gaps"].text, {"at": at})
    gaps = await read_rows(connection, QUERIES["list_gaps"], shape=Gap)
    by_wallet = groupby(gaps, key=lambda gap: (gap.wallet, gap.wallet_id))
    return [
        Subject(
            type="data_gap",
            subject=wallet,
            wallet_id=wallet_id,
            evaluation=_evaluate_gaps(at, list(of_wallet)),
        )
        for (wallet, wallet_id), of_wallet in by_wallet
    ]


def _evaluate_gaps(at: datetime, gaps: Sequence[Gap]) -> Evaluation:
    still = [gap for gap in gaps if gap.open]
    ended = [gap for gap in gaps if gap.ending]
    named = [_gap_figures(gap) for gap in (still or ended)[:GAPS_NAMED_MAX]]
    if still:
        first = named[0]
        more = f", and {len(still) - 1} more" if len(still) > 1 else ""
        reason = (
            f"fills of {first['coin'] or 'every coin'} are missing between "
            f"{first['from_at']} and {first['to_at']} ({first['kind']}){more}"
        )
    else:
        filled = sum(gap.ending == "filled" for gap in ended)
        reason = f"gaps filled: {filled}, marked permanent: {len(ended) - filled}"
    return Evaluation(
        at=at,
        condition="holds" if still else "clears",
        reason=reason,
        figures={"gaps": len(still or ended), "first": named},
    )


def _gap_figures(gap: Gap) -> dict[str, str | None]:
    return {
        "coin": gap.coin,
        "kind": gap.kind,
        "from_at": gap.from_at and _time(gap.from_at),
        "to_at": gap.to_at and _time(gap.to_at),
        "ending": gap.ending,
    }


class RestatedRow(Record, frozen=True, kw_only=True):
    """A row of metrics.restatements, and the names of its wallet and org."""

    id: int
    metric: str
    day: date | None
    cause: str
    restated_at: datetime
    wallet_id: int | None
    org_id: int | None
    twap_id: int | None
    changes: str  # a JSON object
    wallet: str | None
    org: str | None


async def take_restatements(connection: Connection, at: datetime) -> list[Subject]:
    """Published numbers that changed much, each restatement once: `restatement`."""
    parameters = {"at": at, "limit": RESTATEMENTS_A_CHECK}
    restatements = await read_rows(
        connection, QUERIES["take_restatements"], parameters, shape=RestatedRow
    )
    return [
        Subject(
            type="restatement",
            subject=f"{_owner(restatement)}/{restatement.day}",
            wallet_id=restatement.wallet_id,
            org_id=restatement.org_id,
            evaluation=evaluation,
        )
        for restatement in restatements
        if (evaluation := _evaluate_restatement(restatement)) is not None
    ]


def _owner(restatement: RestatedRow) -> str:
    if restatement.wallet:
        return restatement.wallet
    # The name of an org holds no colon, so no org is called "all".
    if restatement.org_id == ALL_WALLETS:
        return "all"
    return f"org:{restatement.org or restatement.org_id}"


def _evaluate_restatement(restatement: RestatedRow) -> Evaluation | None:
    moved = furthest(restatement.changes)
    if moved is None:
        return None
    share = "" if moved.share is None else f" ({moved.share:.2%})"
    return Evaluation(
        at=restatement.restated_at,
        condition="holds",
        reason=(
            f"{moved.field} of {restatement.metric} was {moved.old} and is "
            f"{moved.new or 'unknown'}{share}: {restatement.cause}"
        ),
        figures={
            "restatement_id": restatement.id,
            "metric": restatement.metric,
            "twap_id": restatement.twap_id,
            "field": moved.field,
            "old": moved.old,
            "new": moved.new,
            "cause": restatement.cause,
        },
        event_key=f"restatement:{restatement.id}",
    )


class ChurnedRun(Record, frozen=True, kw_only=True):
    """A choice of the universe that changed much."""

    id: int
    taken_at: datetime
    churn: Decimal
    members: int
    entered: int
    source: str


async def read_churned_runs(connection: Connection, at: datetime) -> list[Subject]:
    """Choices of the universe that changed more than 30%: `universe_churn`."""
    parameters = {"at": at, "above": CHURN_WARNS_ABOVE}
    runs = await read_rows(connection, QUERIES["list_churned_runs"], parameters, shape=ChurnedRun)
    return [
        Subject(
            type="universe_churn",
            subject="system",
            evaluation=Evaluation(
                at=run.taken_at,
                condition="holds",
                reason=f"{run.entered} of the {run.members} watched wallets are new "
                f"({run.churn:.1%}), from {run.source}",
                figures={"run_id": run.id, "churn": f"{run.churn:f}"},
                event_key=f"universe_run:{run.id}",
            ),
        )
        for run in runs
    ]


async def read_budget(
    connection: Connection, at: datetime, *, weight_per_minute: int
) -> Evaluation:
    """Whether every tracked wallet can be looked at often enough: `budget_infeasible`."""
    demand = await read_row(connection, QUERIES["read_demand"], {"at": at}, shape=Demand)
    return budget(at, demand, weight_per_minute=weight_per_minute)


def budget(at: datetime, demand: Demand, *, weight_per_minute: int) -> Evaluation:
    """Whether the allowance covers a demand.

    Every org sees this alert: it must not say how many wallets the other orgs track.
    """
    forecasts = forecast(demand, weight_per_minute=weight_per_minute)
    late = [each for each in forecasts if not each.fits]
    reason = ", ".join(
        f"{each.name} wallets {_every(each.lag)}, the target is {_every(each.target)}"
        for each in late
    )
    return Evaluation(
        at=at,
        condition="holds" if late else "clears",
        reason=f"{weight_per_minute} weight a minute are not enough: {reason}"
        if late
        else f"{weight_per_minute} weight a minute are enough",
        figures={
            "weight_per_minute": weight_per_minute,
            **{each.name: _every(each.lag) for each in forecasts},
        },
    )


def _every(lag: timedelta | None) -> str:
    return "never" if lag is None else f"every {lag // MINUTE} min"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"
