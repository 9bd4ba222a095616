"""Ends of chains that are checked: by a statement of positions, and a reading of fills after it.

Both are stored apart, so each that completes a check has the days judged again in its own commit.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from hypertally.clock import at
from hypertally.facts.activity import positions
from hypertally.metrics.activity import fill_gaps
from hypertally.records import ProvenPage, Record
from hypertally.store.postgres import Connection, read_row
from hypertally.store.queries import load

QUERIES = load(__file__)
Days = Mapping[date, datetime | None]  # to judge again -> from when on its gaps are, if they are


class JudgedEnds(Record, frozen=True, kw_only=True):
    """How far the ends of a wallet's chains are checked."""

    all_checked: bool
    days: Days


class _Settled(Record, frozen=True, kw_only=True):
    from_at: datetime | None  # the oldest of them; None: there is none


async def lock_cursor(connection: Connection, wallet_id: int) -> None:
    """Let no other transaction store fills of a wallet, or judge its ends, beside this one.

    Whatever does so locks first, before it queues work: else two wait for each other.
    """
    await connection.execute(QUERIES["lock_cursor"].text, {"wallet_id": wallet_id})


async def judge_ends(connection: Connection, wallet_id: int, *, today: date) -> JudgedEnds:
    """Find the ends that are checked, and note it if all are. The cursor is locked."""
    bound = {"wallet_id": wallet_id}
    ends = await positions.list_ends(connection, wallet_id)
    days: dict[date, datetime | None] = {end.last_at.date(): None for end in ends if end.is_checked}
    all_checked = all(end.is_checked for end in ends)
    if all_checked:
        await connection.execute(QUERIES["note_checked"].text, bound)
    if await fill_gaps.ends_disagree(connection, wallet_id):
        # The whole record: which chains are concerned, the computation of gaps finds.
        days[today] = fill_gaps.BEGINNING
    return JudgedEnds(all_checked=all_checked, days=days)


def earliest(parts: Iterable[Days]) -> dict[date, datetime | None]:
    """All days of these, each from the earliest of its times."""
    days: dict[date, datetime | None] = {}
    for part in parts:
        for day, from_at in part.items():
            days[day] = min(filter(None, (days.get(day), from_at)), default=None)
    return days


async def settle_ends(
    connection: Connection, wallet_id: int, page: ProvenPage, *, page_id: int
) -> Days:
    """The days to judge again because a page was read after positions were stated.

    Also from the oldest of these statements on: fills after it may be known before it counts.
    """
    asked_at = page.answer.asked_at
    bound = {
        "wallet_id": wallet_id,
        "page_id": page_id,
        "asked_at": asked_at,
        "covers_to": at(page.covers_to_ms),
    }
    settled = await read_row(connection, QUERIES["read_settled"], bound, shape=_Settled)
    if settled.from_at is None:
        return {}
    judged = await judge_ends(connection, wallet_id, today=asked_at.date())
    return earliest([judged.days, {settled.from_at.date(): settled.from_at}])
