"""Where the records of the org's wallets are known to be incomplete."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query, Response

from hypertally.api.http.problems import bad_parameter
from hypertally.api.resource.access import ForViewers
from hypertally.api.resource.answers import answer
from hypertally.api.resource.coverage_shapes import Coverage
from hypertally.api.resource.lists import of_list
from hypertally.api.resource.paging import CoinPlace, cut_page, read_cursor, write_cursor
from hypertally.api.resource.parameters import PageParameters
from hypertally.api.resource.rows import WalletGap
from hypertally.api.resource.twap_source import read_source_log
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import read_row, read_rows

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


class PlacedGap(Record, frozen=True, kw_only=True):
    """A gap with its place in the list."""

    wallet: str
    coin: str
    kind: str
    from_at: str | None
    until_at: str | None
    missing_size_coin: str | None
    place_until: str
    place_from: str

    def show(self) -> WalletGap:
        """Return the gap without its place."""
        return WalletGap(
            wallet=self.wallet,
            coin=self.coin,
            kind=self.kind,
            from_at=self.from_at,
            until_at=self.until_at,
            missing_size_coin=self.missing_size_coin,
        )


class Oddities(Record, frozen=True, kw_only=True):
    """How many rows came twice with other content, and how many could not be read."""

    conflicts: int
    rejects: int


@router.get("/api/v1/coverage", responses=of_list(Coverage, "gaps"))
async def list_gaps(
    parameters: Annotated[PageParameters, Query()], connection: ForViewers
) -> Response:
    """Return the gaps of the org's wallets, newest first, and how many rows were odd."""
    rows = await read_rows(
        connection,
        _QUERIES["list_gaps"],
        {**_place(parameters.cursor), "limit": parameters.limit + 1},
        shape=PlacedGap,
    )
    gaps, more = cut_page(rows, parameters.limit)
    oddities = await read_row(connection, _QUERIES["count_oddities"], shape=Oddities)
    cursor = _cursor(gaps[-1]) if more else None
    content = {
        "gaps": [gap.show() for gap in gaps],
        "next": cursor,
        "conflicts": oddities.conflicts,
        "rejects": oddities.rejects,
        "twap_source": await read_source_log(connection, "statuses"),
        "fill_archive": await read_source_log(connection, "fills"),
    }
    return answer(content, max_age=MAX_AGE)


def _place(cursor: str | None) -> Mapping[str, object]:
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


def _cursor(gap: PlacedGap) -> str:
    return write_cursor(
        GapKey(
            to_at=gap.place_until,
            address=bytes.fromhex(gap.wallet.removeprefix("0x")),
            coin=gap.coin,
            kind=gap.kind,
            from_at=gap.place_from,
        )
    )
