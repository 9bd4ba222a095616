"""Day metrics of one wallet, and their total."""

from datetime import date
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Response

from hypertally.api.activity.wallet_names import address_bytes, no_wallet
from hypertally.api.http.limits import PAGE_ROWS_DEFAULT, PROOF_DUE_MINUTES
from hypertally.api.resource import shapes
from hypertally.api.resource.access import ForViewers
from hypertally.api.resource.answers import answer
from hypertally.api.resource.day_range import DayRangeParameters
from hypertally.api.resource.json_text import Json
from hypertally.api.resource.lists import of_list
from hypertally.api.resource.paging import cut_page, read_cursor, write_cursor
from hypertally.api.resource.parameters import Address, Cursor, Limit
from hypertally.api.resource.rows import JsonBody
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, find_row, send

router = APIRouter()

MAX_AGE = 60

_QUERIES = queries.load(__file__)


class DaysParameters(DayRangeParameters):
    """Which days of the wallet; without bounds its whole history."""

    limit: Limit = PAGE_ROWS_DEFAULT
    cursor: Cursor | None = None


class _RangeTotal(Record, frozen=True, kw_only=True):
    today: date
    as_of: str | None
    total: str  # JSON


class _NamedDay(Record, frozen=True, kw_only=True):
    day: date


class WalletRange(Record, frozen=True, kw_only=True):
    """Days of a wallet with the total of all of them, from one snapshot of the database."""

    first: date | None
    last: date | None
    as_of: str | None  # the newest computation of its days
    total: Json
    days: list[Json]  # newest first


@router.get("/api/v1/wallets/{address}/days", responses=of_list(shapes.WalletDays, "days"))
async def list_days(
    address: Address,
    parameters: Annotated[DaysParameters, Query()],
    connection: ForViewers,
) -> Response:
    """Return the days on which the wallet traded, newest first, and their sum."""
    before = read_cursor(parameters.cursor, shape=date) if parameters.cursor else None
    record = await read_wallet_range(
        connection, address, parameters, before=before, limit=parameters.limit + 1
    )
    page, more = cut_page(record.days, parameters.limit)
    content = {
        "wallet": address,
        "from": record.first,
        "to": record.last,
        "as_of": record.as_of,
        "total": record.total,
        "days": page,
        "next": write_cursor(_day_of(page[-1])) if more else None,
    }
    return answer(content, max_age=MAX_AGE)


def _day_of(day: Json) -> date:
    return msgspec.json.decode(day, type=_NamedDay).day


async def read_wallet_range(
    connection: Connection,
    address: str,
    parameters: DayRangeParameters,
    *,
    before: date | None = None,
    limit: int | None = None,
) -> WalletRange:
    """Return the total of a range of a wallet's days, and its newest days: those before a day.

    Errors: `Problem` 400 for a range that makes no sense, 404 for a wallet that is not the org's.
    """
    first, last = parameters.bounds()
    values = {"address": address_bytes(address), "first": first, "last": last}
    # Both are sent before the first is answered: there is one wait.
    page_values = values | {"before": before, "limit": limit}
    listed = await send(connection, _QUERIES["list_wallet_days"], page_values, shape=JsonBody)
    summed = await send(
        connection,
        _QUERIES["read_wallet_range"],
        values | {"proof_due_minutes": PROOF_DUE_MINUTES},
        shape=_RangeTotal,
    )
    total = await summed.fetchone()
    assert total is not None, "the clock is there whatever the wallet"
    first, last = parameters.bounds_begun(today=total.today)
    return WalletRange(
        first=first,
        last=last,
        as_of=total.as_of,
        total=Json(total.total.encode()),
        days=_days_of(await listed.fetchone(), address),
    )


async def read_day(connection: Connection, address: str, day: date) -> list[Json]:
    """Return the row of a day of a wallet, if there is one.

    Errors: `Problem` 404 for a wallet that is not the org's.
    """
    values = {
        "address": address_bytes(address),
        "first": day,
        "last": day,
        "before": None,
        "limit": 1,
    }
    row = await find_row(connection, _QUERIES["list_wallet_days"], values, shape=JsonBody)
    return _days_of(row, address)


def _days_of(row: JsonBody | None, address: str) -> list[Json]:
    if row is None:
        raise no_wallet(address)
    return msgspec.json.decode(row.body, type=list[msgspec.Raw])
