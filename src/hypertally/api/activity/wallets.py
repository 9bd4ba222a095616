"""The wallets of the caller's org, and one of them as a whole."""

from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query, Response

from hypertally.api.activity.wallet_days import read_wallet_range
from hypertally.api.activity.wallet_names import address_bytes, no_wallet
from hypertally.api.http.limits import (
    EMPTY_SECONDS,
    GAPS_SHOWN_MAX,
    PROOF_DUE_MINUTES,
    SETTLING_SECONDS,
)
from hypertally.api.resource import shapes
from hypertally.api.resource.access import ForViewers
from hypertally.api.resource.answers import answer, of_shape
from hypertally.api.resource.day_range import DayRangeParameters
from hypertally.api.resource.lists import of_list
from hypertally.api.resource.paging import cut_page, read_cursor, write_cursor
from hypertally.api.resource.parameters import (
    Address,
    PageParameters,
    SearchText,
    Word,
)
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, find_row, read_row, read_rows

router = APIRouter()

MAX_AGE: Final = 60

_QUERIES = queries.load(__file__)


class WalletsParameters(PageParameters):
    """Which wallets: a text to search for, the wallets with a tag, those of a group.

    The text is part of an address (with 0x: its beginning), of a label, a tag, the name of a group
    or a note.
    """

    query: SearchText = ""
    tag: Word | None = None
    group: Word | None = None


class ListedWallet(Record, frozen=True, kw_only=True):
    """A wallet of the list."""

    wallet: str
    label: str | None
    tags: list[str]
    groups: list[str]
    note: str | None
    from_day: str
    to_day: str | None  # None: tracked until further notice
    first_fill_at: str | None
    last_fill_at: str | None
    days_active: int
    proven_until: str | None


class WalletRecord(Record, frozen=True, kw_only=True):
    """How complete the record of a wallet is."""

    proven_until: str | None
    pulled_at: str | None
    history_begins_at: str | None
    completeness: str | None
    gaps: int
    conflicts: int
    rejects: int
    last_error: str | None


class Gap(Record, frozen=True, kw_only=True, rename={"from_at": "from", "until_at": "to"}):
    """A gap of the wallet that was asked for."""

    coin: str
    kind: str
    from_at: str | None  # None: nothing is known before `until_at`
    until_at: str | None
    missing_size_coin: str | None


class _WholeHistory(Record, frozen=True, kw_only=True):
    fills: int | None  # None: it was never read


class _WalletId(Record, frozen=True, kw_only=True):
    id: int


class _Settling(Record, frozen=True, kw_only=True):
    waiting: bool
    empty: bool


class _FoundWallet(ListedWallet, frozen=True, kw_only=True):
    """A wallet of a page, with the number of wallets on all pages."""

    total: int


@router.get("/api/v1/wallets", responses=of_list(shapes.Wallets, "wallets"))
async def list_wallets(
    parameters: Annotated[WalletsParameters, Query()], connection: ForViewers
) -> Response:
    """Return the org's wallets by address."""
    after = read_cursor(parameters.cursor, shape=bytes) if parameters.cursor else None
    rows = await read_rows(
        connection,
        _QUERIES["list_wallets"],
        {
            "text": parameters.query.strip().lower(),
            "tag": parameters.tag,
            "group": parameters.group,
            "after": after,
            "limit": parameters.limit + 1,
        },
        shape=_FoundWallet,
    )
    page, more = cut_page(rows, parameters.limit)
    wallets = [_without_total(row) for row in page]
    last = bytes.fromhex(wallets[-1].wallet.removeprefix("0x")) if more else None
    content = {
        "wallets": wallets,
        "total": page[0].total if page else 0,
        "next": write_cursor(last) if last else None,
    }
    return answer(content, max_age=await settled_age(connection, MAX_AGE))


def _without_total(row: _FoundWallet) -> ListedWallet:
    fields = {name: getattr(row, name) for name in ListedWallet.__struct_fields__}
    return ListedWallet(**fields)


@router.get("/api/v1/wallets/{address}", responses=of_shape(shapes.WholeWallet))
async def get_wallet(
    address: Address,
    parameters: Annotated[DayRangeParameters, Query()],
    connection: ForViewers,
) -> Response:
    """Return one wallet: its totals, how complete its record is, and its newest gaps.

    The totals are of the days that the request names; without any, of the whole history.
    """
    days = await read_wallet_range(connection, address, parameters)
    wallet = {"wallet_id": await find_wallet(connection, address)}
    listed = await read_rows(
        connection,
        _QUERIES["list_wallets"],
        {"text": address, "tag": None, "group": None, "after": None, "limit": 1},
        shape=_FoundWallet,
    )
    history = await read_row(connection, _QUERIES["count_fills"], wallet, shape=_WholeHistory)
    record = await read_row(
        connection,
        _QUERIES["read_record"],
        wallet | {"proof_due_minutes": PROOF_DUE_MINUTES},
        shape=WalletRecord,
    )
    gap_values = wallet | {"limit": GAPS_SHOWN_MAX}
    gaps = await read_rows(connection, _QUERIES["list_gaps"], gap_values, shape=Gap)
    shown = msgspec.structs.asdict(_without_total(listed[0]))
    del shown["proven_until"]  # a part of the record
    content = {
        **shown,
        "fills": history.fills,
        "as_of": days.as_of,
        "totals": days.total,
        "record": record,
        "gaps": gaps,
    }
    return answer(content, max_age=await settled_age(connection, MAX_AGE))


async def find_wallet(connection: Connection, address: str) -> int:
    """Return the id of a wallet of the caller's org.

    Errors: `Problem` 404, the same for a wallet of another org as for one nobody has.
    """
    parameters = {"address": address_bytes(address)}
    row = await find_row(connection, _QUERIES["find_wallet"], parameters, shape=_WalletId)
    if row is None:
        raise no_wallet(address)
    return row.id


async def settled_age(connection: Connection, max_age: int) -> int:
    """Return how long an answer may be kept: shortly before the first wallet and its first pull."""
    row = await read_row(connection, _QUERIES["has_unpulled_wallets"], shape=_Settling)
    if row.empty:
        return EMPTY_SECONDS
    return SETTLING_SECONDS if row.waiting else max_age
