"""Day metrics of one wallet."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from hypertally.api.activity.wallets import address_bytes, no_wallet
from hypertally.api.http.limits import PAGE_ROWS_DEFAULT
from hypertally.api.resource import shapes
from hypertally.api.resource.access import ForViewers
from hypertally.api.resource.answers import answer, of_shape
from hypertally.api.resource.json_text import Json
from hypertally.api.resource.parameters import Address, Limit, Parameters
from hypertally.api.resource.rows import JsonBody
from hypertally.api.resource.time_range import Day
from hypertally.store import queries
from hypertally.store.postgres import Connection, find_row

router = APIRouter()

MAX_AGE = 60

_QUERIES = queries.load(__file__)


class DaysParameters(Parameters):
    """Which days of the wallet."""

    first: Annotated[Day | None, Field(alias="from")] = None
    last: Annotated[Day | None, Field(alias="to")] = None
    limit: Limit = PAGE_ROWS_DEFAULT


@router.get("/api/v1/wallets/{address}/days", responses=of_shape(shapes.WalletDays))
async def list_days(
    address: Address,
    parameters: Annotated[DaysParameters, Query()],
    connection: ForViewers,
) -> Response:
    """Return the days on which the wallet traded, newest first; both bounds are inclusive."""
    days = await read_days(
        connection,
        address,
        first=parameters.first,
        last=parameters.last,
        limit=parameters.limit,
    )
    return answer({"wallet": address, "days": days}, max_age=MAX_AGE)


async def read_days(
    connection: Connection,
    address: str,
    *,
    first: date | None,
    last: date | None,
    limit: int,
) -> Json:
    """Return days of a wallet as a JSON array, newest first.

    Errors: `Problem` 404 for a wallet that is not the org's.
    """
    bounds = {"address": address_bytes(address), "first": first, "last": last, "limit": limit}
    row = await find_row(connection, _QUERIES["list_wallet_days"], bounds, shape=JsonBody)
    if row is None:
        raise no_wallet(address)
    return Json(row.body.encode())
