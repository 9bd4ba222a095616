"""Day metrics of the caller's org: one entry for each calendar day."""

from datetime import date
from typing import Annotated, Final, Literal, TypeAlias

from fastapi import APIRouter, Query, Response

from hypertally.api.activity.wallets import settled_age
from hypertally.api.http.limits import PROOF_DUE_MINUTES
from hypertally.api.identity.auth import Identity
from hypertally.api.resource import shapes
from hypertally.api.resource.resource import (
    Caller,
    ForViewers,
    Json,
    Parameters,
    answer,
    of_shape,
    read_row,
)
from hypertally.store import queries
from hypertally.store.postgres import Connection

router = APIRouter()

MAX_AGE: Final = 300

Range: TypeAlias = Literal["7d", "30d", "90d"]
RANGE_DAYS: Final[dict[Range, int]] = {"7d": 7, "30d": 30, "90d": 90}

_QUERIES = queries.load(__file__)


class GlobalParameters(Parameters):
    """How far back; a range ends with the current day."""

    range: Range = "30d"


@router.get("/api/v1/metrics/global", responses=of_shape(shapes.GlobalDays))
async def list_global_days(
    parameters: Annotated[GlobalParameters, Query()],
    caller: Caller,
    connection: ForViewers,
) -> Response:
    """Return the org's days, oldest first; the current UTC day is flagged partial."""
    size = RANGE_DAYS[parameters.range]
    days = await read_global_days(connection, caller, days=size)
    bounds = await read_row(connection, _QUERIES["read_range"], {"days": size})
    content = {"range": parameters.range, **bounds, "days": days}
    return answer(content, max_age=await settled_age(connection, MAX_AGE))


async def read_global_days(
    connection: Connection, caller: Identity, *, days: int, last: date | None = None
) -> Json:
    """Return `days` calendar days up to `last` (None: the current day) as a JSON array."""
    bounds = {"org_id": caller.org_id, "days": days, "last": last}
    empty = await read_row(
        connection,
        _QUERIES["list_days_without_fills"],
        bounds | {"proof_due_minutes": PROOF_DUE_MINUTES},
    )
    shown = await read_row(
        connection, _QUERIES["list_global_days"], bounds | {"empty": empty["body"]}
    )
    return Json(shown["body"].encode())
