"""TWAP orders of a window, summed by wallet or by coin."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from hypertally.api import twap_shapes
from hypertally.api.answering import ForViewers, answer, of_shape, read_rows
from hypertally.api.options import PAGE_ROWS_DEFAULT
from hypertally.api.twap_figures import as_text
from hypertally.api.windows import WindowParameters, read_minute, resolve
from hypertally.store import queries

router = APIRouter()

MAX_AGE: Final = 30  # as the list the sums are of
ROWS_MAX: Final = 500  # more than there are coins; of wallets those that executed most

_QUERIES = queries.load(__file__)


class SummaryParameters(WindowParameters):
    """Which TWAPs, and by what they are summed."""

    by: Literal["wallet", "asset"] = "asset"
    limit: Annotated[int, Field(ge=1, le=ROWS_MAX)] = PAGE_ROWS_DEFAULT


@router.get("/api/v1/twaps/summary", responses=of_shape(twap_shapes.TwapsSummary))
async def sum_twaps(
    parameters: Annotated[SummaryParameters, Query()], connection: ForViewers
) -> Response:
    """Return how TWAPs ended and what they executed in [start, end), the largest sums first."""
    window = resolve(parameters.start, parameters.end, minute=await read_minute(connection))
    rows = await read_rows(
        connection,
        _QUERIES["sum_twaps"],
        {
            "start": window.start,
            "end": window.end,
            "as_of": window.as_of,
            "by": parameters.by,
            "limit": parameters.limit,
        },
    )
    shown = [
        {parameters.by if name == "name" else name: as_text(value) for name, value in row.items()}
        for row in rows
    ]
    content = {"by": parameters.by, "start": window.start, "end": window.end, "rows": shown}
    return answer(content, max_age=MAX_AGE)
