"""Where two versions of smart money differ: counted by asset, and each period with its why."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from fastapi import APIRouter, Query, Response
from pydantic import Field

from hypertally.api.resource.access import ForViewers
from hypertally.api.resource.answers import answer
from hypertally.api.resource.json_text import json_record, json_text
from hypertally.api.resource.lists import of_list
from hypertally.api.resource.paging import cut_page, read_cursor, write_cursor
from hypertally.api.resource.parameters import Cursor
from hypertally.api.resource.rows import read_rows as read_dicts
from hypertally.api.resource.time_range import FromToParameters, read_minute
from hypertally.api.smart_money import difference_shapes
from hypertally.api.smart_money.figures import MAX_AGE, Row
from hypertally.api.smart_money.signals import SIGNALS_RANGE
from hypertally.metrics.smart_money.formulas.score_arithmetic import V2
from hypertally.metrics.smart_money.formulas.v1.differences import causes
from hypertally.metrics.smart_money.formulas.v3.differences import v3_causes
from hypertally.records import ASSETS, Asset, Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, read_rows

router = APIRouter()

PERIODS_MAX: Final = 300  # a day of an asset has 288; their reasons take a tenth of a second
PERIODS_DEFAULT: Final = 100

_QUERIES = queries.load(__file__)


Later: TypeAlias = Literal["smart_money/2", "smart_money/3"]
FIRST_LATER: Final[Later] = "smart_money/2"
EARLIER: Final[Mapping[Later, str]] = {
    "smart_money/2": "smart_money/1",
    "smart_money/3": "smart_money/2",
}


class DifferencesParameters(FromToParameters):
    """Which periods; without an asset all three."""

    asset: Asset | None = None
    later: Later = FIRST_LATER
    limit: Annotated[int, Field(ge=1, le=PERIODS_MAX)] = PERIODS_DEFAULT
    cursor: Cursor | None = None


class PeriodPlace(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The place of a period in a stretch, and the stretch: pages of it agree on it."""

    start: Annotated[datetime, msgspec.Meta(tz=True)]
    end: Annotated[datetime, msgspec.Meta(tz=True)]
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    asset: Annotated[str, msgspec.Meta(pattern="^[A-Z]{1,8}$")]


class PeriodCounts(Record, frozen=True, kw_only=True):
    """The periods of an asset that two versions have, and in how many they agree."""

    asset: str
    periods: int
    locked: int
    same_playbook: int
    same_band: int


class PairCount(Record, frozen=True, kw_only=True):
    """In how many periods the versions said a pair of playbooks or of bands."""

    asset: str
    part: str  # playbooks or bands
    first: str | None
    second: str | None
    periods: int


class ScoreDistance(Record, frozen=True, kw_only=True):
    """The distance of a score's two versions."""

    asset: str
    score: str
    periods: int
    mean_difference: Decimal | None
    largest_difference: Decimal | None
    first_alone: int
    second_alone: int


@router.get(
    "/api/v1/smart-money/differences",
    responses=of_list(difference_shapes.Differences, "periods", page_rows=PERIODS_MAX),
)
async def get_differences(
    parameters: Annotated[DifferencesParameters, Query()], connection: ForViewers
) -> Response:
    """Return how often and how far both versions differ in [from, to), and where and why."""
    place = read_cursor(parameters.cursor, shape=PeriodPlace) if parameters.cursor else None
    time_range = SIGNALS_RANGE.resolve(
        parameters.start or (place and place.start),
        parameters.end or (place and place.end),
        minute=await read_minute(connection),
    )
    asked = {
        "assets": [parameters.asset] if parameters.asset else list(ASSETS),
        "from_at": time_range.start,
        "to_at": time_range.end,
        "before_at": place.at if place else "infinity",
        "after_asset": place.asset if place else "",
        "earlier": EARLIER[parameters.later],
        "later": parameters.later,
        "limit": parameters.limit,
    }
    content = {"asset": parameters.asset, **await read_differences(connection, asked)}
    return answer(content, max_age=MAX_AGE)


async def read_differences(connection: Connection, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the summary of a stretch and a page of its periods that differ."""
    wanted = {**asked, "limit": asked["limit"] + 1}
    rows = await read_dicts(connection, _QUERIES["list_differing"], wanted)
    page, more = cut_page(rows, 2 * asked["limit"])
    last = (page[-1]["at"], page[-1]["asset"]) if more else ()
    # The reasons of a full page take a tenth of a second: meanwhile others are answered.
    periods = await asyncio.to_thread(_periods, page)
    return {
        "from": json_text(asked["from_at"]),
        "to": json_text(asked["to_at"]),
        "earlier": asked["earlier"],
        "later": asked["later"],
        "summary": await _summary(connection, asked),
        "periods": periods,
        "next": write_cursor([asked["from_at"], asked["to_at"], *last]) if more else None,
    }


def _periods(rows: Sequence[Row]) -> list[dict[str, object]]:
    """A period is two rows on end, the first version's first."""
    return [_period(first, second) for first, second in zip(rows[::2], rows[1::2], strict=True)]


def _period(first: Row, second: Row) -> dict[str, object]:
    told = causes(first, second) if second["definition"] == V2 else v3_causes(first, second)
    return {
        "at": json_text(first["at"]),
        "asset": first["asset"],
        "first": {name: json_text(first[name]) for name in _TOLD},
        "second": {name: json_text(second[name]) for name in _TOLD},
        "causes": [msgspec.to_builtins(cause) for cause in told],
        "because": "; ".join(cause.words for cause in told),
    }


_TOLD: Final = ("cas", "dispersion", "ecs", "trend", "band", "bias", "risk", "rule")


async def _summary(connection: Connection, asked: Mapping[str, Any]) -> list[dict[str, object]]:
    counted = await read_rows(connection, _QUERIES["count_periods"], asked, shape=PeriodCounts)
    pairs = await read_rows(connection, _QUERIES["count_pairs"], asked, shape=PairCount)
    scores = await read_rows(connection, _QUERIES["compare_scores"], asked, shape=ScoreDistance)
    by_asset = {row.asset: row for row in counted}
    return [
        {
            **json_record(by_asset[asset]),
            **{part: _pairs(pairs, asset, part) for part in ("playbooks", "bands")},
            "scores": {row.score: _compared(row) for row in scores if row.asset == asset},
        }
        for asset in ASSETS
        if asset in by_asset
    ]


def _pairs(rows: Sequence[PairCount], asset: str, part: str) -> list[dict[str, object]]:
    return [
        {"first": row.first, "second": row.second, "periods": row.periods}
        for row in rows
        if (row.asset, row.part) == (asset, part)
    ]


def _compared(row: ScoreDistance) -> dict[str, object]:
    shown = json_record(row)
    del shown["asset"], shown["score"]
    return shown
