"""Coins to search for: spot pairs by number or by pair, and the coins that TWAPs were placed in."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from hypertally.api.http.limits import PAGE_ROWS_DEFAULT
from hypertally.api.resource import shapes
from hypertally.api.resource.access import ForViewers
from hypertally.api.resource.answer_names import CoinName
from hypertally.api.resource.answers import answer, of_shape
from hypertally.api.resource.parameters import Limit, Parameters, SearchText
from hypertally.store import queries
from hypertally.store.postgres import read_rows

router = APIRouter()

MAX_AGE: Final = 300  # the exchange lists a new pair now and then

_QUERIES = queries.load(__file__)


class CoinsParameters(Parameters):
    """A part of a coin or of its pair."""

    query: SearchText = ""
    limit: Limit = PAGE_ROWS_DEFAULT


@router.get("/api/v1/coins", responses=of_shape(shapes.Coins))
async def list_coins(
    parameters: Annotated[CoinsParameters, Query()], connection: ForViewers
) -> Response:
    """Return coins as fills write them, with the pair of those that have a number for a name."""
    values = {"text": parameters.query.strip().lower(), "limit": parameters.limit}
    rows = await read_rows(connection, _QUERIES["list_coins"], values, shape=CoinName)
    return answer({"coins": rows}, max_age=MAX_AGE)
