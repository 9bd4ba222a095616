"""TWAP orders: those whose life touches a window, and one with its statuses and slices."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from fastapi import APIRouter, Path, Query, Response
from msgspec.structs import asdict
from pydantic import BeforeValidator, Field, WithJsonSchema

from hypertally.api.http.limits import PAGE_ROWS_DEFAULT
from hypertally.api.resource.access import ForViewers
from hypertally.api.resource.answers import answer, not_found, of_shape
from hypertally.api.resource.json_text import as_json
from hypertally.api.resource.paging import Int64, cut_page, read_cursor, write_cursor
from hypertally.api.resource.parameters import AnyAddress, Coin, Cursor, PageParameters
from hypertally.api.resource.time_range import (
    ALL_TIME,
    AsOfParameters,
    StartEndParameters,
    TimeRange,
    UtcTime,
    read_minute,
    start_end_rule,
)
from hypertally.api.twaps import shapes
from hypertally.api.twaps.figures import Shown, TwapName, read_twaps
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, find_row, read_rows

router = APIRouter()

MAX_AGE: Final = 30  # a slice comes every 30 seconds
TWAPS_RANGE: Final = start_end_rule(longest=timedelta(days=366))  # a leap year
TWAPS_MAX: Final = 500  # a page of TWAPs with their payloads is then under 1 MB
STATUSES_SHOWN_MAX: Final = 1_000  # a TWAP has two or three, a few more from several sources
TWAP_ID_MAX: Final = 2**63 - 1

Status: TypeAlias = Literal["activated", "finished", "terminated", "error"]

_TWAP_ID: Final = re.compile(r"[0-9]{1,19}")
_QUERIES = queries.load(__file__)


def _twap_id(value: object) -> int:
    if not isinstance(value, str) or not _TWAP_ID.fullmatch(value) or int(value) > TWAP_ID_MAX:
        raise ValueError("a TWAP's number is written in digits, and is below 2^63")
    return int(value)


TwapNumber: TypeAlias = Annotated[
    int,
    BeforeValidator(_twap_id),
    WithJsonSchema({"type": "string", "pattern": f"^{_TWAP_ID.pattern}$"}),
]
TwapId: TypeAlias = Annotated[TwapNumber, Path()]


class TwapsParameters(StartEndParameters):
    """Which TWAPs; `error` means every status that begins with it."""

    wallet: AnyAddress | None = None
    asset: Coin | None = None
    status: Status | None = None
    as_of: UtcTime | None = None
    limit: Annotated[int, Field(ge=1, le=TWAPS_MAX)] = PAGE_ROWS_DEFAULT
    cursor: Cursor | None = None


class TwapPlace(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The place of a TWAP in a list, and the window of that list: pages of it agree on both."""

    start: Annotated[datetime, msgspec.Meta(tz=True)]
    end: Annotated[datetime, msgspec.Meta(tz=True)]
    as_of: Annotated[datetime, msgspec.Meta(tz=True)]
    started_at: Annotated[datetime, msgspec.Meta(tz=True)]
    twap_id: Int64
    wallet: Annotated[str, msgspec.Meta(pattern="^0x[0-9a-f]{40}$")]


