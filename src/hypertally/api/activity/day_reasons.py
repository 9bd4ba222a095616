"""What lowers the completeness of a day: its reasons in words, its rejects and its conflicts."""

from collections.abc import Mapping, Sequence

import msgspec

from hypertally.api.resource.json_text import Json
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, read_rows

ROWS_SHOWN_MAX = 100  # of rejects and of conflicts each; the reasons count all of them

_QUERIES = queries.load(__file__)
WORDS: Mapping[str, str] = {
    "position_break": "fills are missing: a position began elsewhere than the fill before left it",
    "history_begins": "the exchange may have more fills before the first that it shows",
    "millisecond_overflow": "more fills share one millisecond than the exchange shows",
    "thin_answer": "an answer lacked fills that were known",
    "end_position": "the exchange states another position than the fills lead to",
    "not_read": "no answer of the exchange covers this time yet",
    "read_once": "read once: a second reading, an hour or more later, has not confirmed it yet",
    "end_not_checked": "the exchange has not stated the positions after the last fill yet",
    "reject": "rows of the exchange could not be read",
    "conflict": "the exchange gave two contents for one fill",
}


class DayReason(Record, frozen=True, kw_only=True, rename={"from_at": "from", "to_at": "to"}):
    """Why a day is not complete: one reason of a kind, with all that is of it."""

    kind: str
    from_at: str | None
    to_at: str | None
    ms: int | None = None  # time that is not known; None: rows are
    rows: int | None = None
    wallets: int | None = None  # of an org's day
    words: str = ""


class RejectedRow(Record, frozen=True, kw_only=True, rename={"from_at": "from", "to_at": "to"}):
    """A fill of the day that could not be read."""

    wallet: str
    from_at: str
    to_at: str
    source: str
    reason: str
    page_id: int
    payload: str


class ConflictingRow(Record, frozen=True, kw_only=True):
    """A fill of the day that the exchange gave with another content later."""

    wallet: str
    time: str
    coin: str
    side: str
    oid: int
    tid: int | None
    first_page_id: int
    page_id: int
    row: str  # the later content, JSON

    def show(self) -> dict[str, object]:
        """The conflict as every answer shows it."""
        return {**msgspec.structs.asdict(self), "row": Json(self.row.encode())}


class _Stored(Record, frozen=True, kw_only=True):
    reasons: str


async def read_reasons(connection: Connection, key: Mapping[str, object]) -> Sequence[DayReason]:
    """Return the reasons of a day as it was computed, each in words."""
    rows = await read_rows(connection, _QUERIES["read_reasons"], key, shape=_Stored)
    return [
        msgspec.structs.replace(reason, words=WORDS.get(reason.kind, reason.kind))
        for row in rows
        for reason in _decode(row.reasons)
    ]


def _decode(text: str) -> list[DayReason]:
    stored = msgspec.json.decode(text, type=list[dict[str, str | int | None]])
    renamed = [
        {"from": each.pop("from_at", None), "to": each.pop("to_at", None), **each}
        for each in stored
    ]
    return msgspec.convert(renamed, list[DayReason])


async def list_rejects(connection: Connection, key: Mapping[str, object]) -> Sequence[RejectedRow]:
    """Return the fills of a day that could not be read, earliest first."""
    bound = {**key, "limit": ROWS_SHOWN_MAX}
    return await read_rows(connection, _QUERIES["list_day_rejects"], bound, shape=RejectedRow)


async def list_conflicts(
    connection: Connection, key: Mapping[str, object]
) -> Sequence[dict[str, object]]:
    """Return the fills of a day with two contents, earliest first."""
    bound = {**key, "limit": ROWS_SHOWN_MAX}
    rows = await read_rows(connection, _QUERIES["list_day_conflicts"], bound, shape=ConflictingRow)
    return [row.show() for row in rows]
