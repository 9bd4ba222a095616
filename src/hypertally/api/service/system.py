"""How the machinery stands, for the admins of an org."""

from typing import Final

from fastapi import APIRouter, Request, Response

from hypertally.api.resource import shapes
from hypertally.api.resource.access import Caller, ForAdmins
from hypertally.api.resource.answers import answer, of_shape
from hypertally.api.resource.rows import read_row, read_rows
from hypertally.store import queries

router = APIRouter()

MAX_AGE: Final = 10
FAILING_SHOWN_MAX: Final = 100  # enough to see a pattern

_QUERIES = queries.load(__file__)


@router.get("/api/v1/system", responses=of_shape(shapes.System))
async def get_system(request: Request, caller: Caller, connection: ForAdmins) -> Response:
    """Return versions, and how the pulls of the org's wallets stand."""
    database = await read_row(connection, _QUERIES["read_database"], {})
    pulls = await read_row(
        connection,
        _QUERIES["read_pulls"],
        {"org_id": caller.org_id},
    )
    failing = await read_rows(connection, _QUERIES["list_failing"], {"limit": FAILING_SHOWN_MAX})
    content = {
        "version": request.app.state.options.version,
        "database": database,
        "wallets": pulls,
        "failing": failing,
    }
    return answer(content, max_age=MAX_AGE)
