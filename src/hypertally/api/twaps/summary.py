"""TWAP orders of a window, summed by wallet or by coin."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Final, Literal

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from hypertally.api.http.limits import PAGE_ROWS_DEFAULT
from hypertally.api.resource.access import ForViewers
from hypertally.api.resource.answers import answer
from hypertally.api.resource.json_text import json_record
from hypertally.api.resource.lists import OPEN_FIELDS, of_list
from hypertally.api.resource.paging import RowsBefore, cut_page, read_cursor, write_cursor
from hypertally.api.resource.parameters import Cursor
from hypertally.api.resource.time_range import (
    StartEndParameters,
    TimeRange,
    read_minute,
    start_end_rule,
)
from hypertally.api.twaps import shapes
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, read_row

router = APIRouter()

MAX_AGE: Final = 30  # as the list the sums are of
# Every TWAP of the range is read: a busy month has half a million.
SUMMARY_RANGE: Final = start_end_rule(longest=timedelta(days=31))
ROWS_MAX: Final = 500  # more than there are coins; of wallets those that executed most

_QUERIES = queries.load(__file__)


class SummaryParameters(StartEndParameters):
    """Which TWAPs, and by what they are summed."""

    by: Literal["wallet", "asset"] = "asset"
    limit: Annotated[int, Field(ge=1, le=ROWS_MAX)] = PAGE_ROWS_DEFAULT
    cursor: Cursor | None = None


class SumsPlace(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The place of a page of sums, and the window they are of: pages of it agree on it."""

    start: Annotated[datetime, msgspec.Meta(tz=True)]
    end: Annotated[datetime, msgspec.Meta(tz=True)]
    rows_before: RowsBefore


class TwapSums(Record, frozen=True, kw_only=True):
    """The TWAPs of a wallet or a coin: how they ended, and what they executed."""

    name: str
    twaps: int
    finished: int
    terminated: int
    failed: int
    running: int
    end_unknown: int
    executed_notional: Decimal | None
    executed_notional_known: int
    fees_usd: Decimal | None
    fees_usd_known: int


class _EarliestStart(Record, frozen=True, kw_only=True):
    since: datetime | None


@router.get(
    "/api/v1/twaps/summary",
    responses=of_list(shapes.TwapsSummary, "rows", page_rows=ROWS_MAX),
)
async def sum_twaps(
    parameters: Annotated[SummaryParameters, Query()], connection: ForViewers, request: Request
) -> Response:
    """Return how TWAPs ended and what they executed in [start, end), the largest sums first."""
    fields = [parameters.by if name == "name" else name for name in TwapSums.__struct_fields__]
    request.scope[OPEN_FIELDS] = fields
    minute = await read_minute(connection)
    place = read_cursor(parameters.cursor, shape=SumsPlace) if parameters.cursor else None
    time_range = SUMMARY_RANGE.resolve(
        parameters.start or (place and place.start),
        parameters.end or (place and place.end),
        minute=minute,
    )
    before = place.rows_before if place else 0
    values = {"by": parameters.by, "limit": parameters.limit + 1, "rows_before": before}
    rows = await _sum_twaps(connection, values, time_range=time_range, as_of=minute)
    page, more = cut_page(rows, parameters.limit)
    shown = [dict(zip(fields, json_record(row).values(), strict=True)) for row in page]
    after = [time_range.start, time_range.end, before + parameters.limit]
    content = {
        "by": parameters.by,
        "start": time_range.start,
        "end": time_range.end,
        "rows": shown,
        "next": write_cursor(after) if more else None,
    }
    return answer(content, max_age=MAX_AGE)


async def _sum_twaps(
    connection: Connection,
    values: Mapping[str, object],
    *,
    time_range: TimeRange,
    as_of: datetime,
) -> list[TwapSums]:
    start = {"start": time_range.start}
    earliest = await read_row(connection, _QUERIES["read_since"], start, shape=_EarliestStart)
    cursor = await connection.execute(
        _QUERIES["sum_twaps"].text,
        {
            "start": time_range.start,
            "end": time_range.end,
            "as_of": as_of,
            **values,
            "since": earliest.since,
        },
        # Planned for each window anew: what suits a day is slow for a year.
        prepare=False,
    )
    return msgspec.convert(await cursor.fetchall(), list[TwapSums])