class SlicePlace(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The place of a slice in the list."""

    at: Annotated[datetime, msgspec.Meta(tz=True)]
    oid: Int64


class PlacedTwap(TwapName, frozen=True, kw_only=True):
    """The name of a TWAP with its place in the list."""

    started_at: datetime


class TwapStatus(Record, frozen=True, kw_only=True):
    """A status of a TWAP as its source said it."""

    ts: str | None
    event_at: str | None
    status: str
    wallet: str
    asset: str
    side: str
    size_requested: str
    size_executed: str | None
    notional_executed: str | None
    duration_minutes: int
    s3_object_key: str | None
    inserted_at: str
    raw: str | None  # JSON

    def show(self) -> dict[str, object]:
        """Return the status as the API shows it."""
        return {**asdict(self), "raw": as_json(self.raw)}


class TwapSlice(Record, frozen=True, kw_only=True):
    """A slice of a TWAP."""

    at: str
    oid: int
    size: str
    notional: str
    price: str | None
    fees: dict[str, str]  # by token
    fees_usd: str | None
    fills: int
    place: datetime

    def show(self) -> dict[str, object]:
        """Return the slice without its place."""
        shown = asdict(self)
        del shown["place"]
        return shown


@router.get("/api/v1/twaps", responses=of_shape(shapes.Twaps))
async def list_twaps(
    parameters: Annotated[TwapsParameters, Query()], connection: ForViewers
) -> Response:
    """Return the TWAPs whose life touches [start, end), those that began last first."""
    place = read_cursor(parameters.cursor, shape=TwapPlace) if parameters.cursor else None
    minute = await read_minute(connection)
    time_range = TWAPS_RANGE.resolve(
        parameters.start or (place and place.start),
        parameters.end or (place and place.end),
        minute=minute,
    )
    as_of = parameters.as_of or (place and place.as_of) or minute
    rows = await _list_names(connection, parameters, time_range=time_range, place=place)
    page, more = cut_page(rows, parameters.limit)
    content = {
        "wallet": parameters.wallet,
        "start": time_range.start,
        "end": time_range.end,
        "as_of": as_of,
        "twaps": await read_twaps(connection, page, time_range=time_range, as_of=as_of),
        "next": _next(page[-1], time_range, as_of) if more else None,
    }
    return answer(content, max_age=MAX_AGE)


async def _list_names(
    connection: Connection,
    parameters: TwapsParameters,
    *,
    time_range: TimeRange,
    place: TwapPlace | None,
) -> list[PlacedTwap]:
    name = "list_twaps_of_asset" if parameters.asset else "list_twaps"
    if parameters.wallet:
        name = "list_twaps_of_wallet"
    return await read_rows(
        connection,
        _QUERIES[name],
        {
            "start": time_range.start,
            "wallet": parameters.wallet,
            "asset": parameters.asset,
            "status": parameters.status,
            "limit": parameters.limit + 1,
            **_from_place(place, time_range),
        },
        shape=PlacedTwap,
    )


def _from_place(place: TwapPlace | None, time_range: TimeRange) -> dict[str, object]:
    if place is None or place.started_at >= time_range.end:
        # The end itself, which is before all that begins at it.
        return {"started_at": time_range.end, "twap_id": 0, "place_wallet": ""}
    return {
        "started_at": place.started_at,
        "twap_id": place.twap_id,
        "place_wallet": place.wallet,
    }


def _next(last: PlacedTwap, time_range: TimeRange, as_of: datetime) -> str:
    return write_cursor(
        [time_range.start, time_range.end, as_of, last.started_at, last.twap_id, last.wallet]
    )


@router.get("/api/v1/twaps/{twap_id}", responses=of_shape(shapes.WholeTwap))
async def get_twap(
    twap_id: TwapId, parameters: Annotated[AsOfParameters, Query()], connection: ForViewers
) -> Response:
    """Return one TWAP over its whole life, and every status of it, oldest first."""
    name = await find_twap(connection, twap_id)
    twap = await read_whole(connection, name, parameters.as_of)
    rows = await read_statuses(connection, twap_id)
    content = {"twap_id": str(twap_id), "twap": twap, "rows": rows}
    return answer(content, max_age=MAX_AGE)


@router.get("/api/v1/twaps/{twap_id}/slices", responses=of_shape(shapes.Slices))
async def list_slices(
    twap_id: TwapId, parameters: Annotated[PageParameters, Query()], connection: ForViewers
) -> Response:
    """Return the slices of a TWAP, oldest first; none where the org does not track the wallet."""
    name = await find_twap(connection, twap_id)
    page = await read_slices(connection, name, parameters)
    return answer({"twap_id": str(twap_id), **page}, max_age=MAX_AGE)


async def find_twap(connection: Connection, twap_id: int) -> TwapName:
    """Return whose TWAP a number names.

    Errors: `Problem` 404, the same for one that is not the caller's to see.
    """
    parameters = {"twap_id": twap_id}
    name = await find_row(connection, _QUERIES["find_twap"], parameters, shape=TwapName)
    if name is None:
        raise not_found(f"your org can see no TWAP {twap_id}: /api/v1/twaps lists those it can see")
    return name


async def read_whole(connection: Connection, name: TwapName, as_of: datetime | None) -> Shown:
    """Return a TWAP with its whole life as the range."""
    as_of = as_of or await read_minute(connection)
    return (await read_twaps(connection, [name], time_range=ALL_TIME, as_of=as_of))[0]


async def read_statuses(connection: Connection, twap_id: int) -> list[dict[str, object]]:
    """Return what became of a TWAP, oldest first."""
    asked = {"twap_id": twap_id, "limit": STATUSES_SHOWN_MAX}
    rows = await read_rows(connection, _QUERIES["list_statuses"], asked, shape=TwapStatus)
    return [row.show() for row in rows]


async def read_slices(
    connection: Connection, name: TwapName, parameters: PageParameters
) -> dict[str, object]:
    """Return a page of a TWAP's slices, and where the next one begins."""
    place = read_cursor(parameters.cursor, shape=SlicePlace) if parameters.cursor else None
    rows = await read_rows(
        connection,
        _QUERIES["list_slices"],
        {
            "twap_id": name.twap_id,
            "wallet_id": name.wallet_id,
            "limit": parameters.limit + 1,
            "after_at": place.at if place else "-infinity",
            "after_oid": place.oid if place else 0,
        },
        shape=TwapSlice,
    )
    page, more = cut_page(rows, parameters.limit)
    after = write_cursor([page[-1].place, page[-1].oid]) if more else None
    return {"slices": [row.show() for row in page], "next": after}
