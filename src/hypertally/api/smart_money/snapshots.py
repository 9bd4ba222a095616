"""What the watched wallets held, minute by minute, and each wallet's row of a minute."""

from datetime import timedelta
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from fastapi import APIRouter, Path, Query, Response

from hypertally.api.resource.resource import (
    ForViewers,
    PageParameters,
    answer,
    cut_page,
    find_row,
    not_found,
    of_shape,
    read_cursor,
    read_row,
    read_rows,
    write_cursor,
)
from hypertally.api.resource.time_range import Moment, read_minute
from hypertally.api.smart_money import record_shapes
from hypertally.api.smart_money.archived_days import list_sealed_days
from hypertally.api.smart_money.figures import MAX_AGE, Asset, Row, not_shown
from hypertally.api.smart_money.time_range import StretchParameters, resolve_stretch
from hypertally.api.twaps.figures import as_text
from hypertally.store import queries

router = APIRouter()

RANGE_MAX: Final = timedelta(hours=48)  # of 200 wallets over half a million rows are summed
A_MOMENT: Final = timedelta(microseconds=1)  # the end of a stretch is none of it

_QUERIES = queries.load(__file__)

AssetName: TypeAlias = Annotated[Asset, Path()]
Minute: TypeAlias = Annotated[Moment, Path()]


class WalletPlace(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The place of a wallet in the list."""

    wallet: Annotated[str, msgspec.Meta(pattern="^0x[0-9a-f]{40}$")]


@router.get("/api/v1/smart-money/snapshots/{asset}", responses=of_shape(record_shapes.Snapshots))
async def list_minutes(
    asset: AssetName, parameters: Annotated[StretchParameters, Query()], connection: ForViewers
) -> Response:
    """Return what the wallets held together at each minute in [from, to), oldest first."""
    start, end = resolve_stretch(
        parameters.start,
        parameters.end,
        minute=await read_minute(connection),
        longest=RANGE_MAX,
    )
    asked = {"asset": asset, "from_at": start, "to_at": end}
    rows = await read_rows(connection, _QUERIES["sum_minutes"], asked)
    content = {
        "asset": asset,
        "from": as_text(start),
        "to": as_text(end),
        "minutes": [_show(row) for row in rows],
        "sealed": await list_sealed_days(connection, start, end - A_MOMENT),
    }
    return answer(content, max_age=MAX_AGE)


@router.get(
    "/api/v1/smart-money/snapshots/{asset}/{minute}",
    responses=of_shape(record_shapes.MinuteSnapshots),
)
async def list_wallets(
    asset: AssetName,
    minute: Minute,
    parameters: Annotated[PageParameters, Query()],
    connection: ForViewers,
) -> Response:
    """Return how a minute was recorded, and each wallet's row of it, by address."""
    run = await find_row(connection, _QUERIES["find_minute"], {"minute": minute})
    if run is None:
        raise not_found(
            f"no minute was recorded at {as_text(minute)}: "
            f"/api/v1/smart-money/snapshots/{asset} lists them"
        )
    place = read_cursor(parameters.cursor, shape=WalletPlace) if parameters.cursor else None
    rows = await read_rows(
        connection,
        _QUERIES["list_wallets"],
        {
            "asset": asset,
            "minute": minute,
            "run_id": run["universe_run_id"],
            "after_wallet": place.wallet if place else "",
            "limit": parameters.limit + 1,
        },
    )
    page, more = cut_page(rows, parameters.limit)
    key = {"asset": asset, "minute": minute}
    hidden = await read_row(connection, _QUERIES["count_hidden"], key)
    content = {
        "asset": asset,
        "minute": as_text(minute),
        "run": _show(run),
        "wallets": [_show(row) for row in page],
        "sealed": await list_sealed_days(connection, minute, minute),
        "not_shown": not_shown(hidden["wallets"]),
        "next": write_cursor([page[-1]["wallet"]]) if more else None,
    }
    return answer(content, max_age=MAX_AGE)


def _show(row: Row) -> dict[str, Any]:
    return {name: as_text(value) for name, value in row.items()}
