"""What alerts are judged by, as of a time: read from stored rows, then put into words. Nothing is
read that was stored as of a later time.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from hypertally.jobs.activity.rollup import REPAIRS_AFTER_SECONDS
from hypertally.jobs.alerts.budget_forecast import MINUTE, Demand, forecast
from hypertally.jobs.alerts.restatement_size import furthest
from hypertally.jobs.alerts.state_machine import RULES, Condition, Judged, Standing
from hypertally.metrics.smart_money.formulas.feed_health import assess_health
from hypertally.metrics.smart_money.formulas.score_arithmetic import V2
from hypertally.metrics.smart_money.formulas.thresholds import EXITS_CALM_BELOW
from hypertally.metrics.smart_money.universe import CHURN_WARNS_ABOVE
from hypertally.records import Record
from hypertally.store.postgres import Connection
from hypertally.store.queries import load

QUERIES = load(__file__)
YOUNG = timedelta(seconds=600)  # a feed that never worked is stale from then on
FIRST_LOOK = timedelta(hours=1)  # of signals, when none was ever judged
LOOK_BACK_MAX = timedelta(days=1)  # as far as signals themselves are made up for
RESTATEMENTS_A_CHECK = 500  # keeps the transaction short; the next minute takes the rest
GAPS_NAMED_MAX = 20  # of a wallet, in one alert
ALL_WALLETS = 0  # the org of every tracked wallet


class Subject(Record, frozen=True, kw_only=True):
    """Whom an alert is about, and what it is judged by."""

    type: str
    subject: str
    judged: Judged
    wallet_id: int | None = None
    org_id: int | None = None

    def begin(self) -> Standing:
        """Where an alert stands that has never been judged."""
        return Standing(
            type=self.type,
            subject=self.subject,
            level=RULES[self.type].level,
            wallet_id=self.wallet_id,
            org_id=self.org_id,
        )


async def read_feed(connection: Connection, at: datetime) -> Judged:
    """Whether snapshots can be trusted as of a minute: `system_stale`."""
    found = await connection.execute(QUERIES["read_feed"].text, {"at": at})
    row = await found.fetchone()
    assert row is not None  # it answers one row whatever there is
    health = assess_health(as_of=at, last_success_at=row["success_at"], coverage=row["coverage"])
    figures = {
        "health": health.state,
        "last_success_at": row["success_at"] and row["success_at"].isoformat(),
        "coverage": None if row["coverage"] is None else f"{row['coverage']:f}",
    }
    condition: Condition
    match health.state:
        case "healthy":
            condition, words = "clears", "minutes are recorded again"
        case "degraded":
            condition, words = "neither", "the feed is degraded"
        case "stale" if not row["tried"]:
            condition, words = "unknown", "no minute was tried within a day: nobody watches"
        case "stale" if row["success_at"] is None and at - row["first_at"] < YOUNG:
            condition, words = "begins", "no minute has succeeded yet"
        case "stale":
            condition, words = "holds", _stale_words(row, at)
    return Judged(at=at, condition=condition, words=words, figures=figures)


def _stale_words(row: Mapping[str, Any], at: datetime) -> str:
    if row["success_at"] is None:
        return f"no minute has succeeded since the first was tried at {_time(row['first_at'])}"
    seconds = int((at - row["success_at"]).total_seconds())
    return f"the last minute recorded is {seconds} s old, with {row['coverage']:.1%} of the wallets"


async def read_signals(
    connection: Connection, at: datetime, *, since: datetime | None
) -> list[dict[str, Any]]:
    """The periods after `since` (None: none was judged), oldest first."""
    since = max(since or at - FIRST_LOOK, at - LOOK_BACK_MAX)
    found = await connection.execute(
        QUERIES["list_signals"].text, {"at": at, "since": since, "definition": V2}
    )
    return await found.fetchall()


def regime_change(signal: Mapping[str, Any], *, told: str | None) -> Judged:
    """Whether the playbook is another than the one last told; a locked period has none."""
    at = signal["at"]
    if signal["locked"]:
        words = f"no playbook: {signal['locked']}"
        return Judged(at=at, condition="unknown", words=words)
    playbook = f"{signal['bias']} / {signal['risk']}"
    figures = {"from": told, "to": playbook, "rule": signal["rule"], "cas": signal["cas"]}
    if told in {None, playbook}:
        return Judged(at=at, condition="clears", words=playbook, figures=figures, tells=playbook)
    words = f"{told} became {playbook}, by {signal['rule']}"
    return Judged(at=at, condition="holds", words=words, figures=figures, tells=playbook)


def exit_cluster(signal: Mapping[str, Any]) -> Judged:
    """Whether exits are High; calm below 20, or where there is no one left to exit."""
    at = signal["at"]
    if signal["locked"]:
        words = f"no score: {signal['locked']}"
        return Judged(at=at, condition="unknown", words=words)
    exits = signal["exits"].get("all", {})
    ecs = None if signal["ecs"] is None else Decimal(signal["ecs"])
    left, exposed, high = exits.get("left"), exits.get("exposed"), exits.get("high")
    condition: Condition
    if high:
        condition = "holds"
    elif exposed == 0 or (ecs is not None and ecs < EXITS_CALM_BELOW):
        condition = "clears"
    else:
        condition = "unknown" if ecs is None or high is None else "neither"
    return Judged(
        at=at,
        condition=condition,
        words=f"ECS {signal['ecs'] or 'unknown'}, {left} of {exposed} exposed left",
        figures={"ecs": signal["ecs"], "left": left, "exposed": exposed},
    )


async def read_gaps(connection: Connection, at: datetime) -> list[Subject]:
    """Wallets with open gaps, and those whose alert stands and whose gaps ended: `data_gap`."""
    delays = list(REPAIRS_AFTER_SECONDS)
    await connection.execute(QUERIES["end_gaps"].text, {"at": at, "delays": delays})
    await connection.execute(QUERIES["see_gaps"].text, {"at": at})
    found = await connection.execute(QUERIES["list_gaps"].text)
    by_wallet = groupby(await found.fetchall(), key=lambda row: (row["wallet"], row["wallet_id"]))
    return [
        Subject(type="data_gap", subject=wallet, wallet_id=wallet_id, judged=_gap(at, list(gaps)))
        for (wallet, wallet_id), gaps in by_wallet
    ]


def _gap(at: datetime, gaps: Sequence[Mapping[str, Any]]) -> Judged:
    still = [gap for gap in gaps if gap["open"]]
    ended = [gap for gap in gaps if gap["ending"]]
    named = [_gap_figures(gap) for gap in (still or ended)[:GAPS_NAMED_MAX]]
    if still:
        first = named[0]
        more = f", and {len(still) - 1} more" if len(still) > 1 else ""
        words = (
            f"fills of {first['coin'] or 'every coin'} are missing between "
            f"{first['from_at']} and {first['to_at']} ({first['kind']}){more}"
        )
    else:
        filled = sum(gap["ending"] == "filled" for gap in ended)
        words = f"gaps filled: {filled}, marked permanent: {len(ended) - filled}"
    return Judged(
        at=at,
        condition="holds" if still else "clears",
        words=words,
        figures={"gaps": len(still or ended), "first": named},
    )


def _gap_figures(gap: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "coin": gap["coin"],
        "kind": gap["kind"],
        "from_at": _time(gap["from_at"]),
        "to_at": _time(gap["to_at"]),
        "ending": gap["ending"],
    }


async def take_restatements(connection: Connection, at: datetime) -> list[Subject]:
    """Published numbers that moved far, each restatement once: `restatement`."""
    found = await connection.execute(
        QUERIES["take_restatements"].text, {"at": at, "limit": RESTATEMENTS_A_CHECK}
    )
    judged = [(row, _restated(row)) for row in await found.fetchall()]
    return [
        Subject(
            type="restatement",
            subject=f"{_whose(row)}/{row['day']}",
            wallet_id=row["wallet_id"],
            org_id=row["org_id"],
            judged=one,
        )
        for row, one in judged
        if one is not None
    ]


def _whose(row: Mapping[str, Any]) -> str:
    if row["wallet"]:
        return row["wallet"]
    # A name of an org holds no colon, so this is no org's.
    return "all" if row["org_id"] == ALL_WALLETS else f"org:{row['org'] or row['org_id']}"


def _restated(row: Mapping[str, Any]) -> Judged | None:
    moved = furthest(row["changes"])
    if moved is None:
        return None
    share = "" if moved.share is None else f" ({moved.share:.2%})"
    return Judged(
        at=row["restated_at"],
        condition="holds",
        words=(
            f"{moved.field} of {row['metric']} was {moved.old} and is "
            f"{moved.new or 'unknown'}{share}: {row['cause']}"
        ),
        figures={
            "restatement_id": row["id"],
            "metric": row["metric"],
            "twap_id": row["twap_id"],
            "field": moved.field,
            "old": moved.old,
            "new": moved.new,
            "cause": row["cause"],
        },
        event_key=f"restatement:{row['id']}",
    )


async def read_churned_runs(connection: Connection, at: datetime) -> list[Subject]:
    """Choices of the universe that changed more than 30%: `universe_churn`."""
    found = await connection.execute(
        QUERIES["list_churned_runs"].text, {"at": at, "above": CHURN_WARNS_ABOVE}
    )
    return [
        Subject(
            type="universe_churn",
            subject="system",
            judged=Judged(
                at=row["taken_at"],
                condition="holds",
                words=f"{row['entered']} of the {row['members']} watched wallets are new "
                f"({row['churn']:.1%}), from {row['source']}",
                figures={"run_id": row["id"], "churn": f"{row['churn']:f}"},
                event_key=f"universe_run:{row['id']}",
            ),
        )
        for row in await found.fetchall()
    ]


async def read_budget(connection: Connection, at: datetime, *, weight_per_minute: int) -> Judged:
    """Whether every tracked wallet can be looked at often enough: `budget_infeasible`."""
    found = await connection.execute(QUERIES["read_demand"].text, {"at": at})
    row = await found.fetchone()
    assert row is not None  # an aggregate answers one row
    return budget(at, Demand(**row), weight_per_minute=weight_per_minute)


def budget(at: datetime, demand: Demand, *, weight_per_minute: int) -> Judged:
    """The same, from what is asked of the allowance.

    Every org sees it: it must not say how many wallets the others track.
    """
    found = forecast(demand, weight_per_minute=weight_per_minute)
    late = [one for one in found if not one.fits]
    words = ", ".join(
        f"{one.name} wallets {_every(one.lag)}, the target is {_every(one.target)}" for one in late
    )
    return Judged(
        at=at,
        condition="holds" if late else "clears",
        words=f"{weight_per_minute} weight a minute are not enough: {words}"
        if late
        else f"{weight_per_minute} weight a minute are enough",
        figures={
            "weight_per_minute": weight_per_minute,
            **{one.name: _every(one.lag) for one in found},
        },
    )


def _every(lag: timedelta | None) -> str:
    return "never" if lag is None else f"every {lag // MINUTE} min"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"
