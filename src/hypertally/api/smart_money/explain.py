"""Explanations of signals: their snapshots, their counts, and each wallet's effect."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query, Response

from hypertally.api.http.limits import GAPS_SHOWN_MAX
from hypertally.api.resource.access import ForViewers
from hypertally.api.resource.answers import answer
from hypertally.api.resource.explanation import (
    RESTATEMENTS_SHOWN_MAX,
    find_definition,
    read_computed_at,
)
from hypertally.api.resource.json_text import json_record, json_text, json_tree
from hypertally.api.resource.lists import of_list
from hypertally.api.resource.parameters import PageParameters
from hypertally.api.resource.rows import Restatement, ShownRestatement
from hypertally.api.smart_money import shapes
from hypertally.api.smart_money.archived_days import list_sealed_days
from hypertally.api.smart_money.figures import MAX_AGE, Row, show_signal
from hypertally.api.smart_money.signals import (
    AssetName,
    At,
    SignalKey,
    SignalParameters,
    find_signal,
    read_contributors,
)
from hypertally.metrics.smart_money.formulas.v3.scores import V3
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, read_row, read_rows

router = APIRouter()

METRIC: Final = "signals"

_QUERIES = queries.load(__file__)


class SnapshotCount(Record, frozen=True, kw_only=True):
    """The snapshots at both ends of a period: how many, and their digest."""

    count: int
    digest: str
    minutes: list[datetime]


class AnomalyRow(Record, frozen=True, kw_only=True):
    """A snapshot that cannot be what it seems."""

    minute: datetime
    wallet: str
    kind: str
    known_at: datetime
    dirties: bool
    detail: object  # JSON


@router.get(
    "/api/v1/smart-money/signals/{asset}/{at}/explain",
    responses=of_list(shapes.SignalExplanation, "contributors"),
    name="explain_signal",
)
async def get_signal_explanation(
    asset: AssetName,
    at: At,
    parameters: Annotated[SignalParameters, Query()],
    connection: ForViewers,
) -> Response:
    """Return what a signal was computed from; from its counts alone its scores can be formed."""
    key = SignalKey(
        asset=asset, at=at, definition=parameters.definition, horizon=parameters.horizon
    )
    return answer(await explain_signal(connection, key, page=parameters), max_age=MAX_AGE)


async def explain_signal(
    connection: Connection, key: SignalKey, *, page: PageParameters
) -> dict[str, object]:
    """Explain a row of signals; `page` cuts its contributors.

    Errors: `Problem` 404 when there is no such signal.
    """
    row = await find_signal(connection, key)
    return {
        "metric": METRIC,
        "key": {**msgspec.structs.asdict(key), "at": json_text(key.at)},
        "definition": await find_definition(connection, METRIC, key.definition),
        "value": show_signal(row),
        "inputs": await _inputs(connection, row),
        "counts": row["counts"],
        "exits": json_tree(row["exits"]),
        **await read_contributors(connection, row, page),
        "completeness": json_text(row["completeness"]),
        "computed_at": await read_computed_at(connection, METRIC, [f"{key.at:%Y-%m-%dT%H:%MZ}"]),
        "restatements": await _list_restatements(connection, row),
    }


async def _list_restatements(connection: Connection, signal: Row) -> list[ShownRestatement]:
    if signal["definition"] != V3:
        return []
    bound = {name: signal[name] for name in ("asset", "at", "window_minutes")}
    bound["limit"] = RESTATEMENTS_SHOWN_MAX
    rows = await read_rows(connection, _QUERIES["list_restatements"], bound, shape=Restatement)
    return [row.show() for row in rows]


async def _count_snapshots(
    connection: Connection, signal: Row, values: Mapping[str, object]
) -> SnapshotCount:
    """Count the snapshots from the facts; of version 3 say how many were used.

    Its ends may be a minute older, by what the whole universe held: `verify` computes that again.
    """
    if signal["definition"] != V3:
        query = _QUERIES["count_snapshots"]
        return await read_row(connection, query, values, shape=SnapshotCount)
    used, _, _ = signal["digest"].partition(":")
    begin = signal["at"] - timedelta(minutes=signal["window_minutes"])
    return SnapshotCount(count=int(used), digest=signal["digest"], minutes=[begin, signal["at"]])


async def _inputs(connection: Connection, signal: Row) -> dict[str, object]:
    values = {
        "asset": signal["asset"],
        "at": signal["at"],
        "period": timedelta(minutes=signal["window_minutes"]),
        "older": signal["definition"] == V3,
        "run_id": signal["universe_run_id"],
        "limit": GAPS_SHOWN_MAX,
    }
    counted = await _count_snapshots(connection, signal, values)
    anomalies = await read_rows(connection, _QUERIES["list_anomalies"], values, shape=AnomalyRow)
    sealed = await list_sealed_days(connection, *counted.minutes)
    minutes = [json_text(minute) for minute in counted.minutes]
    path = f"/api/v1/smart-money/snapshots/{signal['asset']}"
    return {
        # What rests in the archive cannot be counted here, and is not nothing.
        "count": None if sealed else counted.count,
        "digest": None if sealed else counted.digest,
        "sealed": sealed,
        "minutes": minutes,
        "snapshots": [f"{path}/{minute}" for minute in minutes],
        "universe_run_id": signal["universe_run_id"],
        "anomalies": [json_record(anomaly) for anomaly in anomalies],
    }
