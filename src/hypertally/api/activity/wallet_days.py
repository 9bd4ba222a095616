"""Day metrics of one wallet, and their total."""

from datetime import date
from decimal import Decimal
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Response

from hypertally.api.activity.totals import read_wallet_totals
from hypertally.api.activity.wallet_names import address_bytes, no_wallet
from hypertally.api.http.limits import PAGE_ROWS_DEFAULT, PROOF_DUE_MINUTES
from hypertally.api.resource import shapes
from hypertally.api.resource.access import ForViewers
from hypertally.api.resource.answers import answer
from hypertally.api.resource.day_range import DayRangeParameters, read_today
from hypertally.api.resource.json_text import Json
from hypertally.api.resource.lists import of_list
from hypertally.api.resource.paging import cut_page, read_cursor, write_cursor
from hypertally.api.resource.parameters import Address, Cursor, Limit
from hypertally.api.resource.rows import JsonBody
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, find_row, read_row

router = APIRouter()

MAX_AGE = 60

_QUERIES = queries.load(__file__)


class DaysParameters(DayRangeParameters):
    """Which days of the wallet; without bounds its whole history."""

    limit: Limit = PAGE_ROWS_DEFAULT
    cursor: Cursor | None = None


class RangeState(Record, frozen=True, kw_only=True):
    """How the record of a wallet stands over a range of days."""

    as_of: str | None  # the newest computation of its days
    days_unknown: int  # without fills that are known, but not proved to have none
    days_without_fills: int  # those that are not known among them
    complete: Decimal  # the sum of their completeness


class _NamedDay(Record, frozen=True, kw_only=True):
    day: date


class WalletRange(Record, frozen=True, kw_only=True):
    """Days of a wallet with their total, from one snapshot of the database."""

    state: RangeState
    total: Json
    days: list[Json]  # newest first


@router.get("/api/v1/wallets/{address}/days", responses=of_list(shapes.WalletDays, "days"))
async def list_days(
    address: Address,
    parameters: Annotated[DaysParameters, Query()],
    connection: ForViewers,
) -> Response:
    """Return the days on which the wallet traded, newest first, and their sum."""
    first, last = parameters.bounds_begun(today=await read_today(connection))
    record = await read_wallet_range(connection, address, first=first, last=last)
    page, more = cut_page(_days_after(record.days, parameters.cursor), parameters.limit)
    content = {
        "wallet": address,
        "from": first,
        "to": last,
        "as_of": record.state.as_of,
        "total": record.total,
        "days": page,
        "next": write_cursor(_day_of(page[-1])) if more else None,
    }
    return answer(content, max_age=MAX_AGE)


def _days_after(days: list[Json], cursor: str | None) -> list[Json]:
    if cursor is None:
        return days
    before = read_cursor(cursor, shape=date)
    return [day for day in days if _day_of(day) < before]


def _day_of(day: Json) -> date:
    return msgspec.json.decode(day, type=_NamedDay).day


async def read_wallet_range(
    connection: Connection, address: str, *, first: date | None, last: date | None
) -> WalletRange:
    """Return all days of a wallet between inclusive bounds, with their total.

    Errors: `Problem` 404 for a wallet that is not the org's.
    """
    days = await read_days(connection, address, first=first, last=last)
    values = {"address": address_bytes(address), "first": first, "last": last}
    state = await read_row(
        connection,
        _QUERIES["read_range_state"],
        values | {"proof_due_minutes": PROOF_DUE_MINUTES},
        shape=RangeState,
    )
    total = await read_wallet_totals(
        connection,
        days,
        days_unknown=state.days_unknown,
        days_without_fills=state.days_without_fills,
        complete=state.complete,
    )
    listed = msgspec.json.decode(days, type=list[msgspec.Raw])
    return WalletRange(state=state, total=total, days=listed)


async def read_days(
    connection: Connection, address: str, *, first: date | None, last: date | None
) -> Json:
    """Return days of a wallet as a JSON array, newest first; the calendar bounds their number.

    Errors: `Problem` 404 for a wallet that is not the org's.
    """
    bounds = {"address": address_bytes(address), "first": first, "last": last}
    row = await find_row(connection, _QUERIES["list_wallet_days"], bounds, shape=JsonBody)
    if row is None:
        raise no_wallet(address)
    return Json(row.body.encode())
