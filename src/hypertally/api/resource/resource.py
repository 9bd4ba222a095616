"""What every resource shares: its reader's connection, its parameters, its JSON."""

import base64
import binascii
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, TypeAlias, TypeVar, cast

import msgspec
from fastapi import Depends, Path, Request, Response
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from hypertally.api.http.limits import PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX
from hypertally.api.http.problems import Problem, bad_parameter
from hypertally.api.identity.auth import Identity, Role, reading
from hypertally.store.postgres import Connection
from hypertally.store.queries import Query as Statement

Shape = TypeVar("Shape")
Json = msgspec.Raw

_ADDRESS: Final = re.compile(r"0[xX][0-9a-fA-F]{40}")
_COIN: Final = re.compile("[!-~]{1,64}")  # printable, and longer than any name seen
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
CURSOR_CHARACTERS_MAX: Final = 512  # ours are under 300


def _address(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        raise ValueError("an address is 0x and 40 hexadecimal digits")
    return value.lower()


def _coin(value: str) -> str:
    if not _COIN.fullmatch(value):
        raise ValueError("a market is named as fills name it: BTC, @107, PURR/USDC, xyz:TSLA, #10")
    return value


def _day(value: object) -> date:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("a day is written YYYY-MM-DD")
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError("there is no such day") from error


def day_or_time(value: object) -> date | datetime:
    """Return what a bound is written as: a day, or a time, in UTC unless it names an offset."""
    if isinstance(value, str) and not _DAY.fullmatch(value):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError as error:
            raise ValueError("write a day YYYY-MM-DD or a time YYYY-MM-DDTHH:MM:SSZ") from error
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return _day(value)


AnyAddress = Annotated[
    str,
    AfterValidator(_address),
    WithJsonSchema({"type": "string", "pattern": f"^{_ADDRESS.pattern}$"}),
]
Address = Annotated[AnyAddress, Path()]
Coin: TypeAlias = Annotated[
    str,
    AfterValidator(_coin),
    WithJsonSchema({"type": "string", "pattern": f"^{_COIN.pattern}$"}),
]
COIN: Final = f"^{_COIN.pattern}$"
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
DayOrTime = Annotated[
    date | datetime,
    BeforeValidator(day_or_time),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "format": kind} for kind in ("date", "date-time")]}
    ),
]
Limit = Annotated[int, Field(ge=1, le=PAGE_ROWS_MAX)]
Cursor = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=CURSOR_CHARACTERS_MAX)]


class Parameters(BaseModel):
    """Query parameters; one that the path does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PageParameters(Parameters):
    """One page of a longer list."""

    limit: Limit = PAGE_ROWS_DEFAULT
    cursor: Cursor | None = None


async def identity_of(request: Request) -> Identity:
    """Return who asks: the front has checked, before any route is chosen."""
    # Asynchronous although it waits for nothing: the framework would give it a thread.
    return cast("Identity", request.scope["hypertally.identity"])


Caller = Annotated[Identity, Depends(identity_of)]


def _reading_as(role: Role, request: Request) -> AbstractAsyncContextManager[Connection]:
    # Not a dependency on the caller: resolving one more takes longer than asking for it.
    caller = cast("Identity", request.scope["hypertally.identity"])
    caller.require(role)
    return reading(request.app.state.pool, caller)


async def _as_viewer(request: Request) -> AsyncIterator[Connection]:
    async with _reading_as("viewer", request) as connection:
        yield connection


async def _as_analyst(request: Request) -> AsyncIterator[Connection]:
    async with _reading_as("analyst", request) as connection:
        yield connection


async def _as_admin(request: Request) -> AsyncIterator[Connection]:
    async with _reading_as("admin", request) as connection:
        yield connection


# The role is checked before a connection is taken.
ForViewers = Annotated[Connection, Depends(_as_viewer)]
ForAnalysts = Annotated[Connection, Depends(_as_analyst)]
ForAdmins = Annotated[Connection, Depends(_as_admin)]


def of_shape(shape: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """Describe the answer of a route; it is written as it is, not through the shape."""
    return {200: {"model": shape, "description": (shape.__doc__ or "").strip()}}


def answer(content: Any, *, max_age: int) -> Response:
    """Return `content` as JSON that may be kept for `max_age` seconds; 0: not at all."""
    kept = f"private, max-age={max_age}" if max_age else "private, no-cache, max-age=0"
    headers = {"Cache-Control": kept}
    return Response(msgspec.json.encode(content), headers=headers, media_type="application/json")


async def find_row(
    connection: Connection, statement: Statement, parameters: Mapping[str, object]
) -> dict[str, Any] | None:
    """Return the one row of a statement, or None."""
    found = await connection.execute(statement.text, parameters)
    return await found.fetchone()


async def read_row(
    connection: Connection, statement: Statement, parameters: Mapping[str, object]
) -> dict[str, Any]:
    """Return the row of a statement that always has one, such as a count."""
    row = await find_row(connection, statement, parameters)
    assert row is not None, f"{statement.name} answers one row whatever there is"
    return row


async def read_rows(
    connection: Connection, statement: Statement, parameters: Mapping[str, object]
) -> list[dict[str, Any]]:
    """Return all rows of a statement; every statement of ours limits them itself."""
    found = await connection.execute(statement.text, parameters)
    return await found.fetchall()


def as_json(text: str | None) -> Json | None:
    """Take JSON that the database wrote as it is; None stays null."""
    return None if text is None else Json(text.encode())


def write_cursor(key: object) -> str:
    """Return a place in a list as an opaque word."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


def read_cursor(cursor: str, *, shape: type[Shape]) -> Shape:
    """Return the place a cursor names.

    Errors: `Problem` 400 for a word that is none of ours.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        content = base64.b64decode(padded, altchars=b"-_", validate=True)
        return msgspec.json.decode(content, type=shape, strict=True)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        remedy = "take the cursor from `next` of the page before, or leave it out"
        raise bad_parameter("cursor", value=cursor, remedy=remedy) from error


def cut_page(rows: Sequence[dict[str, Any]], limit: int) -> tuple[list[dict[str, Any]], bool]:
    """Return at most `limit` of the rows read, and whether there was one more."""
    return list(rows[:limit]), len(rows) > limit


def bodies(rows: Sequence[dict[str, Any]]) -> list[Json]:
    """Return the JSON each row carries."""
    return [Json(row["body"].encode()) for row in rows]


def not_found(detail: str) -> Problem:
    """Return the problem of something that is not there, or not for this caller."""
    return Problem(status=404, detail=detail)
