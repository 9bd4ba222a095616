"""TWAP orders: those whose life touches a window, and one with its statuses and slices."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, TypeAlias, TypedDict

import msgspec
from fastapi import APIRouter, Path, Query, Response
from msgspec.structs import asdict
from pydantic import BeforeValidator, Field, WithJsonSchema

from hypertally.api.http.problems import Problem
from hypertally.api.resource.access import ForViewers
from hypertally.api.resource.answers import answer, not_found
from hypertally.api.resource.coin_pairs import find_coin
from hypertally.api.resource.json_text import as_json, json_record
from hypertally.api.resource.lists import of_list
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
from hypertally.store.postgres import Connection, read_rows

router = APIRouter()

MAX_AGE: Final = 30  # a slice comes every 30 seconds
TWAPS_RANGE: Final = start_end_rule(longest=timedelta(days=3_660))  # ten years: all there is
TWAPS_MAX: Final = 5_000  # of a page, and 500 by default: what the published API promises
TWAPS_DEFAULT: Final = 500  # a page with their payloads is then under 1 MB
OFFSET_MAX: Final = 1_000_000  # skipped TWAPs are read: a cursor costs nothing
CHOICES_SHOWN_MAX: Final = 100  # wallets with a TWAP of the same number: a source's mistake
STATUSES_SHOWN_MAX: Final = 1_000  # a TWAP has two or three, a few more from several sources
TWAP_ID_MAX: Final = 2**63 - 1

Status: TypeAlias = Literal["activated", "finished", "terminated", "error", "unknown"]

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
    """Which TWAPs; status `error` means every status that begins with it, `unknown` all others.

    With `latest_per_twap=false` the field `raw` holds the payloads of all statuses of a TWAP.
    """

    wallet: AnyAddress | None = None
    asset: Coin | None = None
    status: Status | None = None
    as_of: UtcTime | None = None
    latest_per_twap: bool = True
    limit: Annotated[int, Field(ge=1, le=TWAPS_MAX)] = TWAPS_DEFAULT
    offset: Annotated[int, Field(ge=0, le=OFFSET_MAX)] = 0
    cursor: Cursor | None = None


class TwapParameters(AsOfParameters):
    """Which TWAP of its number, and in which order its statuses come."""

    wallet: AnyAddress | None = None
    order: Literal["asc", "desc"] = "asc"


class SlicesParameters(PageParameters):
    """Which TWAP of its number, and which page of its slices."""

    wallet: AnyAddress | None = None


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


class TwapChoice(TwapName, frozen=True, kw_only=True):
    """A TWAP with a number that may be several wallets'."""

    asset: str
    side: str
    status: str | None
    started_at: datetime

    def show(self) -> dict[str, object]:
        """Return the choice as the API shows it."""
        shown = json_record(self)
        return {name: shown[name] for name in ("wallet", "asset", "side", "status", "started_at")}


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


@router.get("/api/v1/twaps", responses=of_list(shapes.Twaps, "twaps", page_rows=TWAPS_MAX))
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
    twaps = await read_twaps(connection, page, time_range=time_range, as_of=as_of)
    if not parameters.latest_per_twap:
        twaps = await _with_all_payloads(connection, page, twaps)
    content = {
        "wallet": parameters.wallet,
        "start": time_range.start,
        "end": time_range.end,
        "as_of": as_of,
        "twaps": twaps,
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
            "asset": await find_coin(connection, parameters.asset, parameter="asset"),
            "status": parameters.status,
            "limit": parameters.limit + 1,
            "offset": parameters.offset,
            **_from_place(place, time_range),
        },
        shape=PlacedTwap,
    )


class _Payloads(Record, frozen=True, kw_only=True):
    payloads: str  # a JSON array


async def _with_all_payloads(
    connection: Connection, page: Sequence[PlacedTwap], twaps: Sequence[Shown]
) -> list[Shown]:
    """Return the TWAPs with the payloads of all their statuses, newest first."""
    names = {
        "twap_ids": [name.twap_id for name in page],
        "wallets": [name.wallet for name in page],
    }
    rows = await read_rows(connection, _QUERIES["list_payloads"], names, shape=_Payloads)
    return [
        {**twap, "raw": {"latest": twap["raw"], "all_rows": as_json(row.payloads)}}
        for twap, row in zip(twaps, rows, strict=True)
    ]


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


