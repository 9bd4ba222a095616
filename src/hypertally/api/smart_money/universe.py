"""The wallets that were watched at a time, and each attempt to choose them."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Response

from hypertally.api.resource.access import ForViewers
from hypertally.api.resource.answers import answer, not_found, of_shape
from hypertally.api.resource.json_text import json_row, json_text
from hypertally.api.resource.paging import Int64, cut_page, read_cursor, write_cursor
from hypertally.api.resource.parameters import PageParameters, Parameters
from hypertally.api.resource.rows import find_row, read_rows
from hypertally.api.resource.time_range import UtcTime, read_minute
from hypertally.api.smart_money import record_shapes
from hypertally.api.smart_money.figures import MAX_AGE, Row, not_shown
from hypertally.store import queries

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


@router.get("/api/v1/smart-money/universe", responses=of_shape(record_shapes.Universe))
async def get_universe(
    parameters: Annotated[UniverseParameters, Query()], connection: ForViewers
) -> Response:
    """Return the wallets that were watched at a time, the highest first."""
    at = parameters.at or await read_minute(connection)
    run = await find_row(connection, _QUERIES["find_run"], {"at": at})
    if run is None:
        raise not_found(
            f"no universe was known at {json_text(at)}: /api/v1/smart-money/universe/runs "
            "lists every attempt to choose one"
        )
    members = await read_rows(
        connection, _QUERIES["list_members"], {"run_id": run["id"], "limit": MEMBERS_SHOWN_MAX}
    )
    content = {
        "at": json_text(at),
        "run": _show_run(run),
        "members": [json_row(row) for row in members],
        "not_shown": not_shown(run["members"] - len(members)),
        **{name: run[name] for name in _MOVES},
    }
    return answer(content, max_age=MAX_AGE)


@router.get("/api/v1/smart-money/universe/runs", responses=of_shape(record_shapes.UniverseRuns))
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
    )
    page, more = cut_page(rows, parameters.limit)
    shown = [_show_run(row) | {name: row[name] for name in _MOVES} for row in page]
    after = write_cursor([page[-1]["taken_at"], page[-1]["id"]]) if more else None
    return answer({"runs": shown, "next": after}, max_age=MAX_AGE)


_MOVES: Final = ("entered", "exited", "entered_not_shown", "exited_not_shown", "excluded")
_RUN: Final = (
    "id", "taken_at", "source", "status", "page_id", "rows_seen", "rows_valid", "members",
    "churn", "error_text", "definition", "digest",
)  # fmt: skip


def _show_run(row: Row) -> dict[str, Any]:
    return {name: json_text(row[name]) for name in _RUN}
