"""Why the figures of a TWAP are what they are: see explain.py."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response

from hypertally.api.activity.explain import MAX_AGE, RESTATEMENTS_SHOWN_MAX, find_definition
from hypertally.api.http.limits import GAPS_SHOWN_MAX
from hypertally.api.resource.access import ForAnalysts
from hypertally.api.resource.answers import answer, of_shape
from hypertally.api.resource.json_text import as_json
from hypertally.api.resource.parameters import PageParameters
from hypertally.api.resource.rows import find_row, read_row, read_rows
from hypertally.api.twaps import shapes
from hypertally.api.twaps.figures import TwapName
from hypertally.api.twaps.orders import TwapId, find_twap, read_slices, read_statuses, read_whole
from hypertally.store import queries
from hypertally.store.postgres import Connection

router = APIRouter()

_QUERIES = queries.load(__file__)


@router.get("/api/v1/explain/twaps/{twap_id}", responses=of_shape(shapes.TwapExplanation))
async def explain_twap(
    twap_id: TwapId, parameters: Annotated[PageParameters, Query()], connection: ForAnalysts
) -> Response:
    """Return all that a TWAP's figures were computed from, and what was said of it before."""
    name = await find_twap(connection, twap_id)
    twap = await read_whole(connection, name, None)
    metric = str(twap["definition"]).partition("/")[0]
    computed = await find_row(connection, _QUERIES["read_computed_at"], _key(name))
    content = {
        "metric": metric,
        "key": {"twap_id": str(twap_id), "wallet": name.wallet},
        "definition": await find_definition(connection, metric, twap["definition"]),
        "value": twap,
        "inputs": await _inputs(connection, name, metric, parameters),
        "subtotals": await read_rows(connection, _QUERIES["sum_slices_by_time"], _key(name)),
        "gaps": await _gaps(connection, name, twap),
        "completeness": twap["completeness"],
        "computed_at": computed["computed_at"] if computed else None,
        "restatements": await _restatements(connection, name),
    }
    return answer(content, max_age=MAX_AGE)


def _key(name: TwapName) -> dict[str, Any]:
    return {"twap_id": name.twap_id, "wallet": name.wallet, "wallet_id": name.wallet_id}


async def _inputs(
    connection: Connection, name: TwapName, metric: str, parameters: PageParameters
) -> dict[str, Any]:
    counting: Final = "read_fill_inputs" if metric == "twap_executions" else "read_status_inputs"
    counted = await read_row(connection, _QUERIES[counting], _key(name))
    statuses = await read_statuses(connection, name.twap_id)
    slices = await read_slices(connection, name, parameters)
    return {**counted, "statuses": statuses, **slices}


async def _gaps(
    connection: Connection, name: TwapName, twap: dict[str, Any]
) -> list[dict[str, Any]]:
    return await read_rows(
        connection,
        _QUERIES["list_life_gaps"],
        {
            **_key(name),
            "asset": twap["asset"],
            "since": twap["started_at"],
            "until": twap["ended_at"] or twap["ends_at"],
            "limit": GAPS_SHOWN_MAX,
        },
    )


async def _restatements(connection: Connection, name: TwapName) -> list[dict[str, Any]]:
    asked = _key(name) | {"limit": RESTATEMENTS_SHOWN_MAX}
    rows = await read_rows(connection, _QUERIES["list_restatements"], asked)
    return [{**row, "changes": as_json(row["changes"])} for row in rows]