@router.get("/api/v1/twaps/{twap_id}", responses=of_list(shapes.WholeTwap, "rows", page_rows=None))
async def get_twap(
    twap_id: TwapId, parameters: Annotated[TwapParameters, Query()], connection: ForViewers
) -> Response:
    """Return one TWAP over its whole life, and every status of it, oldest first by default."""
    choices = await list_choices(connection, twap_id, parameters.wallet)
    several = len(choices) > 1
    name = choices[0]
    rows = await read_statuses(connection, twap_id, wallet=None if several else name.wallet)
    content = {
        "twap_id": str(twap_id),
        "twap": None if several else await read_whole(connection, name, parameters.as_of),
        "choices": [choice.show() for choice in choices] if several else [],
        "rows": rows if parameters.order == "asc" else rows[::-1],
    }
    return answer(content, max_age=MAX_AGE)


@router.get("/api/v1/twaps/{twap_id}/slices", responses=of_list(shapes.Slices, "slices"))
async def list_slices(
    twap_id: TwapId, parameters: Annotated[SlicesParameters, Query()], connection: ForViewers
) -> Response:
    """Return the slices of a TWAP, oldest first; none where the org can see none."""
    name = await find_twap(connection, twap_id, parameters.wallet)
    page = await read_slices(connection, name, parameters)
    return answer({"twap_id": str(twap_id), **page}, max_age=MAX_AGE)


async def find_twap(connection: Connection, twap_id: int, wallet: str | None) -> TwapName:
    """Return the TWAP that a number names, of a wallet where several have one.

    Errors: `Problem` 409 that lists the wallets to choose from; 404 as `list_choices`.
    """
    choices = await list_choices(connection, twap_id, wallet)
    if len(choices) > 1:
        listed = ", ".join(f"?wallet={choice.wallet} ({choice.asset})" for choice in choices)
        detail = f"{len(choices)} wallets have a TWAP {twap_id}: choose {listed}"
        raise Problem(status=409, detail=detail, name="wallet")
    return choices[0]


async def list_choices(
    connection: Connection, twap_id: int, wallet: str | None
) -> list[TwapChoice]:
    """Return the TWAPs that a number names, newest start first; of a wallet at most one.

    Errors: `Problem` 404, the same for one that is not the caller's to see.
    """
    parameters = {"twap_id": twap_id, "wallet": wallet, "limit": CHOICES_SHOWN_MAX}
    choices = await read_rows(
        connection, _QUERIES["list_twaps_of_number"], parameters, shape=TwapChoice
    )
    if not choices:
        owner = f" of {wallet}" if wallet else ""
        raise not_found(
            f"your org can see no TWAP {twap_id}{owner}: /api/v1/twaps lists those it can see"
        )
    return choices


async def read_whole(connection: Connection, name: TwapName, as_of: datetime | None) -> Shown:
    """Return a TWAP with its whole life as the range."""
    as_of = as_of or await read_minute(connection)
    return (await read_twaps(connection, [name], time_range=ALL_TIME, as_of=as_of))[0]


async def read_statuses(
    connection: Connection, twap_id: int, *, wallet: str | None
) -> list[dict[str, object]]:
    """Return what became of a TWAP, oldest first; without a wallet, of all with its number."""
    asked = {"twap_id": twap_id, "wallet": wallet, "limit": STATUSES_SHOWN_MAX}
    rows = await read_rows(connection, _QUERIES["list_statuses"], asked, shape=TwapStatus)
    return [row.show() for row in rows]


class SlicePage(TypedDict):
    """A page of slices as the API shows them, and where the next one begins."""

    slices: list[dict[str, object]]
    next: str | None


async def read_slices(
    connection: Connection, name: TwapName, parameters: PageParameters
) -> SlicePage:
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
