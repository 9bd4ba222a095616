"""The raw fills of one wallet, paged by key."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query, Response
from pydantic import Field

from hypertally.api.activity.wallets import find_wallet
from hypertally.api.http.problems import bad_parameter
from hypertally.api.resource import shapes
from hypertally.api.resource.access import ForViewers
from hypertally.api.resource.answers import answer
from hypertally.api.resource.coin_pairs import find_coin
from hypertally.api.resource.day_range import read_today, require_begun
from hypertally.api.resource.json_text import Json
from hypertally.api.resource.lists import of_list
from hypertally.api.resource.paging import CoinPlace, Int32, Int64, read_cursor, write_cursor
from hypertally.api.resource.parameters import Address, Coin, PageParameters
from hypertally.api.resource.time_range import DayOrTime, begin_of, end_of
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, read_row

router = APIRouter()

MAX_AGE: Final = 60

_QUERIES = queries.load(__file__)


class FillKey(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The place of a fill in the list: all that orders fills."""

    at: datetime
    coin: CoinPlace
    oid: Int64
    tid: Int64  # -1: rows of 2023 have none
    side: Annotated[str, msgspec.Meta(pattern="^[AB]$")]
    ordinal: Int32
    fingerprint: Int64


class FillsParameters(PageParameters):
    """Which fills: `to` is inclusive as a day and exclusive as a time."""

    first: Annotated[DayOrTime | None, Field(alias="from")] = None
    last: Annotated[DayOrTime | None, Field(alias="to")] = None
    coin: Coin | None = None


class FillsRow(Record, frozen=True, kw_only=True):
    """A page of fills as the database answers it; the place is null on the last page."""

    body: str
    time: datetime | None
    coin: str | None
    oid: int | None
    tid: int | None
    side: str | None
    ordinal: int | None
    fingerprint: int | None


class FillsPage(Record, frozen=True, kw_only=True):
    """One page: its fills as JSON, and where the next one begins."""

    fills: Json
    next: str | None


@router.get("/api/v1/wallets/{address}/fills", responses=of_list(shapes.Fills, "fills"))
async def list_fills(
    address: Address,
    parameters: Annotated[FillsParameters, Query()],
    connection: ForViewers,
) -> Response:
    """Return the wallet's fills, newest first, each with all the exchange said of it."""
    wallet_id = await find_wallet(connection, address)
    require_begun("from", parameters.first, today=await read_today(connection))
    page = await read_fills(connection, wallet_id, parameters)
    content = {"wallet": address, "fills": page.fills, "next": page.next}
    return answer(content, max_age=MAX_AGE)


async def read_fills(
    connection: Connection, wallet_id: int, parameters: FillsParameters
) -> FillsPage:
    """Read one page of a wallet's fills."""
    place = read_cursor(parameters.cursor, shape=FillKey) if parameters.cursor else None
    row = await read_row(
        connection,
        _QUERIES["list_fills"],
        {
            "wallet_id": wallet_id,
            "from_at": begin_of(parameters.first) or "-infinity",
            "to_at": end_of(parameters.last) or "infinity",
            "only_coin": await find_coin(connection, parameters.coin, parameter="coin"),
            "limit": parameters.limit + 1,
            **_place(place),
        },
        shape=FillsRow,
    )
    return FillsPage(fills=Json(row.body.encode()), next=_next(row))


def _place(place: FillKey | None) -> dict[str, object]:
    if place is None:
        # Later than every fill, so the rest of the key decides nothing.
        return {**dict.fromkeys(FillKey.__struct_fields__), "at": "infinity"}
    if place.at.tzinfo is None:
        raise bad_parameter("cursor", value=place.at, remedy="take it from `next`")
    return msgspec.structs.asdict(place)


def _next(row: FillsRow) -> str | None:
    if row.time is None:
        return None
    return write_cursor(
        [row.time, row.coin, row.oid, row.tid, row.side, row.ordinal, row.fingerprint]
    )
