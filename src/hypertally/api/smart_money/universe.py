"""The wallets that were watched at a time, and each attempt to choose them."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Response

from hypertally.api.activity.fills import Int64
from hypertally.api.resource.resource import (
    ForViewers,
    PageParameters,
    Parameters,
    answer,
    cut_page,
    find_row,
    not_found,
    of_shape,
    read_cursor,
    read_rows,
    write_cursor,
)
from hypertally.api.resource.time_range import Moment, read_minute
from hypertally.api.smart_money import record_shapes
from hypertally.api.smart_money.figures import MAX_AGE, Row, not_shown
from hypertally.api.twaps.figures import as_text
from hypertally.store import queries

router = APIRouter()

MEMBERS_SHOWN_MAX: Final = 2_000  # ten times as many as are chosen

_QUERIES = queries.load(__file__)


class UniverseParameters(Parameters):
    """The time; by default the current minute's start."""

    at: Moment | None = None


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
            f"no universe was known at {as_text(at)}: /api/v1/smart-money/universe/runs tells when "
            "there was one, and what became of each attempt"
        )
    members = await read_rows(
        connection, _QUERIES["list_members"], {"run_id": run["id"], "limit": MEMBERS_SHOWN_MAX}
    )
    content = {
        "at": as_text(at),
        "run": _show_run(run),
        "members": [{name: as_text(value) for name, value in row.items()} for row in members],
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
    return {name: as_text(row[name]) for name in _RUN}
