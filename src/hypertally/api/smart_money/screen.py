"""Smart money on one screen: health, universe, and of each asset its signal and its positions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response

from hypertally.api.resource.access import ForViewers
from hypertally.api.resource.answers import answer, of_shape
from hypertally.api.resource.json_text import json_record, json_text
from hypertally.api.resource.parameters import Parameters
from hypertally.api.resource.rows import read_rows as read_dicts
from hypertally.api.resource.time_range import UtcTime
from hypertally.api.smart_money import shapes
from hypertally.api.smart_money.feed_health import read_feed
from hypertally.api.smart_money.figures import (
    DEFAULT_HORIZON,
    FLAGS,
    MAX_AGE,
    NEWEST_DEFINITION,
    NO_MARK,
    Definition,
    Horizon,
    Row,
    minutes_of,
    show_playbook,
    show_signal,
)
from hypertally.api.smart_money.past_hits import read_past_hits
from hypertally.metrics.smart_money.formulas.score_arithmetic import V1
from hypertally.metrics.smart_money.formulas.v3.scores import V3
from hypertally.records import ASSETS, Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, find_row, read_rows

router = APIRouter()

NO_MINUTE: Final = "no minute was recorded yet"
NO_SIGNAL: Final = "no signal was computed yet"
NOBODY: Final = "no observed wallet holds a position"
NOT_SEEN: Final = "no wallet was observed"
MASKED: Final[dict[str, object]] = {
    "bias": "No-trade",
    "risk": "Defensive",
    "rule": "masked",
    "sentence": None,
    "nearest_miss": None,
    "unknown_inputs": {},
}

_QUERIES = queries.load(__file__)


class PlaybookParameters(Parameters):
    """Which time's playbook; by default the newest."""

    at: UtcTime | None = None
    definition: Definition = NEWEST_DEFINITION
    horizon: Horizon = DEFAULT_HORIZON


class KnownUniverse(Record, frozen=True, kw_only=True):
    """The universe known at a time."""

    run_id: int
    taken_at: datetime
    members: int
    churn: Decimal | None
    source: str


class Positioning(Record, frozen=True, kw_only=True):
    """What the wallets held of an asset at a minute."""

    minute: datetime
    long: int
    short: int
    flat: int
    missing: int
    long_coin: Decimal | None
    short_coin: Decimal | None
    net_coin: Decimal | None
    net_usd: Decimal | None
    top10_share: Decimal | None
    asset: str
    mark_price: Decimal | None
    mark_at: datetime | None


class _Minute(Record, frozen=True, kw_only=True):
    minute: datetime


@router.get("/api/v1/smart-money", responses=of_shape(shapes.SmartMoney))
async def get_screen(_: Annotated[Parameters, Query()], connection: ForViewers) -> Response:
    """Return all that the screen shows; `masked` says why nothing of it must be acted on."""
    feed = await read_feed(connection)
    asked = {
        "at": feed.as_of,
        "assets": list(ASSETS),
        "window_minutes": minutes_of(DEFAULT_HORIZON),
    }
    universe = await find_row(connection, _QUERIES["find_universe"], asked, shape=KnownUniverse)
    signals = await read_dicts(connection, _QUERIES["list_newest"], asked)
    held = await _read_positions(connection, asked)
    hits = {
        row["asset"]: await read_past_hits(connection, row)
        for row in signals
        if row["definition"] == V3
    }
    content = {
        "as_of": json_text(feed.as_of),
        "health": feed.health,
        "universe": universe and json_record(universe),
        "masked": feed.masked,
        "assets": [
            _show_asset(asset, signals, held) | {"hit_rate": hits.get(asset)} for asset in ASSETS
        ],
    }
    return answer(content, max_age=MAX_AGE)


async def _read_positions(
    connection: Connection, asked: Mapping[str, object]
) -> dict[str, Positioning]:
    newest = await find_row(connection, _QUERIES["find_minute"], asked, shape=_Minute)
    if newest is None:
        return {}
    minute_values = {**asked, "minute": newest.minute}
    rows = await read_rows(connection, _QUERIES["sum_positions"], minute_values, shape=Positioning)
    return {row.asset: row for row in rows}


def _show_asset(
    asset: str, signals: Sequence[Row], positions: Mapping[str, Positioning]
) -> dict[str, Any]:
    mine = {row["definition"]: row for row in signals if row["asset"] == asset}
    newest, first, held = mine.get(V3), mine.get(V1), positions.get(asset)
    shown = {
        "asset": asset,
        "signal": show_signal(newest) if newest else None,
        "first": {name: json_text(first[name]) for name in _OF_FIRST} if first else None,
        "positioning": {name: json_text(getattr(held, name)) for name in _POSITIONING}
        if held
        else None,
        "mark_price": json_text(held.mark_price) if held else None,
        "mark_at": json_text(held.mark_at) if held else None,
    }
    return {**shown, "unknown": _unknown(shown)}


_OF_FIRST: Final = ("at", "cas", "dispersion", "ecs", "bias", "risk", "rule")
_POSITIONING: Final = (
    "minute", "long", "short", "flat", "missing", "long_coin", "short_coin", "net_coin",
    "net_usd", "top10_share",
)  # fmt: skip


def _unknown(shown: Row) -> dict[str, str]:
    held = shown["positioning"]
    without_mark = NO_MARK if held else NO_MINUTE
    reasons = {
        "signal": NO_SIGNAL,
        "first": NO_SIGNAL,
        "positioning": NO_MINUTE,
        "mark_price": without_mark,
        "mark_at": without_mark,
    }
    found = {name: reason for name, reason in reasons.items() if shown[name] is None}
    for name in ("long_coin", "short_coin", "net_coin", "net_usd", "top10_share"):
        if held and held[name] is None:
            reason = {"net_usd": NO_MARK, "top10_share": NOBODY}.get(name, NOT_SEEN)
            found[f"positioning.{name}"] = NOT_SEEN if held["net_coin"] is None else reason
    return found


@router.get("/api/v1/smart-money/playbook", responses=of_shape(shapes.Playbooks))
async def get_playbook(
    parameters: Annotated[PlaybookParameters, Query()], connection: ForViewers
) -> Response:
    """Return what each asset's newest signal at a time calls for."""
    feed = await read_feed(connection)
    at = parameters.at or feed.as_of
    asked = {
        "at": at,
        "assets": list(ASSETS),
        "window_minutes": minutes_of(parameters.horizon),
    }
    rows = await read_dicts(connection, _QUERIES["list_newest"], asked)
    masked = feed.masked if parameters.at is None else None
    content = {
        "as_of": json_text(at),
        "definition": parameters.definition,
        "horizon": parameters.horizon,
        "masked": masked,
        "playbooks": [
            _show_output(row, masked=masked is not None)
            for row in rows
            if row["definition"] == parameters.definition
        ],
    }
    return answer(content, max_age=MAX_AGE)


def _show_output(row: Row, *, masked: bool) -> dict[str, Any]:
    shown = {name: json_text(row[name]) for name in ("asset", "at", "locked")} | show_playbook(row)
    return shown | MASKED | dict.fromkeys(FLAGS) if masked else shown
