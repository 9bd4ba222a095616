"""The exchange whose books a database keeps: said once, compared by every process.

An empty database takes the exchange of the first process that uses it. A database of an earlier
release that holds books and names no exchange waits for the operator to name it.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from hypertally.errors import Refused
from hypertally.records import Record
from hypertally.sources.exchange_identity import CHAIN_IDS, Exchange, is_same_exchange
from hypertally.store.postgres import Connection, Pool, find_row, read_row, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)
MADE_UP = ("sandbox:", "replay:")


class BoundExchange(Record, frozen=True, kw_only=True):
    """The row of ops.exchange_identity."""

    exchange: str
    chain_id: int | None
    said_by: Literal["first use", "adopt"]
    said_at: datetime


class Contents(Record, frozen=True, kw_only=True):
    """What a database holds."""

    wallets: int
    fills: int
    first_fill_at: datetime | None
    last_fill_at: datetime | None
    twap_statuses: int
    snapshot_minutes: int
    hosts: list[str]  # info endpoints that were asked


class _HasBooks(Record, frozen=True, kw_only=True):
    has_books: bool


def compare(bound: str, exchange: Exchange) -> None:
    """Compare the exchange of a database with that of this process.

    Errors: `Refused` when they differ, with both names and what to do.
    """
    if not is_same_exchange(bound, exchange.name):
        raise Refused(
            f"these books are of {bound}, but the settings name {exchange.name} "
            f"({exchange.host}): {', or '.join(_remedies(bound, exchange))}"
        )


def _remedies(bound: str, exchange: Exchange) -> Iterator[str]:
    if bound.lower().partition("@")[0] == exchange.name.partition("@")[0]:
        yield "start the world that these books are of, by its home or its --state file"
    elif bound.startswith(MADE_UP):
        yield "add --sandbox to a command beside `hypertally up --sandbox`"
    else:
        yield f"set HYPERTALLY_INFO_URL to the endpoint of {bound}"
    if exchange.name.startswith(MADE_UP):
        yield "leave HYPERTALLY_DATABASE_URL out: the sandbox has a database of its own"
    else:
        yield f"set HYPERTALLY_HOME or HYPERTALLY_DATABASE_URL to books of {exchange.name}"


async def bind(pool: Pool, exchange: Exchange) -> None:
    """Make an empty database the books of this exchange; compare it with one that was named.

    Errors: `Refused` when the database keeps other books, or books that nobody named yet.
    """
    async with transaction(pool) as connection:
        if await find_bound(connection) is None and not await holds_books(connection):
            # Two first processes at once: the second waits here for the first, and then compares.
            await _put(connection, exchange.name, said_by="first use")
        bound = await find_bound(connection)
    if bound is None:
        raise _unnamed(exchange)
    compare(bound.exchange, exchange)


async def check_bound(connection: Connection, exchange: Exchange) -> None:
    """The same for who only changes the schema: an empty database takes no exchange.

    Errors: as `bind`.
    """
    bound = await find_bound(connection)
    if bound is None and await holds_books(connection):
        raise _unnamed(exchange)
    if bound is not None:
        compare(bound.exchange, exchange)


def _unnamed(exchange: Exchange) -> Refused:
    return Refused(
        "these books were begun by a release that did not note their exchange: "
        "`hypertally adopt` shows what they hold, "
        f"`hypertally adopt --exchange {exchange.name}` (or another: mainnet, testnet, "
        "sandbox:7 ...) names it once"
    )


async def adopt(pool: Pool, name: str) -> BoundExchange:
    """Name the exchange of a database that named none; naming the same again changes nothing.

    Errors: `Refused` when the database names another one.
    """
    async with transaction(pool) as connection:
        await _put(connection, name, said_by="adopt")
        bound = await find_bound(connection)
    assert bound is not None, "the row was written, by this process or by another"
    if not is_same_exchange(bound.exchange, name):
        raise Refused(
            f"these books are of {bound.exchange} since {bound.said_at:%Y-%m-%d %H:%M} UTC, and "
            f"cannot become those of {name}: keep those in a database of their own"
        )
    return bound


async def find_bound(connection: Connection) -> BoundExchange | None:
    """The exchange that a database names; None: it names none yet."""
    return await find_row(connection, QUERIES["find_exchange"], shape=BoundExchange)


async def holds_books(connection: Connection) -> bool:
    """Whether anything is stored that belongs to an exchange."""
    row = await read_row(connection, QUERIES["read_has_books"], shape=_HasBooks)
    return row.has_books


async def read_contents(connection: Connection) -> Contents:
    """What a person needs to see to know whose books these are; it counts every fill."""
    return await read_row(connection, QUERIES["read_contents"], shape=Contents)


async def _put(connection: Connection, name: str, *, said_by: str) -> None:
    values = {"exchange": name, "chain_id": CHAIN_IDS.get(name), "said_by": said_by}
    await connection.execute(QUERIES["put_exchange"].text, values)
