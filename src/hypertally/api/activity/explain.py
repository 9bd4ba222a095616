"""Explanations of days: their definition, inputs, subtotals, gaps and restatements."""

from datetime import date
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query, Response
from msgspec.structs import asdict

from hypertally.api.activity.day_reasons import list_conflicts, list_rejects, read_reasons
from hypertally.api.activity.fills import FillsPage, FillsParameters, read_fills
from hypertally.api.activity.global_days import read_global_days
from hypertally.api.activity.wallet_days import read_day
from hypertally.api.activity.wallets import find_wallet
from hypertally.api.http.limits import GAPS_SHOWN_MAX
from hypertally.api.identity.auth import Identity
from hypertally.api.resource import shapes
from hypertally.api.resource.access import Caller, ForAnalysts
from hypertally.api.resource.answers import answer
from hypertally.api.resource.day_range import DayRange, read_today, require_begun
from hypertally.api.resource.explanation import (
    RESTATEMENTS_SHOWN_MAX,
    find_definition,
    read_computed_at,
)
from hypertally.api.resource.json_text import Json
from hypertally.api.resource.lists import of_list
from hypertally.api.resource.paging import cut_page, read_cursor, write_cursor
from hypertally.api.resource.parameters import Address, PageParameters
from hypertally.api.resource.rows import Restatement, ShownRestatement, WalletGap, read_json
from hypertally.api.resource.time_range import Day
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, read_row, read_rows

router = APIRouter()

MAX_AGE: Final = 60

_QUERIES = queries.load(__file__)


class DayKey(Record, frozen=True, kw_only=True):
    """The day of a wallet or of an org."""

    metric: str
    wallet_id: int | None
    org_id: int | None
    day: date


class FillInputs(Record, frozen=True, kw_only=True):
    """How many fills a day was computed from, and the digest of them."""

    count: int
    digest: str


class WalletInput(Record, frozen=True, kw_only=True):
    """The day of a wallet as an input of its org's day."""

    wallet: str
    fills: int
    volume_usd: str | None
    digest: str


class DayProof(Record, frozen=True, kw_only=True):
    """The fields of a day that its explanation repeats."""

    definition: str | None = None
    reference_digest: str | None = None
    completeness: str | None = None
    unpriced: list[dict[str, object]] = msgspec.field(default_factory=list[dict[str, object]])


@router.get(
    "/api/v1/explain/wallet_day_metrics/{address}/{day}",
    responses=of_list(shapes.WalletDayExplanation, "inputs.fills"),
    name="explain_wallet_day",
)
async def get_wallet_day_explanation(
    address: Address,
    day: Day,
    parameters: Annotated[PageParameters, Query()],
    connection: ForAnalysts,
) -> Response:
    """Return what a wallet's day was computed from, and its earlier published figures."""
    content = await explain_wallet_day(connection, address, day, page=parameters)
    return answer(content, max_age=MAX_AGE)


async def explain_wallet_day(
    connection: Connection, address: str, day: date, *, page: PageParameters
) -> dict[str, object]:
    """Explain a row of wallet_day_metrics; `page` cuts its fills.

    Errors: `Problem` 404 for a wallet that is not the org's, 400 for a day that has not begun.
    """
    wallet_id = await find_wallet(connection, address)
    require_begun("day", day, today=await read_today(connection))
    key = DayKey(metric="wallet_day_metrics", wallet_id=wallet_id, org_id=None, day=day)
    values = await read_day(connection, address, day)
    inputs = await read_row(connection, _QUERIES["read_inputs"], asdict(key), shape=FillInputs)
    fills = await _read_day_fills(connection, wallet_id, day, page)
    subtotals = await read_json(connection, _QUERIES["list_coin_subtotals"], asdict(key))
    return await _explain(
        connection,
        key,
        shown_key={"wallet": address, "day": day},
        value=values[0] if values else None,
        inputs={**asdict(inputs), "fills": fills.fills, "next": fills.next},
        subtotals=subtotals,
    )


