"""Day metrics of the caller's org: one entry for each calendar day."""

from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from hypertally.api.activity.wallets import settled_age
from hypertally.api.http.limits import PROOF_DUE_MINUTES
from hypertally.api.identity.auth import Identity
from hypertally.api.resource import shapes
from hypertally.api.resource.access import Caller, ForViewers
from hypertally.api.resource.answers import answer, of_shape
from hypertally.api.resource.json_text import Json
from hypertally.api.resource.parameters import Parameters
from hypertally.api.resource.rows import read_json
from hypertally.api.resource.time_range import RangeDays, days_in
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, read_row

router = APIRouter()

MAX_AGE: Final = 300

_QUERIES = queries.load(__file__)


class GlobalParameters(Parameters):
    """How far back; a range ends with the current day."""

    range: RangeDays = "30d"


class _Bounds(Record, frozen=True, kw_only=True):
    first: str
    last: str


@router.get("/api/v1/metrics/global", responses=of_shape(shapes.GlobalDays))
async def list_global_days(
    parameters: Annotated[GlobalParameters, Query()],
    caller: Caller,
    connection: ForViewers,
) -> Response:
    """Return the org's days, oldest first; the current UTC day is flagged partial."""
    size = days_in(parameters.range)
    days = await read_global_days(connection, caller, days=size)
    bounds = await read_row(connection, _QUERIES["read_range"], {"days": size}, shape=_Bounds)
    content = {
        "range": parameters.range,
        "from": bounds.first,
        "to": bounds.last,
        "days": days,
    }
    return answer(content, max_age=await settled_age(connection, MAX_AGE))


async def read_global_days(
    connection: Connection, caller: Identity, *, days: int, last: date | None = None
) -> Json:
    """Return `days` calendar days up to `last` (None: the current day) as a JSON array."""
    bounds = {"org_id": caller.org_id, "days": days, "last": last}
    empty = await read_json(
        connection,
        _QUERIES["list_days_without_fills"],
        bounds | {"proof_due_minutes": PROOF_DUE_MINUTES},
    )
    return await read_json(
        connection, _QUERIES["list_global_days"], bounds | {"empty": bytes(empty).decode()}
    )
