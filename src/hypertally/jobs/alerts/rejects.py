"""Rows that could not be read, as of a time: `rejects`."""

from datetime import datetime, timedelta

from hypertally.jobs.alerts.state_machine import Evaluation
from hypertally.jobs.alerts.subjects import SYSTEM, Subject
from hypertally.records import Record
from hypertally.store.postgres import Connection, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)
NEW_WITHIN = timedelta(days=1)
REASONS_TOLD_MAX = 3  # of rows that differ, each may have its own


class _RejectCount(Record, frozen=True, kw_only=True):
    wallet: str | None  # None: of no wallet
    wallet_id: int | None
    rejects: int  # new ones that are still not read
    reasons: list[str]  # the most frequent first
    counts: list[int]  # of each reason


async def read_rejects(connection: Connection, at: datetime) -> list[Subject]:
    """Tracked wallets with new rejects, rejects of no wallet, and alerts about either that fire."""
    parameters = {"at": at, "within": NEW_WITHIN}
    counts = await read_rows(connection, QUERIES["count_rejects"], parameters, shape=_RejectCount)
    return [
        Subject(
            type="rejects",
            subject=count.wallet or SYSTEM,
            wallet_id=count.wallet_id,
            evaluation=_evaluate(at, count),
        )
        for count in counts
    ]


def _evaluate(at: datetime, count: _RejectCount) -> Evaluation:
    if count.rejects == 0:
        reason = "no reject within a day that is still not read"
        return Evaluation(at=at, condition="clears", reason=reason, cause="over")
    rows = "1 row" if count.rejects == 1 else f"{count.rejects} rows"
    return Evaluation(
        at=at,
        condition="holds",
        reason=f"{rows} of the last 24 h could not be read: {_tell_reasons(count)}",
        figures={"rejects": count.rejects},
        cause="rejects",
    )


def _tell_reasons(count: _RejectCount) -> str:
    if len(count.reasons) == 1:
        return count.reasons[0]
    counted = list(zip(count.counts, count.reasons, strict=True))
    parts = [f"{rows} x {reason}" for rows, reason in counted[:REASONS_TOLD_MAX]]
    others = sum(rows for rows, _ in counted[REASONS_TOLD_MAX:])
    return ", ".join([*parts, f"{others} for other reasons"] if others else parts)
