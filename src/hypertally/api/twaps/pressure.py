"""What the TWAPs that run now have still to buy and to sell, by coin."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from hypertally.api.resource.access import ForViewers
from hypertally.api.resource.answers import answer
from hypertally.api.resource.json_text import json_record, json_text
from hypertally.api.resource.lists import of_list
from hypertally.api.resource.time_range import AsOfParameters, read_minute
from hypertally.api.twaps import shapes
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, read_row, read_rows

router = APIRouter()

MAX_AGE: Final = 30  # a slice comes every 30 seconds
RUNNING_SHOWN_MAX: Final = 200  # those that end first; the sums by coin are over all
FORECAST_STEPS: Final = 6  # seven points with both ends: enough to draw the line
MID_MINUTES_MAX: Final = 10  # prices come every minute; an older one is not the price now
COMPLETION_SECONDS_MAX: Final = 366 * 86_400  # a slower pace gives no useful end

_QUERIES = queries.load(__file__)


class RunningTwap(Record, frozen=True, kw_only=True):
    """A TWAP that runs, and what it has left."""

    twap_id: int
    wallet: str
    asset: str
    side: str
    started_at: datetime
    ends_at: datetime
    size_requested: Decimal
    size_left: Decimal | None
    basis: str  # slices or schedule: what `size_left` follows from
    completes_at: datetime | None


class CoinPressure(Record, frozen=True, kw_only=True):
    """What the running TWAPs of a coin have left, and the price of the coin."""

    asset: str
    running: int
    buy_size_left: Decimal
    sell_size_left: Decimal
    net_size_left: Decimal | None
    observed: int
    last_ends_at: datetime
    quote_token: str | None
    price: Decimal | None  # in the quote token
    price_usd: Decimal | None
    price_source: str | None
    net_usd_left: Decimal | None


class ForecastPoint(Record, frozen=True, kw_only=True):
    """What the running TWAPs of a coin will have left at a time."""

    asset: str
    at: datetime
    net_size_left: Decimal | None


class _NewestStart(Record, frozen=True, kw_only=True):
    known_until: datetime | None


@router.get("/api/v1/twaps/pressure", responses=of_list(shapes.Pressure, "coins", page_rows=None))
async def get_pressure(
    parameters: Annotated[AsOfParameters, Query()], connection: ForViewers
) -> Response:
    """Return what running TWAPs have left: by their slices, else as their schedule says."""
    as_of = parameters.as_of or await read_minute(connection)
    known = await read_row(connection, _QUERIES["read_known_until"], shape=_NewestStart)
    running = await read_rows(
        connection,
        _QUERIES["list_running"],
        {
            "as_of": as_of,
            "of_past": parameters.as_of is not None,
            "seconds_max": COMPLETION_SECONDS_MAX,
        },
        shape=RunningTwap,
    )
    coins = await _sum_coins(connection, running, as_of) if running else []
    content = {
        "as_of": as_of,
        "statuses_known_until": json_text(known.known_until),
        "coins": coins,
        "running": [_show_running(row) for row in running[:RUNNING_SHOWN_MAX]],
    }
    return answer(content, max_age=MAX_AGE)


async def _sum_coins(
    connection: Connection, running: Sequence[RunningTwap], as_of: datetime
) -> list[dict[str, object]]:
    """Return the coins of the running TWAPs as the API shows them."""
    parameters = {
        "as_of": as_of,
        "mid_minutes_max": MID_MINUTES_MAX,
        "steps": FORECAST_STEPS,
        "assets": [row.asset for row in running],
        "sides": [row.side for row in running],
        "sizes": [row.size_left for row in running],
        "ends": [row.ends_at for row in running],
        "bases": [row.basis for row in running],
    }
    coins = await read_rows(connection, _QUERIES["sum_coins"], parameters, shape=CoinPressure)
    points = await read_rows(
        connection, _QUERIES["forecast_coins"], parameters, shape=ForecastPoint
    )
    forecasts: dict[str, list[dict[str, object]]] = {coin.asset: [] for coin in coins}
    for point in points:
        forecasts[point.asset].append(
            {"at": json_text(point.at), "net_size_left": json_text(point.net_size_left)}
        )
    return [_show_coin(coin, forecasts[coin.asset]) for coin in coins]


def _show_coin(coin: CoinPressure, forecast: Sequence[Mapping[str, object]]) -> dict[str, object]:
    shown = {**json_record(coin), "forecast": forecast}
    del shown["quote_token"], shown["price"]
    if coin.price_usd is not None:
        return {**shown, "unknown": {}}
    reason = f"no mid price is stored for the {MID_MINUTES_MAX} minutes before as_of"
    if coin.quote_token is None:
        reason = "the quote token of the coin is not known"
    elif coin.price is not None:
        reason = f"no price of {coin.quote_token} is stored for the day before as_of"
    untold = dict.fromkeys(("price_usd", "net_usd_left"), reason)
    return {**shown, "price_source": None, "unknown": untold}


def _show_running(row: RunningTwap) -> dict[str, object]:
    return {**json_record(row), "twap_id": str(row.twap_id)}
