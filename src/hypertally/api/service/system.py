"""How the machinery stands, for the admins of an org."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from hypertally.api.resource.access import Caller, ForAdmins
from hypertally.api.resource.answers import answer, of_shape
from hypertally.api.resource.parameters import Parameters
from hypertally.api.service import shapes
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import read_row, read_rows

router = APIRouter()

MAX_AGE: Final = 10
FAILING_SHOWN_MAX: Final = 100  # enough to see a pattern

_QUERIES = queries.load(__file__)


class DatabaseState(Record, frozen=True, kw_only=True):
    """The version of the server and of the schema."""

    server_version: str
    schema: str | None
    server_time: str


class PullCounts(Record, frozen=True, kw_only=True):
    """How many wallets of the org are pulled, and how."""

    tracked: int
    never_pulled: int
    behind: int
    failing: int


class FailingWallet(Record, frozen=True, kw_only=True):
    """A wallet whose last pull failed."""

    wallet: str
    last_error: str
    pulled_at: str | None


@router.get("/api/v1/system", responses=of_shape(shapes.System))
async def get_system(
    _: Annotated[Parameters, Query()], request: Request, caller: Caller, connection: ForAdmins
) -> Response:
    """Return versions, and how the pulls of the org's wallets stand."""
    database = await read_row(connection, _QUERIES["read_database"], shape=DatabaseState)
    pulls = await read_row(
        connection,
        _QUERIES["read_pulls"],
        {"org_id": caller.org_id},
        shape=PullCounts,
    )
    limit = {"limit": FAILING_SHOWN_MAX}
    failing = await read_rows(connection, _QUERIES["list_failing"], limit, shape=FailingWallet)
    content = {
        "version": request.app.state.options.version,
        "database": database,
        "wallets": pulls,
        "failing": failing,
    }
    return answer(content, max_age=MAX_AGE)
