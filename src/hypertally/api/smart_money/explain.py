"""Why a signal's scores are what they are: its snapshots, its counts, each wallet's effect."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response

from hypertally.api.http.limits import GAPS_SHOWN_MAX
from hypertally.api.resource.access import ForViewers
from hypertally.api.resource.answers import answer, of_shape
from hypertally.api.resource.json_text import json_row, json_text, json_tree
from hypertally.api.resource.rows import find_row, read_row, read_rows
from hypertally.api.smart_money import shapes
from hypertally.api.smart_money.archived_days import list_sealed_days
from hypertally.api.smart_money.figures import MAX_AGE, Row, show_signal
from hypertally.api.smart_money.signals import (
    AssetName,
    At,
    SignalParameters,
    find_signal,
    read_contributors,
)
from hypertally.store import queries
from hypertally.store.postgres import Connection

router = APIRouter()

METRIC: Final = "signals"

_QUERIES = queries.load(__file__)


@router.get(
    "/api/v1/smart-money/signals/{asset}/{at}/explain",
    responses=of_shape(shapes.SignalExplanation),
)
async def explain_signal(
    asset: AssetName,
    at: At,
    parameters: Annotated[SignalParameters, Query()],
    connection: ForViewers,
) -> Response:
    """Return all that a signal is computed from; its counts alone give the scores again."""
    row = await find_signal(connection, asset, at, parameters.definition)
    key = {"asset": asset, "at": at, "definition": parameters.definition}
    computed = await find_row(connection, _QUERIES["read_computed_at"], key)
    content = {
        "metric": METRIC,
        "key": key | {"at": json_text(at)},
        "definition": await find_row(connection, _QUERIES["read_definition"], key),
        "value": show_signal(row),
        "inputs": await _inputs(connection, row),
        "counts": row["counts"],
        "exits": json_tree(row["exits"]),
        **await read_contributors(connection, row, parameters),
        "completeness": json_text(row["completeness"]),
        "computed_at": computed["computed_at"] if computed else None,
    }
    return answer(content, max_age=MAX_AGE)


async def _inputs(connection: Connection, signal: Row) -> dict[str, Any]:
    asked = {
        "asset": signal["asset"],
        "at": signal["at"],
        "run_id": signal["universe_run_id"],
        "limit": GAPS_SHOWN_MAX,
    }
    counted = await read_row(connection, _QUERIES["count_snapshots"], asked)
    anomalies = await read_rows(connection, _QUERIES["list_anomalies"], asked)
    sealed = await list_sealed_days(connection, *counted["minutes"])
    minutes = [json_text(minute) for minute in counted["minutes"]]
    path = f"/api/v1/smart-money/snapshots/{signal['asset']}"
    return {
        # What rests in the archive cannot be counted here, and is not nothing.
        "count": None if sealed else counted["count"],
        "digest": None if sealed else counted["digest"],
        "sealed": sealed,
        "minutes": minutes,
        "snapshots": [f"{path}/{minute}" for minute in minutes],
        "universe_run_id": signal["universe_run_id"],
        "anomalies": [json_row(one) for one in anomalies],
    }
