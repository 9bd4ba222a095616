"""Where the records of the org's wallets are known to be incomplete."""

from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Response

from hypertally.api import shapes
from hypertally.api.answering import (
    ForViewers,
    PageParameters,
    answer,
    cut_page,
    of_shape,
    read_cursor,
    read_row,
    read_rows,
    write_cursor,
)
from hypertally.store import queries

router = APIRouter()

MAX_AGE: Final = 60
# As PostgreSQL writes a time: 2026-11-20 12:00:00.123+00, or an open end.
TIME: Final = (
    r"^(-?infinity|[0-9]{4,6}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?\+00)$"
)

_QUERIES = queries.load(__file__)

Time = Annotated[str, msgspec.Meta(pattern=TIME)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[!-~]{0,64}$")]


class GapKey(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The place of a gap in the list: all that orders gaps."""

    to_at: Time
    address: bytes
    coin: Name
    kind: Name
    from_at: Time


@router.get("/api/v1/coverage", responses=of_shape(shapes.Coverage))
async def list_gaps(
    parameters: Annotated[PageParameters, Query()], connection: ForViewers
) -> Response:
    """Return the gaps of the org's wallets, newest first, and how many rows were odd."""
    place = read_cursor(parameters.cursor, shape=GapKey) if parameters.cursor else None
    nowhere = dict.fromkeys(GapKey.__struct_fields__)
    rows = await read_rows(
        connection,
        _QUERIES["list_gaps"],
        {
            **(msgspec.structs.asdict(place) if place else nowhere),
            "limit": parameters.limit + 1,
        },
    )
    gaps, more = cut_page(rows, parameters.limit)
    oddities = await read_row(connection, _QUERIES["count_oddities"], {})
    cursor = _cursor(gaps[-1]) if more else None
    hidden = ("to_at", "from_at")
    shown = [{name: gap[name] for name in gap if name not in hidden} for gap in gaps]
    return answer({"gaps": shown, "next": cursor, **oddities}, max_age=MAX_AGE)


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
