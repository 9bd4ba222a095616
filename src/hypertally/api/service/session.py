"""Who the caller is, as the database knows them."""

from fastapi import APIRouter, Response

from hypertally.api.resource import shapes
from hypertally.api.resource.access import Caller, ForViewers
from hypertally.api.resource.answers import answer, of_shape
from hypertally.api.resource.rows import read_row
from hypertally.store import queries

router = APIRouter()

_QUERIES = queries.load(__file__)


@router.get("/api/v1/session", responses=of_shape(shapes.Session))
async def get_session(caller: Caller, connection: ForViewers) -> Response:
    """Return the caller's user, org and role, and the server's time."""
    row = await read_row(connection, _QUERIES["read_server_time"], {})
    content = {"user_id": caller.user_id, "org": caller.org, "role": caller.role, **row}
    return answer(content, max_age=0)
