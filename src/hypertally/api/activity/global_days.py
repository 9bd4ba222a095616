"""Day metrics of the caller's org: one entry for each calendar day, and their total."""

from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from pydantic import Field

from hypertally.api.activity.totals import read_totals
from hypertally.api.activity.wallets import settled_age
from hypertally.api.http.limits import PROOF_DUE_MINUTES
from hypertally.api.identity.auth import Identity
from hypertally.api.resource import shapes
from hypertally.api.resource.access import Caller, ForViewers
from hypertally.api.resource.answers import answer
from hypertally.api.resource.day_range import (
    DayRange,
    DayRangeParameters,
    days_until,
    read_today,
)
from hypertally.api.resource.json_text import Json
from hypertally.api.resource.lists import of_list
from hypertally.api.resource.rows import read_json
from hypertally.api.resource.time_range import RangeDays, days_in
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, read_row

router = APIRouter()

MAX_AGE: Final = 300
RANGE_DEFAULT: Final[RangeDays] = "30d"

_QUERIES = queries.load(__file__)


class GlobalParameters(DayRangeParameters):
    """Which days: so many up to the current one (30 by default), or between bounds, or a month."""

    range: Annotated[
        RangeDays | None,
        Field(description="so many days that end with the current one; 30d if nothing is given"),
    ] = None


class RangeOfDays(Record, frozen=True, kw_only=True):
    """Days of an org with their total, from one snapshot of the database."""

    name: str | None  # 7d and the like; None: the days are given by their bounds
    range: DayRange
    today: date
    as_of: str | None  # the newest computation of these days
    total: Json
    days: Json


class _AsOf(Record, frozen=True, kw_only=True):
    as_of: str | None


@router.get("/api/v1/metrics/global", responses=of_list(shapes.GlobalDays, "days", page_rows=None))
async def list_global_days(
    parameters: Annotated[GlobalParameters, Query()],
    caller: Caller,
    connection: ForViewers,
) -> Response:
    """Return the org's days, oldest first, and their sum; the current UTC day is partial."""
    days = await read_range_of_days(connection, caller, parameters)
    content = {
        "range": days.name,
        "from": days.range.first,
        "to": days.range.last,
        "partial": days.range.last >= days.today,
        "as_of": days.as_of,
        "total": days.total,
        "days": days.days,
    }
    return answer(content, max_age=await settled_age(connection, MAX_AGE))


async def read_range_of_days(
    connection: Connection, caller: Identity, parameters: GlobalParameters
) -> RangeOfDays:
    """Return the days that a request asks for, with their total.

    Errors: `Problem` 400 for a range that cannot be used.
    """
    today = await read_today(connection)
    name = parameters.range or RANGE_DEFAULT
    named = parameters.resolve(
        today=today, default_days=days_in(RANGE_DEFAULT), other=parameters.range and "range"
    )
    chosen = named or days_until(today, days=days_in(name))
    days = await read_global_days(connection, caller, chosen)
    totals = await read_totals(connection, days, sizes=[chosen.days])
    return RangeOfDays(
        name=None if named else name,
        range=chosen,
        today=today,
        as_of=await read_as_of(connection, caller, chosen),
        total=totals[chosen.days],
        days=days,
    )


async def read_as_of(connection: Connection, caller: Identity, days: DayRange) -> str | None:
    """Return when one of these days of the org was last computed."""
    values = {"org_id": caller.org_id, "first": days.first, "last": days.last}
    return (await read_row(connection, _QUERIES["read_as_of"], values, shape=_AsOf)).as_of


async def read_global_days(connection: Connection, caller: Identity, days: DayRange) -> Json:
    """Return calendar days of the org as a JSON array, oldest first."""
    bounds = {"org_id": caller.org_id, "first": days.first, "last": days.last}
    empty = await read_json(
        connection,
        _QUERIES["list_days_without_fills"],
        bounds | {"proof_due_minutes": PROOF_DUE_MINUTES},
    )
    return await read_json(
        connection, _QUERIES["list_global_days"], bounds | {"empty": bytes(empty).decode()}
    )
