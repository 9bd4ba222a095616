"""TWAP orders of a window, summed by wallet or by coin."""

from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from hypertally.api.http.limits import PAGE_ROWS_DEFAULT
from hypertally.api.resource.resource import ForViewers, answer, of_shape, read_row
from hypertally.api.resource.time_range import Window, WindowParameters, read_minute, resolve
from hypertally.api.twaps import shapes
from hypertally.api.twaps.figures import as_text
from hypertally.store import queries
from hypertally.store.postgres import Connection

router = APIRouter()

MAX_AGE: Final = 30  # as the list the sums are of
RANGE_MAX: Final = timedelta(days=31)  # every TWAP of it is read: a busy month has half a million
ROWS_MAX: Final = 500  # more than there are coins; of wallets those that executed most

_QUERIES = queries.load(__file__)


class SummaryParameters(WindowParameters):
    """Which TWAPs, and by what they are summed."""

    by: Literal["wallet", "asset"] = "asset"
    limit: Annotated[int, Field(ge=1, le=ROWS_MAX)] = PAGE_ROWS_DEFAULT


@router.get("/api/v1/twaps/summary", responses=of_shape(shapes.TwapsSummary))
async def sum_twaps(
    parameters: Annotated[SummaryParameters, Query()], connection: ForViewers
) -> Response:
    """Return how TWAPs ended and what they executed in [start, end), the largest sums first."""
    minute = await read_minute(connection)
    window = resolve(parameters.start, parameters.end, minute=minute, longest=RANGE_MAX)
    rows = await _sum_twaps(connection, parameters, window)
    shown = [
        {parameters.by if name == "name" else name: as_text(value) for name, value in row.items()}
        for row in rows
    ]
    content = {"by": parameters.by, "start": window.start, "end": window.end, "rows": shown}
    return answer(content, max_age=MAX_AGE)


async def _sum_twaps(
    connection: Connection, parameters: SummaryParameters, window: Window
) -> list[dict[str, Any]]:
    since = await read_row(connection, _QUERIES["read_since"], {"start": window.start})
    found = await connection.execute(
        _QUERIES["sum_twaps"].text,
        {
            "start": window.start,
            "end": window.end,
            "as_of": window.as_of,
            "by": parameters.by,
            "limit": parameters.limit,
            **since,
        },
        # Planned for each window anew: what suits a day is slow for a year.
        prepare=False,
    )
    return await found.fetchall()
