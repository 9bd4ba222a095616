"""Why a number is what it is: its definition, inputs, subtotals, gaps and restatements."""

from datetime import date
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Response

from hypertally.api.activity.fills import FillsParameters, read_fills
from hypertally.api.activity.global_days import read_global_days
from hypertally.api.activity.wallet_days import read_days
from hypertally.api.activity.wallets import find_wallet
from hypertally.api.http.limits import GAPS_SHOWN_MAX
from hypertally.api.identity.auth import Identity
from hypertally.api.resource import shapes
from hypertally.api.resource.access import Caller, ForAnalysts
from hypertally.api.resource.answers import answer, of_shape
from hypertally.api.resource.json_text import Json, as_json
from hypertally.api.resource.paging import cut_page, read_cursor, write_cursor
from hypertally.api.resource.parameters import Address, PageParameters
from hypertally.api.resource.rows import find_row, read_row, read_rows
from hypertally.api.resource.time_range import Day
from hypertally.store import queries
from hypertally.store.postgres import Connection

router = APIRouter()

MAX_AGE: Final = 60
RESTATEMENTS_SHOWN_MAX: Final = 100  # the newest; a day moves a few times at most

_QUERIES = queries.load(__file__)


@router.get(
    "/api/v1/explain/wallet_day_metrics/{address}/{day}",
    responses=of_shape(shapes.WalletDayExplanation),
)
async def explain_wallet_day(
    address: Address,
    day: Day,
    parameters: Annotated[PageParameters, Query()],
    connection: ForAnalysts,
) -> Response:
    """Return all that a wallet's day was computed from, and what has been said of it before."""
    wallet_id = await find_wallet(connection, address)
    key = {"wallet_id": wallet_id, "org_id": None, "day": day}
    days = await read_days(connection, address, first=day, last=day, limit=1)
    shown: list[Json] = msgspec.json.decode(days, type=list[msgspec.Raw])
    inputs = await read_row(connection, _QUERIES["read_inputs"], key)
    page = FillsParameters.model_validate(
        {
            "from": f"{day}",
            "to": f"{day}",
            "limit": parameters.limit,
            "cursor": parameters.cursor,
        }
    )
    fills = await read_fills(connection, wallet_id, page)
    subtotals = await read_row(connection, _QUERIES["list_coin_subtotals"], key)
    return answer(
        await _explain(
            connection,
            {"metric": "wallet_day_metrics", "owner": str(wallet_id), **key},
            shown_key={"wallet": address, "day": day},
            value=shown[0] if shown else None,
            inputs={**inputs, "fills": fills.fills, "next": fills.next},
            subtotals=as_json(subtotals["body"]),
        ),
        max_age=MAX_AGE,
    )


@router.get(
    "/api/v1/explain/global_day_metrics/{day}", responses=of_shape(shapes.GlobalDayExplanation)
)
async def explain_global_day(
    day: Day,
    parameters: Annotated[PageParameters, Query()],
    caller: Caller,
    connection: ForAnalysts,
) -> Response:
    """Return all that the org's day was computed from, and what has been said of it before."""
    key = {"wallet_id": None, "org_id": caller.org_id, "day": day}
    days = await read_global_days(connection, caller, days=1, last=day)
    value: Json = msgspec.json.decode(days, type=list[msgspec.Raw])[0]
    subtotals = await read_row(connection, _QUERIES["list_kind_subtotals"], key)
    return answer(
        await _explain(
            connection,
            {"metric": "global_day_metrics", "owner": str(caller.org_id), **key},
            shown_key={"org": caller.org, "day": day},
            value=value,
            inputs=await _wallet_inputs(connection, caller, day, parameters),
            subtotals=as_json(subtotals["body"]),
        ),
        max_age=MAX_AGE,
    )


async def _wallet_inputs(
    connection: Connection, caller: Identity, day: date, parameters: PageParameters
) -> dict[str, Any]:
    key = {"org_id": caller.org_id, "day": day}
    after = read_cursor(parameters.cursor, shape=bytes) if parameters.cursor else None
    counted = await read_row(connection, _QUERIES["count_wallet_inputs"], key)
    rows = await read_rows(
        connection,
        _QUERIES["list_wallet_inputs"],
        key | {"after": after, "limit": parameters.limit + 1},
    )
    wallets, more = cut_page(rows, parameters.limit)
    last = bytes.fromhex(wallets[-1]["wallet"].removeprefix("0x")) if more else None
    return {**counted, "wallets": wallets, "next": write_cursor(last) if last else None}


async def _explain(
    connection: Connection,
    key: dict[str, Any],
    *,
    shown_key: dict[str, Any],
    value: Json | None,
    inputs: dict[str, Any],
    subtotals: Json | None,
) -> dict[str, Any]:
    said = msgspec.json.decode(value) if value else {}
    definition = await find_definition(connection, key["metric"], said.get("definition"))
    computed = await find_row(connection, _QUERIES["read_computed_at"], key)
    gaps = await read_rows(connection, _QUERIES["list_day_gaps"], key | {"limit": GAPS_SHOWN_MAX})
    return {
        "metric": key["metric"],
        "key": shown_key,
        "definition": definition,
        "value": value,
        "inputs": {**inputs, "reference_digest": said.get("reference_digest")},
        "subtotals": subtotals,
        "gaps": gaps,
        "completeness": said.get("completeness"),
        "unpriced": said.get("unpriced", []),
        "computed_at": computed["computed_at"] if computed else None,
        "restatements": await _restatements(connection, key),
    }


async def find_definition(
    connection: Connection, metric: str, definition: str | None
) -> dict[str, Any] | None:
    """Return a version of a metric's definition; the newest when none is named."""
    named = {"metric": metric, "definition": definition}
    return await find_row(connection, _QUERIES["read_definition"], named)


async def _restatements(connection: Connection, key: dict[str, Any]) -> list[dict[str, Any]]:
    rows = await read_rows(
        connection,
        _QUERIES["list_restatements"],
        key | {"limit": RESTATEMENTS_SHOWN_MAX},
    )
    return [{**row, "changes": as_json(row["changes"])} for row in rows]
