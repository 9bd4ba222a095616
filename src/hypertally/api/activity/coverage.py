"""Where the records of the org's wallets are known to be incomplete."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Response

from hypertally.api.http.problems import bad_parameter
from hypertally.api.resource import shapes
from hypertally.api.resource.access import ForViewers
from hypertally.api.resource.answers import answer, of_shape
from hypertally.api.resource.paging import CoinPlace, cut_page, read_cursor, write_cursor
from hypertally.api.resource.parameters import PageParameters
from hypertally.api.resource.rows import read_row, read_rows
from hypertally.store import queries

router = APIRouter()

MAX_AGE: Final = 60
OPEN_ENDS: Final = ("-infinity", "infinity")

_QUERIES = queries.load(__file__)


class GapKey(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The place of a gap in the list: all that orders gaps."""

    to_at: str  # as PostgreSQL writes a time, because a gap may have an open end
    address: bytes
    coin: CoinPlace
    kind: Annotated[str, msgspec.Meta(pattern=r"^[a-z_]{1,64}\Z")]
    from_at: str


@router.get("/api/v1/coverage", responses=of_shape(shapes.Coverage))
async def list_gaps(
    parameters: Annotated[PageParameters, Query()], connection: ForViewers
) -> Response:
    """Return the gaps of the org's wallets, newest first, and how many rows were odd."""
    rows = await read_rows(
        connection,
        _QUERIES["list_gaps"],
        {**_place(parameters.cursor), "limit": parameters.limit + 1},
    )
    gaps, more = cut_page(rows, parameters.limit)
    oddities = await read_row(connection, _QUERIES["count_oddities"], {})
    cursor = _cursor(gaps[-1]) if more else None
    hidden = ("to_at", "from_at")
    shown = [{name: gap[name] for name in gap if name not in hidden} for gap in gaps]
    return answer({"gaps": shown, "next": cursor, **oddities}, max_age=MAX_AGE)


def _place(cursor: str | None) -> dict[str, Any]:
    if cursor is None:
        return dict.fromkeys(GapKey.__struct_fields__)
    place = read_cursor(cursor, shape=GapKey)
    if not (_is_time(place.to_at) and _is_time(place.from_at)):
        raise bad_parameter("cursor", value=cursor, remedy="take it from `next`")
    return msgspec.structs.asdict(place)


def _is_time(text: str) -> bool:
    if text in OPEN_ENDS:
        return True
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _cursor(gap: dict[str, Any]) -> str:
    return write_cursor(
        GapKey(
            to_at=gap["to_at"],
            address=bytes.fromhex(gap["wallet"].removeprefix("0x")),
            coin=gap["coin"],
            kind=gap["kind"],
            from_at=gap["from_at"],
        )
    )
