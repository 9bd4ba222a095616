"""Signals of smart money: a stretch of them, one with its contributors, and what it is made of."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Final, TypeAlias

import msgspec
from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from hypertally.api.resource.access import ForViewers
from hypertally.api.resource.answers import answer, not_found
from hypertally.api.resource.json_text import json_record, json_text
from hypertally.api.resource.lists import of_list
from hypertally.api.resource.paging import cut_page, read_cursor, write_cursor
from hypertally.api.resource.parameters import Cursor, PageParameters
from hypertally.api.resource.rows import find_row as find_dict
from hypertally.api.resource.rows import read_rows as read_dicts
from hypertally.api.resource.time_range import FromToParameters, UtcTime, from_to_rule, read_minute
from hypertally.api.smart_money import shapes
from hypertally.api.smart_money.figures import (
    DEFAULT_HORIZON,
    MAX_AGE,
    NEWEST_DEFINITION,
    Definition,
    Horizon,
    Row,
    minutes_of,
    not_shown,
    show_signal,
)
from hypertally.api.smart_money.past_hits import read_past_hits
from hypertally.records import Asset, Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, find_row, read_rows

router = APIRouter()

RANGE_MAX: Final = timedelta(days=31)
SIGNALS_RANGE: Final = from_to_rule(longest=RANGE_MAX)
SIGNALS_MAX: Final = 500  # a page of signals is then about 1 MB; a day of an asset has 288
SIGNALS_DEFAULT: Final = 300

_QUERIES = queries.load(__file__)

AssetName: TypeAlias = Annotated[Asset, Path()]
At: TypeAlias = Annotated[UtcTime, Path()]


class SignalsParameters(FromToParameters):
    """Which signals of an asset."""

    definition: Definition = NEWEST_DEFINITION
    horizon: Horizon = DEFAULT_HORIZON
    limit: Annotated[int, Field(ge=1, le=SIGNALS_MAX)] = SIGNALS_DEFAULT
    cursor: Cursor | None = None


class SignalParameters(PageParameters):
    """Which definition's signal, and which page of its contributors."""

    definition: Definition = NEWEST_DEFINITION
    horizon: Horizon = DEFAULT_HORIZON


class SignalKey(Record, frozen=True, kw_only=True):
    """Names a row of metrics.signals."""

    asset: Asset
    at: datetime
    definition: Definition
    horizon: Horizon = DEFAULT_HORIZON


class SignalPlace(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The place of a signal in a stretch, and the stretch: pages of it agree on it."""

    start: Annotated[datetime, msgspec.Meta(tz=True)]
    end: Annotated[datetime, msgspec.Meta(tz=True)]
    at: Annotated[datetime, msgspec.Meta(tz=True)]


class ContributorPlace(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The place of a contributor in the list: the size of its move, and its address."""

    moves: Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]{1,40}(\.[0-9]{1,40})?$")]
    wallet: Annotated[str, msgspec.Meta(pattern="^0x[0-9a-f]{40}$")]


class ContributorRow(Record, frozen=True, kw_only=True, rename={"move_class": "class"}):
    """The part of a wallet in a signal: its move, and its effect on each score."""

    wallet: str
    move_class: str
    before_coin: Decimal | None
    now_coin: Decimal | None
    delta_coin: Decimal | None
    epsilon: Decimal
    weight_coin: Decimal | None
    delta_usd: Decimal | None
    forced: bool | None
    effect_cas: Decimal | None
    effect_cas_usd: Decimal | None
    effect_dispersion: Decimal | None
    effect_dispersion_size: Decimal | None
    effect_ecs: Decimal | None
    before_age_seconds: int | None
    now_age_seconds: int | None
    moves: Decimal  # the size of its move in coin; -1: it did nothing, or was not seen


class _HiddenWallets(Record, frozen=True, kw_only=True):
    wallets: int


