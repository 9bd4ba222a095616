"""What became of signals: how often the side of a band was right, and the newest rows."""

import asyncio
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final, Literal, TypeAlias

from fastapi import APIRouter, Query, Response

from hypertally.api.resource.access import ForViewers
from hypertally.api.resource.answers import answer
from hypertally.api.resource.json_text import json_record, json_text
from hypertally.api.resource.lists import of_list
from hypertally.api.resource.parameters import Parameters
from hypertally.api.smart_money import record_shapes
from hypertally.api.smart_money.figures import (
    DEFAULT_HORIZON,
    MAX_AGE,
    NEWEST_DEFINITION,
    Definition,
    Horizon,
    minutes_of,
)
from hypertally.metrics.smart_money.formulas.consensus import Band
from hypertally.metrics.smart_money.formulas.outcomes import SIDES, wilson
from hypertally.metrics.smart_money.formulas.score_arithmetic import ratio
from hypertally.metrics.smart_money.formulas.thresholds import RATED_MIN
from hypertally.records import ASSETS, Asset, Record
from hypertally.store import queries
from hypertally.store.postgres import read_rows

router = APIRouter()

OUTCOMES_SHOWN: Final = 50
DAYS_MAX: Final = 366  # a leap year: of one asset 105,408 signals
NO_SIDE: Final = "a neutral band takes no side"
FEW: Final = f"there are fewer than {RATED_MIN} signals that do not overlap"

OutcomeHorizon: TypeAlias = Literal["5m", "15m", "1h", "4h", "24h"]
OUTCOME_MINUTES: Final[Mapping[OutcomeHorizon, int]] = {
    "5m": 5,
    "15m": 15,
    "1h": 60,
    "4h": 240,
    "24h": 1440,
}

_QUERIES = queries.load(__file__)


class OutcomesParameters(Parameters):
    """Which signals, and how long after them; without an asset all of them."""

    asset: Asset | None = None
    definition: Definition = NEWEST_DEFINITION
    signal_horizon: Horizon = DEFAULT_HORIZON
    horizon: OutcomeHorizon = "1h"


class Sample(Record, frozen=True, kw_only=True):
    """The signals of an asset and a band that have a return."""

    asset: str
    band: str
    times: list[int]  # Unix seconds, ascending
    hits: list[bool | None]  # whether the side was right; None: the band takes no side


class OutcomeRow(Record, frozen=True, kw_only=True, rename={"price_return": "return"}):
    """What became of a signal; `unknown` says why there is no return."""

    at: datetime
    asset: str
    band: str | None
    bias: str
    mark_before: Decimal | None
    mark_after: Decimal | None
    price_return: Decimal | None
    hit: bool | None
    unknown: str | None


@router.get(
    "/api/v1/smart-money/outcomes",
    responses=of_list(record_shapes.Outcomes, "rates", page_rows=None),
)
async def get_outcomes(
    parameters: Annotated[OutcomesParameters, Query()], connection: ForViewers
) -> Response:
    """Return hit rates by asset and band, and the newest outcomes."""
    minutes = OUTCOME_MINUTES[parameters.horizon]
    assets: list[Asset] = [parameters.asset] if parameters.asset else list(ASSETS)
    asked = {
        "assets": assets,
        "definition": parameters.definition,
        "window_minutes": minutes_of(parameters.signal_horizon),
        "horizon": minutes,
        "days": DAYS_MAX,
        "limit": OUTCOMES_SHOWN,
    }
    samples = await read_rows(connection, _QUERIES["list_known"], asked, shape=Sample)
    known = {(sample.asset, sample.band): sample for sample in samples}
    newest = await read_rows(connection, _QUERIES["list_newest"], asked, shape=OutcomeRow)
    content = {
        "asset": parameters.asset,
        "definition": parameters.definition,
        "signal_horizon": parameters.signal_horizon,
        "horizon": parameters.horizon,
        "horizon_minutes": minutes,
        # A year of all assets takes a fifth of a second: meanwhile others are answered.
        "rates": await asyncio.to_thread(_rates, assets, known, seconds=minutes * 60),
        "outcomes": [json_record(row) for row in newest],
    }
    return answer(content, max_age=MAX_AGE)


def _rates(
    assets: Sequence[Asset], known: Mapping[tuple[str, str], Sample], *, seconds: int
) -> list[dict[str, object]]:
    return [
        rate_band(asset, band, known.get((asset, band)), seconds=seconds)
        for asset in assets
        for band in SIDES
    ]


def rate_band(asset: str, band: Band, known: Sample | None, *, seconds: int) -> dict[str, object]:
    """Rate a band by signals that do not overlap: overlapping ones are not independent."""
    times: list[int] = known.times if known else []
    sample = [known.hits[place] for place in _apart(times, seconds)] if known else []
    shown = {"asset": asset, "band": band, "n": len(times), "n_apart": len(sample)}
    if not SIDES[band]:
        return {**shown, "hits": None, **dict.fromkeys(_FIGURES), "unknown": NO_SIDE}
    right = sum(hit is True for hit in sample)
    if len(sample) < RATED_MIN:
        return {**shown, "hits": right, **dict.fromkeys(_FIGURES), "unknown": FEW}
    figures = (ratio(right, len(sample)), *wilson(right, len(sample)))
    rates = {name: json_text(one) for name, one in zip(_FIGURES, figures, strict=True)}
    return {**shown, "hits": right, **rates, "unknown": None}


_FIGURES: Final = ("rate", "lower", "upper")


def _apart(times: Sequence[int], seconds: int) -> list[int]:
    """Places of the times, ascending, that begin when the one taken before is over."""
    taken: list[int] = []
    place = 0
    while place < len(times):
        taken.append(place)
        place = bisect_left(times, times[place] + seconds, lo=place)
    return taken
