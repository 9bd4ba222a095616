"""Slices: the fills that a wallet's TWAP orders are executed by, from `/info userTwapSliceFills*`.

A row there is a fill and beside it the number of its TWAP. The fill is stored with all others, and
which TWAP it belongs to here: an answer that does not say so may have brought the fill first.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from hypertally.clock import at
from hypertally.errors import BadPayload
from hypertally.facts.activity import fills
from hypertally.facts.activity.fills import Decoded
from hypertally.facts.fact import Fact
from hypertally.facts.rows import decode_rows
from hypertally.records import Fill, JsonObject, Record, is_object
from hypertally.store.postgres import Connection, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)
SOURCE = "info.userTwapSliceFillsByTime"
_TWAP_ID_MAX = 2**63 - 1


class Misshapen(Record, frozen=True, kw_only=True):
    """A row that is not a fill with the number of a TWAP."""

    row: Any
    reason: str


def unwrap(row: Any) -> JsonObject | Misshapen:
    """The fill of a row, numbered as ordinary fills are: it can be paged and read as one."""
    fill = row.get("fill") if is_object(row) else None
    if not is_object(row) or not is_object(fill):
        return Misshapen(row=row, reason="the row holds no fill")
    twap_id = row.get("twapId")
    if (
        not isinstance(twap_id, int)
        or isinstance(twap_id, bool)
        or not 0 <= twap_id <= _TWAP_ID_MAX
    ):
        return Misshapen(row=row, reason=f"twapId is not the number of a TWAP: {twap_id!r}")
    if fill.get("twapId") not in (None, twap_id):
        reason = f"the fill is of TWAP {fill['twapId']!r}, its row of {twap_id}"
        return Misshapen(row=row, reason=reason)
    return {**fill, "twapId": twap_id}


def decode(
    rows: Iterable[JsonObject | Misshapen], *, wallet: str, asked_at: datetime | None = None
) -> Decoded:
    """Turn unwrapped rows into fills, in the order received; bad rows become rejects.

    `asked_at`: our clock then; a fill of more than five minutes later is a reject.
    """

    def read(row: JsonObject | Misshapen, ordinal: int) -> Fill:
        if isinstance(row, Misshapen):
            raise BadPayload(row.reason)
        return fills.decode_row(row, wallet=wallet, ordinal=ordinal, asked_at=asked_at)

    decoded = decode_rows(rows, read, as_it_came=_wrapped)
    return Decoded(fills=decoded.values, rejects=decoded.rejects)


def _wrapped(row: JsonObject | Misshapen) -> Any:
    """The row as it came."""
    if isinstance(row, Misshapen):
        return row.row
    return {"fill": {**row, "twapId": None}, "twapId": row["twapId"]}


class _AddedSlice(Record, frozen=True, kw_only=True):
    twap_id: int


async def insert(
    connection: Connection, slices: Sequence[Fill], *, wallet_id: int, page_id: int
) -> set[int]:
    """Append what is a slice of what; the TWAPs of which a slice is new."""
    if not slices:
        return set()
    added = await read_rows(
        connection,
        QUERIES["insert_slices"],
        {
            "wallet_id": wallet_id,
            "page_id": page_id,
            "time": [at(fill.time_ms) for fill in slices],
            **{
                name: [getattr(fill, name) for fill in slices]
                for name in ("twap_id", "coin", "oid", "tid", "side")
            },
        },
        shape=_AddedSlice,
    )
    return {row.twap_id for row in added}


FACT = Fact(
    name="twap_slices",
    source="info.userTwapSliceFillsByTime",
    key=("wallet_id", "twap_id", "time", "coin", "oid", "tid", "side"),
    decode=decode,
    insert=insert,
)
