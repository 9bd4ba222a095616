"""Who the caller is, as the database knows them."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from hypertally.api.resource import shapes
from hypertally.api.resource.access import Caller, ForViewers
from hypertally.api.resource.answers import answer, of_shape
from hypertally.api.resource.parameters import Parameters
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import read_row

router = APIRouter()

_QUERIES = queries.load(__file__)


class _Clock(Record, frozen=True, kw_only=True):
    server_time: str


@router.get("/api/v1/session", responses=of_shape(shapes.Session))
async def get_session(
    _: Annotated[Parameters, Query()], caller: Caller, request: Request, connection: ForViewers
) -> Response:
    """Return the caller's user, org and role, whose books these are, and the server's time."""
    row = await read_row(connection, _QUERIES["read_server_time"], shape=_Clock)
    content = {
        "user_id": caller.user_id,
        "org": caller.org,
        "role": caller.role,
        "exchange": request.app.state.options.exchange,
        "server_time": row.server_time,
    }
    return answer(content, max_age=0)
