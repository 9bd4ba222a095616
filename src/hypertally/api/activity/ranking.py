"""The org's wallets ranked by one figure over a window of days."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from fastapi import APIRouter, Query, Response
from pydantic import Field

from hypertally.api.activity import ranking_shapes
from hypertally.api.activity.global_days import read_as_of, read_global_days
from hypertally.api.activity.totals import read_totals
from hypertally.api.activity.wallet_names import address_bytes
from hypertally.api.activity.wallets import settled_age
from hypertally.api.http.limits import PAGE_ROWS_DEFAULT, PROOF_DUE_MINUTES
from hypertally.api.resource.access import Caller, ForViewers
from hypertally.api.resource.answers import answer
from hypertally.api.resource.day_range import (
    DAY,
    DayRangeParameters,
    days_until,
    read_today,
)
from hypertally.api.resource.json_text import Json
from hypertally.api.resource.lists import of_list
from hypertally.api.resource.paging import RowsPlace, read_cursor, write_cursor
from hypertally.api.resource.parameters import Cursor, Limit, Word
from hypertally.api.resource.rows import read_json
from hypertally.api.resource.time_range import DayCount, days_in
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, read_row

router = APIRouter()

MAX_AGE: Final = 120
WINDOW_DEFAULT: Final[DayCount] = "7d"

By: TypeAlias = Literal[
    "volume", "perp_volume", "spot_volume", "hip3_volume", "fills", "pnl", "fees"
]

_QUERIES = queries.load(__file__)


class TopParameters(DayRangeParameters):
    """Which figure, over how many full days before the current one, or between bounds."""

    by: By = "volume"
    window: Annotated[
        DayCount | None,
        Field(description="so many full UTC days before the current one; 7d if nothing is given"),
    ] = None
    tag: Annotated[Word | None, Field(description="only wallets with this tag")] = None
    group: Annotated[Word | None, Field(description="only wallets of this group")] = None
    limit: Limit = PAGE_ROWS_DEFAULT
    cursor: Cursor | None = None


class RankingRow(Record, frozen=True, kw_only=True):
    """The ranking as the database answers it."""

    eligible: int
    unpriced: int  # wallets whose figure is unknown
    body: str  # JSON: the ranked wallets, then those whose figure lacks a price


class _Completeness(Record, frozen=True, kw_only=True):
    completeness: str


@router.get(
    "/api/v1/wallets/top", responses=of_list(ranking_shapes.Ranking, "wallets", "unpriced_wallets")
)
async def rank_wallets(
    parameters: Annotated[TopParameters, Query()],
    caller: Caller,
    connection: ForViewers,
) -> Response:
    """Return the wallets with the highest figures; one that is unknown is listed apart."""
    place = read_cursor(parameters.cursor, shape=RowsPlace) if parameters.cursor else None
    before = place.rows_before if place else 0
    today = await read_today(connection)
    window = parameters.window or WINDOW_DEFAULT
    named = parameters.resolve(
        today=today, default_days=days_in(window), other=parameters.window and "window"
    )
    days = named or days_until(today - DAY, days=days_in(window))
    values = {
        "org_id": caller.org_id,
        "by": parameters.by,
        "tag": parameters.tag,
        "group": parameters.group,
        "first": days.first,
        "last": days.last,
        "limit": parameters.limit,
        "rows_before": before,
        "proof_due_minutes": PROOF_DUE_MINUTES,
    }
    row = await read_row(connection, _QUERIES["rank_wallets"], values, shape=RankingRow)
    # The days of all wallets say how complete the record of the window is.
    of_all = await read_totals(
        connection, await read_global_days(connection, caller, days), sizes=[days.days]
    )
    record = msgspec.json.decode(of_all[days.days], type=_Completeness)
    wallets = await _with_intervals(connection, row.body, values)
    shown = before + parameters.limit
    more = max(row.eligible, row.unpriced) > shown
    unranked = [{"reason": "a price is missing", "wallets": row.unpriced}]
    content = {
        "by": parameters.by,
        "window": None if named else window,
        "tag": parameters.tag,
        "group": parameters.group,
        "from": days.first,
        "to": days.last,
        "partial": days.last >= today,
        "as_of": await read_as_of(connection, caller, days),
        "completeness": record.completeness,
        "eligible": row.eligible,
        "unranked": unranked if row.unpriced else [],
        "wallets": [wallet for wallet in wallets if not _is_null(wallet["rank"])],
        "unpriced_wallets": [wallet for wallet in wallets if _is_null(wallet["rank"])],
        "next": write_cursor([shown]) if more else None,
    }
    return answer(content, max_age=await settled_age(connection, MAX_AGE))


async def _with_intervals(
    connection: Connection, body: str, values: Mapping[str, object]
) -> list[dict[str, Json]]:
    """Return the wallets of a ranking, each with the intervals of its figures that are null."""
    wallets = msgspec.json.decode(body, type=list[dict[str, msgspec.Raw]])
    # Nearly every wallet has all its prices, and no interval.
    names = [
        msgspec.json.decode(wallet["wallet"], type=str)
        for wallet in wallets
        if any(map(_is_null, wallet.values()))
    ]
    parameters = {**values, "addresses": [address_bytes(name) for name in names]}
    by_wallet = msgspec.json.decode(
        await read_json(connection, _QUERIES["list_intervals"], parameters),
        type=dict[str, msgspec.Raw],
    )
    intervals = {f'"{name}"'.encode(): interval for name, interval in by_wallet.items()}
    return [
        wallet | {"intervals": intervals.get(bytes(wallet["wallet"]), Json(b"{}"))}
        for wallet in wallets
    ]


def _is_null(value: Json) -> bool:
    return bytes(value) == b"null"
