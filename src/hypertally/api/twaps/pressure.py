"""What the TWAPs that run now have still to buy and to sell, by coin."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response

from hypertally.api.resource.access import ForViewers
from hypertally.api.resource.answers import answer, of_shape
from hypertally.api.resource.json_text import json_row, json_text
from hypertally.api.resource.rows import read_row, read_rows
from hypertally.api.resource.time_range import AsOfParameters, read_minute
from hypertally.api.twaps import shapes
from hypertally.store import queries
from hypertally.store.postgres import Connection

router = APIRouter()

MAX_AGE: Final = 30  # a slice comes every 30 seconds
RUNNING_SHOWN_MAX: Final = 200  # those that end first; the sums by coin are over all
FORECAST_STEPS: Final = 6  # seven points with both ends: enough to draw the line
MID_MINUTES_MAX: Final = 10  # prices come every minute; an older one is not the price now
COMPLETION_SECONDS_MAX: Final = 366 * 86_400  # a pace slower than this says nothing of an end

_QUERIES = queries.load(__file__)


@router.get("/api/v1/twaps/pressure", responses=of_shape(shapes.Pressure))
async def get_pressure(
    parameters: Annotated[AsOfParameters, Query()], connection: ForViewers
) -> Response:
    """Return what running TWAPs have left: by their slices, else as their schedule says."""
    as_of = parameters.as_of or await read_minute(connection)
    known = await read_row(connection, _QUERIES["read_known_until"], {})
    running = await read_rows(
        connection,
        _QUERIES["list_running"],
        {
            "as_of": as_of,
            "of_past": parameters.as_of is not None,
            "seconds_max": COMPLETION_SECONDS_MAX,
        },
    )
    coins = await _sum_coins(connection, running, as_of) if running else []
    content = {
        "as_of": as_of,
        "statuses_known_until": json_text(known["known_until"]),
        "coins": [_show_coin(coin) for coin in coins],
        "running": [_show_running(row) for row in running[:RUNNING_SHOWN_MAX]],
    }
    return answer(content, max_age=MAX_AGE)


async def _sum_coins(
    connection: Connection, running: Sequence[dict[str, Any]], as_of: datetime
) -> list[dict[str, Any]]:
    parameters = {
        "as_of": as_of,
        "mid_minutes_max": MID_MINUTES_MAX,
        "steps": FORECAST_STEPS,
        "assets": [row["asset"] for row in running],
        "sides": [row["side"] for row in running],
        "sizes": [row["size_left"] for row in running],
        "ends": [row["ends_at"] for row in running],
        "bases": [row["basis"] for row in running],
    }
    coins = await read_rows(connection, _QUERIES["sum_coins"], parameters)
    points = await read_rows(connection, _QUERIES["forecast_coins"], parameters)
    forecasts: dict[str, list[dict[str, Any]]] = {coin["asset"]: [] for coin in coins}
    for point in points:
        forecasts[point["asset"]].append(
            {"at": json_text(point["at"]), "net_size_left": json_text(point["net_size_left"])}
        )
    return [{**coin, "forecast": forecasts[coin["asset"]]} for coin in coins]


def _show_coin(coin: dict[str, Any]) -> dict[str, Any]:
    hidden = ("quote_token", "price")
    shown = {name: json_text(value) for name, value in coin.items() if name not in hidden}
    if coin["price_usd"] is not None:
        return {**shown, "unknown": {}}
    reason = f"no middle price in the {MID_MINUTES_MAX} minutes before as_of"
    if coin["quote_token"] is None:
        reason = "what the coin is priced in is not known"
    elif coin["price"] is not None:
        reason = f"no price of {coin['quote_token']} in the day before as_of"
    untold = dict.fromkeys(("price_usd", "net_usd_left"), reason)
    return {**shown, "price_source": None, "unknown": untold}


def _show_running(row: dict[str, Any]) -> dict[str, Any]:
    shown = json_row(row)
    return {**shown, "twap_id": str(row["twap_id"])}