async def _read_day_fills(
    connection: Connection, wallet_id: int, day: date, page: PageParameters
) -> FillsPage:
    parameters = FillsParameters.model_validate(
        {"from": f"{day}", "to": f"{day}", "limit": page.limit, "cursor": page.cursor}
    )
    return await read_fills(connection, wallet_id, parameters)


@router.get(
    "/api/v1/explain/global_day_metrics/{day}",
    responses=of_list(shapes.GlobalDayExplanation, "inputs.wallets"),
    name="explain_global_day",
)
async def get_global_day_explanation(
    day: Day,
    parameters: Annotated[PageParameters, Query()],
    caller: Caller,
    connection: ForAnalysts,
) -> Response:
    """Return what the org's day was computed from, and its earlier published figures."""
    content = await explain_global_day(connection, caller, day, page=parameters)
    return answer(content, max_age=MAX_AGE)


async def explain_global_day(
    connection: Connection, caller: Identity, day: date, *, page: PageParameters
) -> dict[str, object]:
    """Explain a row of global_day_metrics; `page` cuts its wallets.

    Errors: `Problem` 400 for a day that has not begun.
    """
    require_begun("day", day, today=await read_today(connection))
    key = DayKey(metric="global_day_metrics", wallet_id=None, org_id=caller.org_id, day=day)
    days = await read_global_days(connection, caller, DayRange(first=day, last=day))
    values: list[Json] = msgspec.json.decode(days, type=list[msgspec.Raw])
    subtotals = await read_json(connection, _QUERIES["list_kind_subtotals"], asdict(key))
    return await _explain(
        connection,
        key,
        shown_key={"org": caller.org, "day": day},
        value=values[0],
        inputs=await _wallet_inputs(connection, caller, day, page=page),
        subtotals=subtotals,
    )


async def _wallet_inputs(
    connection: Connection, caller: Identity, day: date, *, page: PageParameters
) -> dict[str, object]:
    key = {"org_id": caller.org_id, "day": day}
    after = read_cursor(page.cursor, shape=bytes) if page.cursor else None
    counted = await read_row(connection, _QUERIES["count_wallet_inputs"], key, shape=FillInputs)
    rows = await read_rows(
        connection,
        _QUERIES["list_wallet_inputs"],
        key | {"after": after, "limit": page.limit + 1},
        shape=WalletInput,
    )
    wallets, more = cut_page(rows, page.limit)
    last = bytes.fromhex(wallets[-1].wallet.removeprefix("0x")) if more else None
    return {**asdict(counted), "wallets": wallets, "next": write_cursor(last) if last else None}


async def _explain(
    connection: Connection,
    key: DayKey,
    *,
    shown_key: dict[str, object],
    value: Json | None,
    inputs: dict[str, object],
    subtotals: Json | None,
) -> dict[str, object]:
    figures = msgspec.json.decode(value, type=DayProof) if value else DayProof()
    parameters = asdict(key) | {"limit": GAPS_SHOWN_MAX}
    return {
        "metric": key.metric,
        "key": shown_key,
        "definition": await find_definition(connection, key.metric, figures.definition),
        "value": value,
        "inputs": {**inputs, "reference_digest": figures.reference_digest},
        "subtotals": subtotals,
        "gaps": await read_rows(connection, _QUERIES["list_day_gaps"], parameters, shape=WalletGap),
        "completeness": figures.completeness,
        "reasons": await read_reasons(connection, asdict(key)),
        "rejects": await list_rejects(connection, asdict(key)),
        "conflicts": await list_conflicts(connection, asdict(key)),
        "unpriced": figures.unpriced,
        "computed_at": await read_computed_at(
            connection, key.metric, [f"{key.wallet_id or key.org_id}/{key.day}"]
        ),
        "restatements": await _restatements(connection, key),
    }


async def _restatements(connection: Connection, key: DayKey) -> list[ShownRestatement]:
    parameters = asdict(key) | {"limit": RESTATEMENTS_SHOWN_MAX}
    rows = await read_rows(connection, _QUERIES["list_restatements"], parameters, shape=Restatement)
    return [row.show() for row in rows]
