"""The wallets that were watched at a time, and each attempt to choose them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query, Response

from hypertally.api.resource.access import ForViewers
from hypertally.api.resource.answers import answer, not_found
from hypertally.api.resource.json_text import json_record, json_text
from hypertally.api.resource.lists import of_list
from hypertally.api.resource.paging import Int64, cut_page, read_cursor, write_cursor
from hypertally.api.resource.parameters import PageParameters, Parameters
from hypertally.api.resource.time_range import UtcTime, read_minute
from hypertally.api.smart_money import record_shapes
from hypertally.api.smart_money.figures import MAX_AGE, not_shown
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import find_row, read_rows

router = APIRouter()

MEMBERS_SHOWN_MAX: Final = 2_000  # ten times as many as are chosen

_QUERIES = queries.load(__file__)


class UniverseParameters(Parameters):
    """The time; by default the current minute's start."""

    at: UtcTime | None = None


class RunPlace(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The place of a run in the list."""

    taken_at: Annotated[datetime, msgspec.Meta(tz=True)]
    id: Int64


class UniverseRun(Record, frozen=True, kw_only=True):
    """An attempt to choose a universe."""

    id: int
    taken_at: datetime
    source: str
    status: str
    page_id: int | None
    rows_seen: int
    rows_valid: int
    members: int
    churn: Decimal | None
    error_text: str | None
    definition: str
    digest: str


class MovingRun(UniverseRun, frozen=True, kw_only=True):
    """An attempt, and what it changed."""

    entered: list[str]
    exited: list[str]
    entered_not_shown: int
    exited_not_shown: int
    excluded: dict[str, int]


class UniverseMember(Record, frozen=True, kw_only=True):
    """A wallet of a universe."""

    rank: int
    wallet: str
    pnl_30d: Decimal
    volume_30d: Decimal | None


@router.get(
    "/api/v1/smart-money/universe",
    responses=of_list(record_shapes.Universe, "members", page_rows=None),
)
async def get_universe(
    parameters: Annotated[UniverseParameters, Query()], connection: ForViewers
) -> Response:
    """Return the wallets that were watched at a time, the highest first."""
    at = parameters.at or await read_minute(connection)
    run = await find_row(connection, _QUERIES["find_run"], {"at": at}, shape=MovingRun)
    if run is None:
        raise not_found(
            f"no universe was known at {json_text(at)}: /api/v1/smart-money/universe/runs "
            "lists every attempt to choose one"
        )
    parameters_of_run = {"run_id": run.id, "limit": MEMBERS_SHOWN_MAX}
    members = await read_rows(
        connection, _QUERIES["list_members"], parameters_of_run, shape=UniverseMember
    )
    shown = json_record(run)
    content = {
        "at": json_text(at),
        "run": {name: shown[name] for name in UniverseRun.__struct_fields__},
        "members": [json_record(member) for member in members],
        "not_shown": not_shown(run.members - len(members)),
        **{name: shown[name] for name in _MOVES},
    }
    return answer(content, max_age=MAX_AGE)


@router.get(
    "/api/v1/smart-money/universe/runs", responses=of_list(record_shapes.UniverseRuns, "runs")
)
async def list_runs(
    parameters: Annotated[PageParameters, Query()], connection: ForViewers
) -> Response:
    """Return each attempt to choose a universe, the newest first, those that failed too."""
    place = read_cursor(parameters.cursor, shape=RunPlace) if parameters.cursor else None
    rows = await read_rows(
        connection,
        _QUERIES["list_runs"],
        {
            "before_at": place.taken_at if place else "infinity",
            "before_id": place.id if place else 0,
            "limit": parameters.limit + 1,
        },
        shape=MovingRun,
    )
    page, more = cut_page(rows, parameters.limit)
    shown = [json_record(row) for row in page]
    after = write_cursor([page[-1].taken_at, page[-1].id]) if more else None
    return answer({"runs": shown, "next": after}, max_age=MAX_AGE)


_MOVES: Final = ("entered", "exited", "entered_not_shown", "exited_not_shown", "excluded")
