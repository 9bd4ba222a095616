"""The org's wallets ranked by one figure over a window of full days."""

from typing import Annotated, Final, Literal, TypeAlias

from fastapi import APIRouter, Query, Response

from hypertally.api.activity.wallets import settled_age
from hypertally.api.http.limits import PAGE_ROWS_DEFAULT
from hypertally.api.resource import shapes
from hypertally.api.resource.access import Caller, ForViewers
from hypertally.api.resource.answers import answer, of_shape
from hypertally.api.resource.json_text import as_json
from hypertally.api.resource.parameters import Limit, Parameters
from hypertally.api.resource.time_range import DayCount, days_in
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import read_row

router = APIRouter()

MAX_AGE: Final = 120

By: TypeAlias = Literal[
    "volume", "perp_volume", "spot_volume", "hip3_volume", "fills", "pnl", "fees"
]

_QUERIES = queries.load(__file__)


class TopParameters(Parameters):
    """Which figure, over how many full UTC days before the current one."""

    by: By = "volume"
    window: DayCount = "7d"
    limit: Limit = PAGE_ROWS_DEFAULT


class RankingRow(Record, frozen=True, kw_only=True):
    """The ranking as the database answers it."""

    first_day: str
    last_day: str
    eligible: int
    unpriced: int  # wallets whose figure is unknown
    body: str  # the ranked wallets, as JSON


@router.get("/api/v1/wallets/top", responses=of_shape(shapes.Ranking))
async def rank_wallets(
    parameters: Annotated[TopParameters, Query()],
    caller: Caller,
    connection: ForViewers,
) -> Response:
    """Return the wallets with the highest figures; one that is unknown is not ranked."""
    row = await read_row(
        connection,
        _QUERIES["rank_wallets"],
        {
            "org_id": caller.org_id,
            "by": parameters.by,
            "days": days_in(parameters.window),
            "limit": parameters.limit,
        },
        shape=RankingRow,
    )
    unranked = [{"reason": "a price is missing", "wallets": row.unpriced}]
    content = {
        "by": parameters.by,
        "window": parameters.window,
        "from": row.first_day,
        "to": row.last_day,
        "eligible": row.eligible,
        "unranked": unranked if row.unpriced else [],
        "wallets": as_json(row.body),
    }
    return answer(content, max_age=await settled_age(connection, MAX_AGE))
