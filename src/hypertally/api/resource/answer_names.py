"""The names of the wallets and coins of an answer, as its caller may see them."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from cachetools import TTLCache

from hypertally.api.http.answer_names import (
    AnswerNames,
    add_names,
    list_wallets,
    names_pairs,
    names_wallet,
)
from hypertally.api.identity.auth import Identity, connect_as
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, Pool, read_rows

COINS_SECONDS_MAX: Final = 60  # a new pair is a rare thing

_QUERIES = queries.load(__file__)


class _Named(Record, frozen=True, kw_only=True):
    wallet: str
    label: str | None
    tags: list[str]

    def fields(self) -> dict[str, object]:
        """Return what stands beside the address."""
        fields: dict[str, object] = {"label": self.label, "tags": self.tags}
        return {name: value for name, value in fields.items() if value}


class CoinName(Record, frozen=True, kw_only=True):
    """A coin and its pair."""

    coin: str
    coin_name: str | None


class NameReader:
    """Puts names into the answers of one process."""

    def __init__(self, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self.pool: Pool | None = None  # set when the server has started
        # Pairs are the same for every org.
        self._coins: TTLCache[str, Mapping[str, str]] = TTLCache(
            1, ttl=COINS_SECONDS_MAX, timer=seconds
        )

    async def add(self, body: bytes, identity: Identity) -> bytes:
        """Return an answer with the names that the org of its caller gave, and those of coins."""
        if not _may_have_names(body, identity):
            return body
        assert self.pool is not None, "answers come after the start-up"
        async with connect_as(self.pool, identity) as connection:
            return await self.add_within(connection, body, identity)

    async def add_within(self, connection: Connection, body: bytes, identity: Identity) -> bytes:
        """Return an answer with names, read over a connection of its caller."""
        if not _may_have_names(body, identity):
            return body
        addresses = list_wallets(body) if identity.names_wallets else []
        names = AnswerNames(
            wallets=await _read_wallets(connection, addresses) if addresses else {},
            coins=await self._read_coins(connection) if names_pairs(body) else {},
        )
        return add_names(body, names) if names.wallets or names.coins else body

    async def _read_coins(self, connection: Connection) -> Mapping[str, str]:
        coins = self._coins.get("")
        if coins is None:
            rows = await read_rows(connection, _QUERIES["list_pairs"], shape=CoinName)
            coins = {row.coin: row.coin_name for row in rows if row.coin_name}
            self._coins[""] = coins
        return coins


def _may_have_names(body: bytes, identity: Identity) -> bool:
    return (identity.names_wallets and names_wallet(body)) or names_pairs(body)


async def _read_wallets(
    connection: Connection, addresses: Sequence[str]
) -> Mapping[str, Mapping[str, object]]:
    parameters = {"addresses": [bytes.fromhex(address[2:]) for address in addresses]}
    rows = await read_rows(connection, _QUERIES["list_named"], parameters, shape=_Named)
    return {row.wallet: row.fields() for row in rows}