@router.get(
    "/api/v1/smart-money/signals/{asset}",
    responses=of_list(shapes.Signals, "signals", page_rows=SIGNALS_MAX),
)
async def list_signals(
    asset: AssetName, parameters: Annotated[SignalsParameters, Query()], connection: ForViewers
) -> Response:
    """Return an asset's signals in [from, to), oldest first."""
    place = read_cursor(parameters.cursor, shape=SignalPlace) if parameters.cursor else None
    time_range = SIGNALS_RANGE.resolve(
        parameters.start or (place and place.start),
        parameters.end or (place and place.end),
        minute=await read_minute(connection),
    )
    rows = await read_dicts(
        connection,
        _QUERIES["list_signals"],
        {
            "asset": asset,
            "definition": parameters.definition,
            "window_minutes": minutes_of(parameters.horizon),
            "from_at": time_range.start,
            "to_at": time_range.end,
            "after_at": place.at if place else "-infinity",
            "limit": parameters.limit + 1,
        },
    )
    page, more = cut_page(rows, parameters.limit)
    content = {
        "asset": asset,
        "definition": parameters.definition,
        "horizon": parameters.horizon,
        "from": json_text(time_range.start),
        "to": json_text(time_range.end),
        "signals": [show_signal(row) for row in page],
        "next": write_cursor([time_range.start, time_range.end, page[-1]["at"]]) if more else None,
    }
    return answer(content, max_age=MAX_AGE)


@router.get(
    "/api/v1/smart-money/signals/{asset}/{at}",
    responses=of_list(shapes.WholeSignal, "contributors"),
)
async def get_signal(
    asset: AssetName,
    at: At,
    parameters: Annotated[SignalParameters, Query()],
    connection: ForViewers,
) -> Response:
    """Return one signal and its contributors, the largest moves first."""
    key = SignalKey(
        asset=asset, at=at, definition=parameters.definition, horizon=parameters.horizon
    )
    row = await find_signal(connection, key)
    page = await read_contributors(connection, row, parameters)
    content = {
        "signal": show_signal(row),
        "hit_rate": await read_past_hits(connection, row),
        **page,
    }
    return answer(content, max_age=MAX_AGE)


async def find_signal(connection: Connection, key: SignalKey) -> Row:
    """Return the row of a signal.

    Errors: `Problem` 404 when there is none.
    """
    values = {**msgspec.structs.asdict(key), "window_minutes": minutes_of(key.horizon)}
    row = await find_dict(connection, _QUERIES["find_signal"], values)
    if row is None:
        raise not_found(
            f"{key.asset} has no signal of {key.definition} over {key.horizon} at "
            f"{json_text(key.at)}: periods end at "
            f"every fifth minute, and /api/v1/smart-money/signals/{key.asset} lists them"
        )
    return row


async def read_contributors(
    connection: Connection, signal: Row, parameters: PageParameters
) -> dict[str, object]:
    """Return a page of a signal's contributors, and where the next one begins."""
    place = read_cursor(parameters.cursor, shape=ContributorPlace) if parameters.cursor else None
    rows = await read_rows(
        connection,
        _QUERIES["list_contributors"],
        {
            **{name: signal[name] for name in ("asset", "at", "definition", "window_minutes")},
            "moves": place.moves if place else None,
            "after_wallet": place.wallet if place else "",
            "limit": parameters.limit + 1,
        },
        shape=ContributorRow,
    )
    page, more = cut_page(rows, parameters.limit)
    after = write_cursor([json_text(page[-1].moves), page[-1].wallet]) if more else None
    key = {"run_id": signal["universe_run_id"]}
    hidden = await find_row(connection, _QUERIES["count_hidden"], key, shape=_HiddenWallets)
    return {
        "contributors": [_show_contributor(row) for row in page],
        "not_shown": not_shown(hidden.wallets) if hidden else None,
        "next": after,
    }


def _show_contributor(row: ContributorRow) -> dict[str, object]:
    shown = json_record(row)
    return {
        **{name: shown[name] for name in _CONTRIBUTOR},
        "effect": {name: shown[f"effect_{name}"] for name in _EFFECTS},
    }


_CONTRIBUTOR: Final = (
    "wallet", "class", "before_coin", "now_coin", "delta_coin", "epsilon", "weight_coin",
    "delta_usd", "forced", "before_age_seconds", "now_age_seconds",
)  # fmt: skip
_EFFECTS: Final = ("cas", "cas_usd", "dispersion", "dispersion_size", "ecs")
