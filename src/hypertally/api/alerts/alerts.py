"""Alerts: every transition, and the state of each."""

import re
from datetime import datetime
from typing import Annotated, Final, TypeAlias

import msgspec
from fastapi import APIRouter, Query, Response

from hypertally.api.alerts import shapes
from hypertally.api.resource.access import ForViewers
from hypertally.api.resource.answers import answer
from hypertally.api.resource.json_text import as_json, json_record, json_text
from hypertally.api.resource.lists import of_list
from hypertally.api.resource.paging import Int64, cut_page, read_cursor, write_cursor
from hypertally.api.resource.parameters import PageParameters, Parameters, text_form
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import read_row, read_rows

router = APIRouter()

MAX_AGE: Final = 30  # alerts are checked every minute
STATES_SHOWN_MAX: Final = 10_000  # a dozen types, an asset or wallet each

AlertType: TypeAlias = Annotated[
    str,
    *text_form(r"[a-z_]{1,64}", remedy="a type is written as alerts write it: regime_change"),
]
AlertSubject: TypeAlias = Annotated[
    str,
    *text_form(
        r"[!-~]{1,160}",  # the longest: a wallet, a coin and an org, whose name has up to 63
        remedy="a subject is written as alerts write it: BTC, an address, system",
    ),
]

# The subject of a wallet's alert: the wallet, and its TWAP or its position in a coin.
_OF_WALLET: Final = re.compile("(?P<wallet>0x[0-9a-f]{40})(/(?P<coin>.+)/[^/]+)?")
_QUERIES = queries.load(__file__)


class AlertsParameters(PageParameters):
    """Which transitions."""

    type: AlertType | None = None
    subject: AlertSubject | None = None


class StatesParameters(Parameters):
    """Which alerts; `standing`: only those pending, firing, acknowledged or suppressed."""

    standing: bool = False


class AlertPlace(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The place of a transition in the list."""

    at: Annotated[datetime, msgspec.Meta(tz=True)]
    id: Int64


class TransitionRow(Record, frozen=True, kw_only=True):
    """A transition of an alert."""

    id: int
    type: str
    subject: str
    level: str
    from_state: str
    to_state: str
    at: datetime
    reason: str
    value: str | None  # JSON
    created_at: datetime


class AlertStateRow(Record, frozen=True, kw_only=True):
    """The state of an alert."""

    type: str
    subject: str
    level: str
    state: str
    since: datetime
    reason: str
    periods: int
    last_fired_at: datetime | None
    last_value: object  # JSON
    checked_at: datetime | None


class CheckTime(Record, frozen=True, kw_only=True):
    """As of when every type of alert was checked."""

    checked_at: datetime | None  # None: never
    is_recent: bool


@router.get("/api/v1/smart-money/alerts", responses=of_list(shapes.Alerts, "alerts"))
async def list_alerts(
    parameters: Annotated[AlertsParameters, Query()], connection: ForViewers
) -> Response:
    """Return the transitions of alerts, newest first; a suppressed alert says why."""
    place = read_cursor(parameters.cursor, shape=AlertPlace) if parameters.cursor else None
    rows = await read_rows(
        connection,
        _QUERIES["list_alerts"],
        {
            "type": parameters.type,
            "subject": parameters.subject,
            "before_at": place.at if place else "infinity",
            "before_id": place.id if place else 0,
            "limit": parameters.limit + 1,
        },
        shape=TransitionRow,
    )
    page, more = cut_page(rows, parameters.limit)
    shown = [
        json_record(row) | {"value": as_json(row.value)} | _parts_of(row.subject) for row in page
    ]
    after = write_cursor([page[-1].at, page[-1].id]) if more else None
    return answer({"alerts": shown, "next": after}, max_age=MAX_AGE)


@router.get(
    "/api/v1/smart-money/alerts/state",
    responses=of_list(shapes.AlertStates, "states", page_rows=None),
)
async def list_states(
    parameters: Annotated[StatesParameters, Query()], connection: ForViewers
) -> Response:
    """Return the state of each alert, and when alerts were checked last."""
    last_check = await read_row(connection, _QUERIES["read_last_check"], shape=CheckTime)
    asked = {"standing": parameters.standing, "limit": STATES_SHOWN_MAX}
    rows = await read_rows(connection, _QUERIES["list_states"], asked, shape=AlertStateRow)
    shown = [json_record(row) | _parts_of(row.subject) for row in rows]
    content = {
        "states": shown,
        "checked_at": json_text(last_check.checked_at),
        "unchecked": not last_check.is_recent,
    }
    return answer(content, max_age=MAX_AGE)


def _parts_of(subject: str) -> dict[str, object]:
    """Return the wallet that a subject begins with, and the coin after it; null: it has none."""
    match = _OF_WALLET.match(subject)
    return {"wallet": match and match["wallet"], "coin": match and match["coin"]}
