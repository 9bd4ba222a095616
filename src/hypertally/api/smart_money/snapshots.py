"""What the watched wallets held, minute by minute, and each wallet's row of a minute."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Final, TypeAlias

import msgspec
from fastapi import APIRouter, Path, Query, Response

from hypertally.api.resource.access import ForViewers
from hypertally.api.resource.answers import answer, not_found
from hypertally.api.resource.json_text import json_record, json_text
from hypertally.api.resource.lists import of_list
from hypertally.api.resource.paging import cut_page, read_cursor, write_cursor
from hypertally.api.resource.parameters import PageParameters
from hypertally.api.resource.time_range import FromToParameters, UtcTime, from_to_rule, read_minute
from hypertally.api.smart_money import record_shapes
from hypertally.api.smart_money.archived_days import list_sealed_days
from hypertally.api.smart_money.figures import MAX_AGE, not_shown
from hypertally.records import Asset, Record
from hypertally.store import queries
from hypertally.store.postgres import find_row, read_row, read_rows

router = APIRouter()

# Of 200 wallets, 48 hours are over half a million rows, and all are summed.
SNAPSHOTS_RANGE: Final = from_to_rule(longest=timedelta(hours=48))
A_MOMENT: Final = timedelta(microseconds=1)  # the end of a stretch is none of it

_QUERIES = queries.load(__file__)

AssetName: TypeAlias = Annotated[Asset, Path()]
Minute: TypeAlias = Annotated[UtcTime, Path()]


class WalletPlace(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The place of a wallet in the list."""

    wallet: Annotated[str, msgspec.Meta(pattern="^0x[0-9a-f]{40}$")]


class HeldMinute(Record, frozen=True, kw_only=True):
    """What the wallets held together at a minute."""

    minute: datetime
    long: int
    short: int
    flat: int
    missing: int
    net_coin: Decimal | None


class MinuteRun(Record, frozen=True, kw_only=True):
    """How a minute was recorded."""

    status: str
    started_at: datetime
    duration_ms: int
    wallets: int
    wallets_ok: int
    wallets_failed: int
    rows_written: int
    coverage: Decimal
    universe_run_id: int | None
    error_text: str | None


class HeldWallet(Record, frozen=True, kw_only=True):
    """What a wallet held; `missing` says why `szi` is null."""

    wallet: str
    szi: Decimal | None
    missing: str | None
    entry_px: Decimal | None
    position_value: Decimal | None
    unrealized_pnl: Decimal | None
    leverage: Decimal | None
    account_value: Decimal | None
    observed_at: datetime | None
    fingerprint: str


class _HiddenWallets(Record, frozen=True, kw_only=True):
    wallets: int


@router.get(
    "/api/v1/smart-money/snapshots/{asset}",
    responses=of_list(record_shapes.Snapshots, "minutes", page_rows=None),
)
async def list_minutes(
    asset: AssetName, parameters: Annotated[FromToParameters, Query()], connection: ForViewers
) -> Response:
    """Return what the wallets held together at each minute in [from, to), oldest first."""
    time_range = SNAPSHOTS_RANGE.resolve(
        parameters.start,
        parameters.end,
        minute=await read_minute(connection),
    )
    values = {"asset": asset, "from_at": time_range.start, "to_at": time_range.end}
    rows = await read_rows(connection, _QUERIES["sum_minutes"], values, shape=HeldMinute)
    content = {
        "asset": asset,
        "from": json_text(time_range.start),
        "to": json_text(time_range.end),
        "minutes": [json_record(row) for row in rows],
        "sealed": await list_sealed_days(connection, time_range.start, time_range.end - A_MOMENT),
    }
    return answer(content, max_age=MAX_AGE)


@router.get(
    "/api/v1/smart-money/snapshots/{asset}/{minute}",
    responses=of_list(record_shapes.MinuteSnapshots, "wallets"),
)
async def list_wallets(
    asset: AssetName,
    minute: Minute,
    parameters: Annotated[PageParameters, Query()],
    connection: ForViewers,
) -> Response:
    """Return how a minute was recorded, and each wallet's row of it, by address."""
    run = await find_row(connection, _QUERIES["find_minute"], {"minute": minute}, shape=MinuteRun)
    if run is None:
        raise not_found(
            f"no minute was recorded at {json_text(minute)}: "
            f"/api/v1/smart-money/snapshots/{asset} lists them"
        )
    place = read_cursor(parameters.cursor, shape=WalletPlace) if parameters.cursor else None
    rows = await read_rows(
        connection,
        _QUERIES["list_wallets"],
        {
            "asset": asset,
            "minute": minute,
            "run_id": run.universe_run_id,
            "after_wallet": place.wallet if place else "",
            "limit": parameters.limit + 1,
        },
        shape=HeldWallet,
    )
    page, more = cut_page(rows, parameters.limit)
    key = {"asset": asset, "minute": minute}
    hidden = await read_row(connection, _QUERIES["count_hidden"], key, shape=_HiddenWallets)
    content = {
        "asset": asset,
        "minute": json_text(minute),
        "run": json_record(run),
        "wallets": [json_record(row) for row in page],
        "sealed": await list_sealed_days(connection, minute, minute),
        "not_shown": not_shown(hidden.wallets),
        "next": write_cursor([page[-1].wallet]) if more else None,
    }
    return answer(content, max_age=MAX_AGE)
