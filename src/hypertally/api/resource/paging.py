"""Paging by key: a cursor holds the place of the last row of the page before."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, TypeAlias, TypeVar

import msgspec

from hypertally.api.http.problems import bad_parameter
from hypertally.api.resource.parameters import NAME_CHARACTER

Row = TypeVar("Row")
Shape = TypeVar("Shape")

Int64: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
# A coin, or the empty name that stands for every coin.
CoinPlace: TypeAlias = Annotated[str, msgspec.Meta(pattern=rf"^{NAME_CHARACTER}{{0,64}}\Z")]
RowsBefore: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Int32: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]


class RowsPlace(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The place of a page in a list whose order may change: a ranking."""

    rows_before: RowsBefore


def write_cursor(key: object) -> str:
    """Return a place in a list as an opaque word."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


def read_cursor(cursor: str, *, shape: type[Shape]) -> Shape:
    """Return the place a cursor names.

    Errors: `Problem` 400 for a word that `write_cursor` did not write.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        content = base64.b64decode(padded, altchars=b"-_", validate=True)
        return msgspec.json.decode(content, type=shape, strict=True)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        remedy = "take the cursor from `next` of the page before, or leave it out"
        raise bad_parameter("cursor", value=cursor, remedy=remedy) from error


def cut_page(rows: Sequence[Row], limit: int) -> tuple[list[Row], bool]:
    """Return at most `limit` of the rows read, and whether there was another row."""
    return list(rows[:limit]), len(rows) > limit
