"""Account positions: what a tracked wallet holds on a dex, from `/info clearinghouseState`."""

import re
from datetime import datetime
from typing import Any

from hypertally.clock import AHEAD_MAX, at
from hypertally.errors import BadPayload
from hypertally.facts.fact import Fact
from hypertally.records import TIME_MS_MAX, JsonObject, Record, is_array, is_object
from hypertally.sources.exact_numbers import exact_decimal
from hypertally.store.postgres import Connection, Jsonb, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)
_DECIMAL = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,18})?")


class AccountPositions(Record, frozen=True, kw_only=True):
    """facts.account_positions: the perp positions of one wallet on one dex."""

    at: datetime  # the exchange's clock
    positions: dict[str, str]  # coin -> signed size; a coin not named is flat


class ChainEnd(Record, frozen=True, kw_only=True):
    """The last fill of a wallet on a dex."""

    dex: str  # empty: the core dex
    last_at: datetime
    is_checked: bool  # positions were stated since, and fills read after that


class _Dex(Record, frozen=True, kw_only=True):
    dex: str


def decode(body: Any, *, asked_at: datetime) -> AccountPositions:
    """Read a `clearinghouseState` answer; `asked_at` is our clock when it was asked.

    Errors: `BadPayload` when it holds no positions, no time, one ahead of our clock, or a position
    without coin or size.
    """
    entries = body.get("assetPositions") if is_object(body) else None
    if not is_object(body) or not is_array(entries):
        raise BadPayload("the answer holds no assetPositions")
    positions = dict(map(_position, entries))
    if len(positions) < len(entries):
        raise BadPayload("a coin is named twice")
    return AccountPositions(at=_time(body, asked_at), positions=positions)


def _position(entry: Any) -> tuple[str, str]:
    position = entry.get("position") if is_object(entry) else None
    coin = position.get("coin") if is_object(position) else None
    size = exact_decimal(position.get("szi")) if is_object(position) else None
    if not isinstance(coin, str) or size is None or not _DECIMAL.fullmatch(size):
        raise BadPayload(f"a position has no coin or no size: {str(entry)[:80]}")
    return coin, size


def _time(body: JsonObject, asked_at: datetime) -> datetime:
    ms = body.get("time")
    if not isinstance(ms, int) or isinstance(ms, bool) or not 0 <= ms <= TIME_MS_MAX:
        raise BadPayload(f"the answer has no time: {ms!r}")
    if at(ms) > asked_at + AHEAD_MAX:
        raise BadPayload(f"the answer is dated ahead of our clock: {at(ms).isoformat()}")
    return at(ms)


async def insert(
    connection: Connection, stated: AccountPositions, *, wallet_id: int, dex: str, page_id: int
) -> int:
    """Append the positions of a wallet on a dex; how many rows were new."""
    cursor = await connection.execute(
        QUERIES["insert_positions"].text,
        {
            "wallet_id": wallet_id,
            "dex": dex,
            "at": stated.at,
            "positions": Jsonb(stated.positions),
            "page_id": page_id,
        },
    )
    return cursor.rowcount


async def list_dexs(connection: Connection, wallet_id: int) -> list[str]:
    """The dexs on which a wallet has traded perps; empty: the core dex."""
    rows = await read_rows(connection, QUERIES["list_dexs"], {"wallet_id": wallet_id}, shape=_Dex)
    return [row.dex for row in rows]


async def list_ends(connection: Connection, wallet_id: int) -> list[ChainEnd]:
    """The last fill of a wallet on each dex, and whether it was checked."""
    parameters = {"wallet_id": wallet_id}
    return await read_rows(connection, QUERIES["list_ends"], parameters, shape=ChainEnd)


FACT = Fact(
    name="account_positions",
    source="info.clearinghouseState",
    key=("wallet_id", "dex", "at"),
    decode=decode,
    insert=insert,
)
