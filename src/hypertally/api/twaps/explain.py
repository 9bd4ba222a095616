"""Explanations of TWAPs: their definition, inputs, subtotals, gaps and restatements."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from msgspec.structs import asdict

from hypertally.api.http.limits import GAPS_SHOWN_MAX
from hypertally.api.resource.access import ForAnalysts
from hypertally.api.resource.answers import answer, of_shape
from hypertally.api.resource.explanation import (
    RESTATEMENTS_SHOWN_MAX,
    find_definition,
    read_computed_at,
)
from hypertally.api.resource.parameters import PageParameters
from hypertally.api.resource.rows import Restatement, ShownRestatement, WalletGap
from hypertally.api.twaps import shapes
from hypertally.api.twaps.figures import Shown, TwapName
from hypertally.api.twaps.orders import (
    SlicePage,
    SlicesParameters,
    TwapId,
    find_twap,
    read_slices,
    read_statuses,
    read_whole,
)
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, read_row, read_rows

router = APIRouter()

MAX_AGE: Final = 60
FILLS_SHOWN_MAX: Final = 5_000  # of the slices on a page: most have one or two

_QUERIES = queries.load(__file__)


class TwapInputs(Record, frozen=True, kw_only=True):
    """How many rows a TWAP was computed from, and the digest of them."""

    count: int
    digest: str
    reference_digest: str | None


class SliceFill(Record, frozen=True, kw_only=True):
    """A fill of a slice."""

    time: str
    coin: str
    oid: int
    tid: int | None
    side: str
    px: str
    sz: str
    notional: str
    fee: str | None
    fee_token: str | None
    source: str  # the exchange, or the object of an archive
    counts: bool  # no other content of the fill does


class SliceSubtotal(Record, frozen=True, kw_only=True, rename={"from_at": "from"}):
    """The slices of an hour or a day."""

    from_at: str
    slices: int
    fills: int
    size: str
    notional: str
    fees: dict[str, str]  # by token
    fees_usd: str | None


@router.get(
    "/api/v1/explain/twaps/{twap_id}",
    responses=of_shape(shapes.TwapExplanation),
    name="explain_twap",
)
async def get_twap_explanation(
    twap_id: TwapId, parameters: Annotated[SlicesParameters, Query()], connection: ForAnalysts
) -> Response:
    """Return what a TWAP's figures were computed from, and its earlier published figures."""
    content = await explain_twap(connection, twap_id, page=parameters, wallet=parameters.wallet)
    return answer(content, max_age=MAX_AGE)


async def explain_twap(
    connection: Connection, twap_id: int, *, page: PageParameters, wallet: str | None = None
) -> dict[str, object]:
    """Explain a TWAP: its execution where the org has one, else its state; `page` cuts its slices.

    Errors: `Problem` 404 for a TWAP that the caller may not see, 409 for a number of several.
    """
    name = await find_twap(connection, twap_id, wallet)
    twap = await read_whole(connection, name, None)
    metric = str(twap["definition"]).partition("/")[0]
    return {
        "metric": metric,
        "key": {"twap_id": str(twap_id), "wallet": name.wallet},
        "definition": await find_definition(connection, metric, twap["definition"]),
        "value": twap,
        "inputs": await _inputs(connection, name, metric, page=page),
        "subtotals": await read_rows(
            connection, _QUERIES["sum_slices_by_time"], asdict(name), shape=SliceSubtotal
        ),
        "gaps": await _gaps(connection, name, twap),
        "completeness": twap["completeness"],
        "computed_at": await read_computed_at(
            connection, "twap_executions", [f"{name.wallet_id}/{name.twap_id}"]
        ),
        "restatements": await _restatements(connection, name),
    }


async def _inputs(
    connection: Connection, name: TwapName, metric: str, *, page: PageParameters
) -> dict[str, object]:
    counting: Final = "read_fill_inputs" if metric == "twap_executions" else "read_status_inputs"
    counted = await read_row(connection, _QUERIES[counting], asdict(name), shape=TwapInputs)
    statuses = await read_statuses(connection, name.twap_id, wallet=name.wallet)
    slices = await read_slices(connection, name, page)
    fills = await _fills(connection, name, slices)
    return {**asdict(counted), "statuses": statuses, "fills": fills, **slices}


async def _fills(connection: Connection, name: TwapName, page: SlicePage) -> list[SliceFill]:
    """Return the fills of the slices on a page."""
    place = {
        "times": [row["at"] for row in page["slices"]],
        "oids": [row["oid"] for row in page["slices"]],
        "limit": FILLS_SHOWN_MAX,
    }
    return await read_rows(
        connection, _QUERIES["list_fills"], asdict(name) | place, shape=SliceFill
    )


async def _gaps(connection: Connection, name: TwapName, twap: Shown) -> list[WalletGap]:
    return await read_rows(
        connection,
        _QUERIES["list_life_gaps"],
        {
            **asdict(name),
            "asset": twap["asset"],
            "since": twap["started_at"],
            "until": twap["ended_at"] or twap["ends_at"] or twap["latest_ts"],
            "limit": GAPS_SHOWN_MAX,
        },
        shape=WalletGap,
    )


async def _restatements(connection: Connection, name: TwapName) -> list[ShownRestatement]:
    values = asdict(name) | {"limit": RESTATEMENTS_SHOWN_MAX}
    rows = await read_rows(connection, _QUERIES["list_restatements"], values, shape=Restatement)
    return [row.show() for row in rows]
