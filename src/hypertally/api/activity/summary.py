"""The org at a glance: how far its record reaches, its newest days, totals of three ranges."""

from datetime import date
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query, Response

from hypertally.api.activity.global_days import read_global_days
from hypertally.api.activity.totals import read_totals
from hypertally.api.activity.wallets import settled_age
from hypertally.api.identity.auth import Identity
from hypertally.api.resource import shapes
from hypertally.api.resource.access import Caller, ForViewers
from hypertally.api.resource.answers import answer, of_shape
from hypertally.api.resource.day_range import days_until, read_today
from hypertally.api.resource.json_text import Json
from hypertally.api.resource.parameters import Parameters
from hypertally.api.resource.time_range import RANGES, days_in
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, read_row

router = APIRouter()

MAX_AGE: Final = 60

_QUERIES = queries.load(__file__)


class OrgState(Record, frozen=True, kw_only=True):
    """How far the org's record reaches."""

    as_of: str | None
    tracked_wallets: int
    wallets_behind: int
    proven_until: str | None
    newest_day: date | None


@router.get("/api/v1/dashboard/summary", responses=of_shape(shapes.Summary))
async def get_summary(
    _: Annotated[Parameters, Query()], caller: Caller, connection: ForViewers
) -> Response:
    """Return the state of the org's record, its two newest days and its totals."""
    state = await read_row(
        connection,
        _QUERIES["read_state"],
        {"org_id": caller.org_id},
        shape=OrgState,
    )
    content = {
        "org": caller.org,
        "as_of": state.as_of,
        "tracked_wallets": state.tracked_wallets,
        "wallets_behind": state.wallets_behind,
        "proven_until": state.proven_until,
        **await _read_newest(connection, caller, state.newest_day),
        "ranges": await _read_ranges(connection, caller),
    }
    return answer(content, max_age=await settled_age(connection, MAX_AGE))


async def _read_newest(
    connection: Connection, caller: Identity, newest: date | None
) -> dict[str, Json | None]:
    if newest is None:
        return {"today": None, "previous": None}
    days = await read_global_days(connection, caller, days_until(newest, days=2))
    previous, today = msgspec.json.decode(days, type=list[msgspec.Raw])
    return {"today": today, "previous": previous}


async def _read_ranges(connection: Connection, caller: Identity) -> dict[str, Json]:
    sizes = {name: days_in(name) for name in RANGES}
    longest = days_until(await read_today(connection), days=max(sizes.values()))
    days = await read_global_days(connection, caller, longest)
    totals = await read_totals(connection, days, sizes=list(sizes.values()))
    return {name: totals[size] for name, size in sizes.items()}
