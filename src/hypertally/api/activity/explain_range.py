"""Explanations of a range of days: its total, and the days, gaps and restatements behind it."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Response

from hypertally.api.activity import range_shapes
from hypertally.api.activity.global_days import GlobalParameters, read_range_of_days
from hypertally.api.activity.wallet_days import read_wallet_range
from hypertally.api.activity.wallets import find_wallet
from hypertally.api.http.limits import GAPS_SHOWN_MAX
from hypertally.api.identity.auth import Identity
from hypertally.api.resource.access import Caller, ForAnalysts
from hypertally.api.resource.answers import answer
from hypertally.api.resource.day_range import DayRangeParameters
from hypertally.api.resource.explanation import RESTATEMENTS_SHOWN_MAX, find_definition
from hypertally.api.resource.json_text import Json
from hypertally.api.resource.lists import of_list
from hypertally.api.resource.parameters import Address
from hypertally.api.resource.rows import Restatement, ShownRestatement, WalletGap
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, read_rows

router = APIRouter()

MAX_AGE: Final = 60

_QUERIES = queries.load(__file__)


class RangeKey(Record, frozen=True, kw_only=True):
    """The days of a wallet or of an org; None: there is no such bound."""

    metric: str
    wallet_id: int | None
    org_id: int | None
    first: date | None
    last: date | None


class Reason(Record, frozen=True, kw_only=True):
    """Why figures of a day have no price."""

    token: str
    reason: str
    fills: int


class InputDay(Record, frozen=True, kw_only=True):
    """The fields of a day that the explanation of its range sums up."""

    day: str
    definition: str | None
    digest: str | None
    unpriced: list[Reason]


class _Total(Record, frozen=True, kw_only=True):
    completeness: str | None


class RestatedDay(Restatement, frozen=True, kw_only=True):
    """What a row of a range said before it was restated."""

    day: str


class ShownRestatedDay(ShownRestatement, frozen=True, kw_only=True):
    """A restatement of one of the days, in an answer."""

    day: str


@router.get(
    "/api/v1/explain/global_day_metrics",
    responses=of_list(range_shapes.GlobalRangeExplanation, "inputs.days", page_rows=None),
    name="explain_global_range",
)
async def get_global_range_explanation(
    parameters: Annotated[GlobalParameters, Query()], caller: Caller, connection: ForAnalysts
) -> Response:
    """Return what the total of the org's days is the sum of."""
    return answer(await explain_global_range(connection, caller, parameters), max_age=MAX_AGE)


async def explain_global_range(
    connection: Connection, caller: Identity, parameters: GlobalParameters
) -> dict[str, Any]:
    """Explain the total of a range of the org's days.

    Errors: `Problem` 400 for a range that makes no sense.
    """
    days = await read_range_of_days(connection, caller, parameters)
    key = RangeKey(
        metric="global_day_metrics",
        wallet_id=None,
        org_id=caller.org_id,
        first=days.range.first,
        last=days.range.last,
    )
    listed = msgspec.json.decode(days.days, type=list[msgspec.Raw])
    content = await _explain(
        connection, key, shown_key={"org": caller.org}, total=days.total, days=listed
    )
    return {**content, "computed_at": days.as_of}


@router.get(
    "/api/v1/explain/wallet_day_metrics/{address}",
    responses=of_list(range_shapes.WalletRangeExplanation, "inputs.days", page_rows=None),
    name="explain_wallet_range",
)
async def get_wallet_range_explanation(
    address: Address,
    parameters: Annotated[DayRangeParameters, Query()],
    connection: ForAnalysts,
) -> Response:
    """Return what the total of a wallet's days is the sum of; without bounds of its history."""
    return answer(await explain_wallet_range(connection, address, parameters), max_age=MAX_AGE)


async def explain_wallet_range(
    connection: Connection, address: str, parameters: DayRangeParameters
) -> dict[str, Any]:
    """Explain the total of a range of a wallet's days; a range that holds today ends with it.

    Errors: `Problem` 400 for a range that makes no sense, 404 for a wallet that is not the org's.
    """
    days = await read_wallet_range(connection, address, parameters)
    key = RangeKey(
        metric="wallet_day_metrics",
        wallet_id=await find_wallet(connection, address),
        org_id=None,
        first=days.first,
        last=days.last,
    )
    content = await _explain(
        connection, key, shown_key={"wallet": address}, total=days.total, days=days.days
    )
    return {**content, "computed_at": days.as_of}


async def _explain(
    connection: Connection,
    key: RangeKey,
    *,
    shown_key: dict[str, Any],
    total: Json,
    days: Sequence[Json],
) -> dict[str, Any]:
    inputs = [msgspec.json.decode(day, type=InputDay) for day in days]
    definitions = list_definitions(inputs)
    values = msgspec.structs.asdict(key)
    gaps = await read_rows(
        connection, _QUERIES["list_range_gaps"], values | {"limit": GAPS_SHOWN_MAX}, shape=WalletGap
    )
    return {
        "metric": key.metric,
        "key": {**shown_key, "from": key.first, "to": key.last},
        "definition": await find_definition(
            connection, key.metric, definitions[-1] if definitions else None
        ),
        "definitions": definitions,
        "value": total,
        "inputs": {"count": len(days), "digest": sum_digests(inputs), "days": days},
        "gaps": gaps,
        "completeness": msgspec.json.decode(total, type=_Total).completeness,
        "unpriced": sum_reasons(inputs),
        "restatements": await _list_restatements(connection, values),
    }


def list_definitions(days: Sequence[InputDay]) -> list[str]:
    """Return the definitions that the days were computed with, the newest version last."""
    named = {day.definition for day in days if day.definition}
    return sorted(named, key=lambda definition: int(definition.rpartition("/")[2]))


def sum_digests(days: Sequence[InputDay]) -> str:
    """Return the digest of the fills of all days: the sums of the parts of theirs."""
    digests = [day.digest.split(":") for day in days if day.digest]
    fills, fingerprints = (sum(int(digest[part]) for digest in digests) for part in (0, 1))
    return f"{fills}:{fingerprints}"


def sum_reasons(days: Sequence[InputDay]) -> list[Reason]:
    """Return why figures of the days have no price, with the number of fills."""
    fills: Counter[tuple[str, str]] = Counter()
    for day in days:
        for reason in day.unpriced:
            fills[reason.token, reason.reason] += reason.fills
    return [
        Reason(token=token, reason=reason, fills=count)
        for (token, reason), count in sorted(fills.items())
    ]


async def _list_restatements(
    connection: Connection, values: dict[str, Any]
) -> list[ShownRestatedDay]:
    rows = await read_rows(
        connection,
        _QUERIES["list_range_restatements"],
        values | {"limit": RESTATEMENTS_SHOWN_MAX},
        shape=RestatedDay,
    )
    return [
        ShownRestatedDay(
            day=row.day,
            restated_at=row.restated_at,
            cause=row.cause,
            changes=Json(row.changes.encode()),
        )
        for row in rows
    ]
