"""Reference data of the exchange: spot pairs, collateral of perp dexs, hourly token prices."""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from hypertally.errors import BadPayload
from hypertally.facts.activity.fills import at
from hypertally.facts.fact import Fact
from hypertally.records import Record
from hypertally.store.postgres import Connection
from hypertally.store.queries import load

QUERIES = load(__file__)
PRICE_INTERVAL = "1h"
_PRICE = re.compile(r"[0-9]{1,20}(\.[0-9]{1,18})?")


class SpotPair(Record, frozen=True, kw_only=True):
    """facts.spot_pairs: what the coin of a spot fill trades."""

    coin: str  # PURR/USDC or @n
    base_token: str
    quote_token: str


class PerpDex(Record, frozen=True, kw_only=True):
    """facts.perp_dexs: the token a dex's prices and fees are in."""

    dex: str
    collateral_token: str


class TokenPrice(Record, frozen=True, kw_only=True):
    """facts.token_prices: USD a token at the start of an hour."""

    token: str
    at_ms: int
    price_usd: str
    source: str


def decode_spot_pairs(body: Any) -> list[SpotPair]:
    """The pairs of a `spotMeta` answer; tokens are joined by their index, never by position.

    Errors: `BadPayload` when the answer is not of that shape.
    """
    try:
        names = {token["index"]: str(token["name"]) for token in body["tokens"]}
        return [
            SpotPair(
                coin=str(pair["name"]),
                base_token=names[pair["tokens"][0]],
                quote_token=names[pair["tokens"][1]],
            )
            for pair in body["universe"]
        ]
    except (KeyError, TypeError, IndexError) as error:
        raise BadPayload(f"spotMeta has no use as it came: {error!r}") from error


def decode_perp_dex(dex: str, meta: Any, spot_meta: Any) -> PerpDex:
    """The collateral of one dex: `meta` names it by its token's index in `spotMeta`.

    Errors: `BadPayload` when it does not.
    """
    try:
        names = {token["index"]: str(token["name"]) for token in spot_meta["tokens"]}
        return PerpDex(dex=dex, collateral_token=names[meta["collateralToken"]])
    except (KeyError, TypeError) as error:
        raise BadPayload(f"meta of dex {dex!r} names no known collateral: {error!r}") from error


def decode_prices(body: Any, *, token: str, coin: str) -> list[TokenPrice]:
    """The opening prices of a `candleSnapshot` answer of a pair of `token` against USDC.

    Errors: `BadPayload` when the answer is not of that shape.
    """
    try:
        prices = [(int(candle["t"]), str(candle["o"])) for candle in body]
    except (KeyError, TypeError, ValueError) as error:
        raise BadPayload(f"candles of {coin} have no use as they came: {error!r}") from error
    return [
        TokenPrice(
            token=token,
            at_ms=at_ms,
            price_usd=price,
            source=f"candle:{coin}:{PRICE_INTERVAL}:open",
        )
        for at_ms, price in prices
        if _PRICE.fullmatch(price) and price.strip("0.")
    ]


async def insert_spot_pairs(
    connection: Connection, pairs: Sequence[SpotPair], *, page_id: int
) -> int:
    """Append pairs that are new or have changed."""
    return await _insert(connection, "insert_spot_pairs", pairs, page_id=page_id)


async def insert_perp_dexs(connection: Connection, dexs: Sequence[PerpDex], *, page_id: int) -> int:
    """Append dexs that are new or have changed."""
    return await _insert(connection, "insert_perp_dexs", dexs, page_id=page_id)


async def insert_prices(
    connection: Connection, prices: Sequence[TokenPrice], *, page_id: int
) -> int:
    """Append prices of hours that had none; the first price of an hour stays."""
    return await _insert(connection, "insert_prices", prices, page_id=page_id)


async def _insert(
    connection: Connection, query: str, records: Sequence[Record], *, page_id: int
) -> int:
    if not records:
        return 0
    fields = records[0].__struct_fields__
    bound: dict[str, Any] = {name: [getattr(record, name) for record in records] for name in fields}
    if "at_ms" in bound:
        bound["at"] = [at(ms) for ms in bound.pop("at_ms")]
    bound["fingerprint"] = [fingerprint(record) for record in records]
    cursor = await connection.execute(QUERIES[query].text, {**bound, "page_id": page_id})
    return cursor.rowcount


def fingerprint(record: Record) -> int:
    """64 bits, signed, of what a record says."""
    text = "\x1f".join(str(getattr(record, name)) for name in record.__struct_fields__)
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


SPOT_PAIRS = Fact(
    name="spot_pairs",
    source="info.spotMeta",
    key=("coin", "fingerprint"),
    decode=decode_spot_pairs,
    insert=insert_spot_pairs,
)
PERP_DEXS = Fact(
    name="perp_dexs",
    source="info.meta",
    key=("dex", "fingerprint"),
    decode=decode_perp_dex,
    insert=insert_perp_dexs,
)
TOKEN_PRICES = Fact(
    name="token_prices",
    source="info.candleSnapshot",
    key=("token", "at"),
    decode=decode_prices,
    insert=insert_prices,
)
