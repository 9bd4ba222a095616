"""How far the first pulls are: from `wallets add` until the fills of every wallet are stored."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from hypertally.api.activity.wallets import settled_age
from hypertally.api.resource import shapes
from hypertally.api.resource.access import Caller, ForViewers
from hypertally.api.resource.answers import answer, of_shape
from hypertally.api.resource.parameters import Parameters
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import read_row

router = APIRouter()

MAX_AGE: Final = 60

_QUERIES = queries.load(__file__)


class FirstPulls(Record, frozen=True, kw_only=True):
    """The wallets added since the earliest that waits for its first pull; none of them: zeros."""

    wallets: int
    read: int
    failing: int  # whose first pull failed and is tried again
    rows: int  # of fills that the exchange showed so far
    began_at: str | None
    seconds_left: int | None  # None: unknown before the first wallet is read


@router.get("/api/v1/progress", responses=of_shape(shapes.Progress))
async def get_progress(
    _: Annotated[Parameters, Query()], caller: Caller, connection: ForViewers
) -> Response:
    """Return how many of the wallets added last were read, how many rows, and the time left."""
    progress = await read_row(
        connection, _QUERIES["read_progress"], {"org_id": caller.org_id}, shape=FirstPulls
    )
    return answer(progress, max_age=await settled_age(connection, MAX_AGE))
