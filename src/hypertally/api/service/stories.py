"""What to look at first: of each feature an event, found in the books of a made-up exchange."""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from hypertally.api.resource.access import Caller, ForViewers
from hypertally.api.resource.answers import answer, of_shape
from hypertally.api.resource.parameters import Parameters
from hypertally.api.service import shapes
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import read_rows

router = APIRouter()

MAX_AGE: Final = 60
MADE_UP: Final = re.compile(r"(sandbox|replay):")

_QUERIES = queries.load(__file__)


class _Story(Record, frozen=True, kw_only=True):
    kind: str
    at: str
    wallet: str | None
    coin: str | None
    twap_id: str | None
    fills: int | None = None  # that came late
    alert: str | None = None  # the state of the wallet's alert of missing fills; None: never fired


@router.get("/api/v1/stories", responses=of_shape(shapes.Stories))
async def get_stories(
    _: Annotated[Parameters, Query()], caller: Caller, request: Request, connection: ForViewers
) -> Response:
    """Return where the features of a made-up exchange can be seen; of the real one nothing."""
    if not MADE_UP.match(request.app.state.options.exchange or ""):
        return answer({"stories": []}, max_age=MAX_AGE)
    stories: list[_Story] = []
    for name in ("list_stories", "list_fill_stories"):
        parameters = {"org_id": caller.org_id}
        stories += await read_rows(connection, _QUERIES[name], parameters, shape=_Story)
    return answer({"stories": stories}, max_age=MAX_AGE)
