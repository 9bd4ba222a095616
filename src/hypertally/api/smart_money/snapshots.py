"""What the watched wallets held, minute by minute, and each wallet's row of a minute."""

from datetime import timedelta
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from fastapi import APIRouter, Path, Query, Response

from hypertally.api.resource.access import ForViewers
from hypertally.api.resource.answers import answer, not_found, of_shape
from hypertally.api.resource.json_text import json_row, json_text
from hypertally.api.resource.paging import cut_page, read_cursor, write_cursor
from hypertally.api.resource.parameters import PageParameters
from hypertally.api.resource.rows import find_row, read_row, read_rows
from hypertally.api.resource.time_range import FromToParameters, UtcTime, from_to_rule, read_minute
from hypertally.api.smart_money import record_shapes
from hypertally.api.smart_money.archived_days import list_sealed_days
from hypertally.api.smart_money.figures import MAX_AGE, Row, not_shown
from hypertally.records import Asset
from hypertally.store import queries

router = APIRouter()

# Of 200 wallets, 48 hours are over half a million rows, and all are summed.
SNAPSHOTS_RANGE: Final = from_to_rule(longest=timedelta(hours=48))
A_MOMENT: Final = timedelta(microseconds=1)  # the end of a stretch is none of it

_QUERIES = queries.load(__file__)

AssetName: TypeAlias = Annotated[Asset, Path()]
Minute: TypeAlias = Annotated[UtcTime, Path()]


class WalletPlace(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The place of a wallet in the list."""

    wallet: Annotated[str, msgspec.Meta(pattern="^0x[0-9a-f]{40}$")]


@router.get("/api/v1/smart-money/snapshots/{asset}", responses=of_shape(record_shapes.Snapshots))
async def list_minutes(
    asset: AssetName, parameters: Annotated[FromToParameters, Query()], connection: ForViewers
) -> Response:
    """Return what the wallets held together at each minute in [from, to), oldest first."""
    time_range = SNAPSHOTS_RANGE.resolve(
        parameters.start,
        parameters.end,
        minute=await read_minute(connection),
    )
    asked = {"asset": asset, "from_at": time_range.start, "to_at": time_range.end}
    rows = await read_rows(connection, _QUERIES["sum_minutes"], asked)
    content = {
        "asset": asset,
        "from": json_text(time_range.start),
        "to": json_text(time_range.end),
        "minutes": [_show(row) for row in rows],
        "sealed": await list_sealed_days(connection, time_range.start, time_range.end - A_MOMENT),
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
            f"no minute was recorded at {json_text(minute)}: "
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
        "minute": json_text(minute),
        "run": _show(run),
        "wallets": [_show(row) for row in page],
        "sealed": await list_sealed_days(connection, minute, minute),
        "not_shown": not_shown(hidden["wallets"]),
        "next": write_cursor([page[-1]["wallet"]]) if more else None,
    }
    return answer(content, max_age=MAX_AGE)


def _show(row: Row) -> dict[str, Any]:
    return json_row(row)
