"""Published numbers that moved: `restatement`."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby

from hypertally.jobs.alerts.restatement_size import Moved, furthest, how_far
from hypertally.jobs.alerts.state_machine import Evaluation
from hypertally.jobs.alerts.subjects import Subject
from hypertally.records import Record
from hypertally.store.postgres import Connection, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)
RESTATEMENTS_A_CHECK = 10_000  # keeps the transaction short; the next minute takes the rest
DAYS_NAMED_MAX = 20  # in one alert
ALL_WALLETS = 0  # the org of every tracked wallet
# What a user just did is no news to the user: wallets come and go, a definition is new.
CAUSED_BY_USERS = frozenset({"membership", "forgotten", "definition"})


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
    follows_definition: bool  # of an org's day: its wallets' days got a new definition just before


class _FarRestatement(Record, frozen=True, kw_only=True):
    """A restatement that moved a figure far enough for an alert."""

    restatement: RestatedRow
    moved: Moved

    @property
    def reason(self) -> str:
        """What moved, and why, in words."""
        share = "" if self.moved.share is None else f" ({self.moved.share:.2%})"
        return (
            f"{self.moved.field} of {self.restatement.metric} was {self.moved.old} and is "
            f"{self.moved.new or 'unknown'}{share}: {self.restatement.cause}"
        )


async def take_restatements(connection: Connection, at: datetime) -> list[Subject]:
    """Published numbers that moved far, each restatement once, one alert an owner and cause."""
    parameters = {"at": at, "limit": RESTATEMENTS_A_CHECK}
    restatements = await read_rows(
        connection, QUERIES["take_restatements"], parameters, shape=RestatedRow
    )
    far = [
        _FarRestatement(restatement=restatement, moved=moved)
        for restatement in restatements
        if restatement.cause not in CAUSED_BY_USERS and not restatement.follows_definition
        if (moved := furthest(restatement.changes)) is not None
    ]
    far.sort(key=_owner_and_cause)  # stable: the oldest first
    return [_subject(list(of_one)) for _, of_one in groupby(far, key=_owner_and_cause)]


def _owner_and_cause(far: _FarRestatement) -> tuple[str, str]:
    return _owner(far.restatement), far.restatement.cause


def _subject(of_one: Sequence[_FarRestatement]) -> Subject:
    """The alert about the restatements of one owner and cause."""
    furthest_moved = max(of_one, key=lambda each: how_far(each.moved))
    restatement = furthest_moved.restatement
    days = sorted({each.restatement.day for each in of_one if each.restatement.day})
    owner = _owner(restatement)
    return Subject(
        type="restatement",
        subject=f"{owner}/{days[0]}" if len(days) == 1 else owner,
        wallet_id=restatement.wallet_id,
        org_id=restatement.org_id,
        evaluation=Evaluation(
            at=max(each.restatement.restated_at for each in of_one),
            condition="holds",
            reason=_reason(furthest_moved, of_one, days),
            figures=_figures(furthest_moved) | _count_figures(of_one, days),
            event_key=f"restatement:{min(each.restatement.id for each in of_one)}",
            cause=restatement.cause,
        ),
    )


def _reason(
    furthest_moved: _FarRestatement, of_one: Sequence[_FarRestatement], days: Sequence[date]
) -> str:
    if len(of_one) == 1:
        return furthest_moved.reason
    return (
        f"{len(of_one)} published figures of {len(days)} days from {days[0]} to {days[-1]} moved; "
        f"the furthest, of {furthest_moved.restatement.day}: {furthest_moved.reason}"
    )


def _figures(far: _FarRestatement) -> dict[str, object]:
    return {
        "restatement_id": far.restatement.id,
        "metric": far.restatement.metric,
        "twap_id": far.restatement.twap_id,
        "field": far.moved.field,
        "old": far.moved.old,
        "new": far.moved.new,
        "cause": far.restatement.cause,
    }


def _count_figures(of_one: Sequence[_FarRestatement], days: Sequence[date]) -> dict[str, object]:
    if len(of_one) == 1:
        return {}
    return {"restatements": len(of_one), "days": [str(day) for day in days[:DAYS_NAMED_MAX]]}


def _owner(restatement: RestatedRow) -> str:
    if restatement.wallet:
        return restatement.wallet
    # The name of an org holds no colon, so no org is called "all".
    if restatement.org_id == ALL_WALLETS:
        return "all"
    return f"org:{restatement.org or restatement.org_id}"
