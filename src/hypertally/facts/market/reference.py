"""Reference data of the exchange: spot pairs, collateral of perp dexs, hourly token prices."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hypertally.clock import AHEAD_MAX, at
from hypertally.errors import BadPayload
from hypertally.facts.fact import Fact
from hypertally.facts.market.candle_fields import read_amount, require_market
from hypertally.facts.rows import DecodedRows, decode_rows
from hypertally.records import TIME_MS_MAX, Record, is_array, is_object
from hypertally.sources.exact_numbers import exact_integer
from hypertally.store.postgres import Connection
from hypertally.store.queries import load

QUERIES = load(__file__)
PRICE_INTERVAL = "1h"
TOKENS_A_PAIR = 2


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


def decode_spot_pairs(body: Any) -> DecodedRows[SpotPair]:
    """The pairs of a `spotMeta` answer; tokens are joined by their index, never by position.

    Errors: `BadPayload` when the answer is not of that shape.
    """
    names = _token_names(body)
    pairs = body.get("universe")
    if not is_array(pairs):
        raise BadPayload("spotMeta holds no universe")

    def read(pair: Any, _: int) -> SpotPair:
        coin, tokens = (pair.get("name"), pair.get("tokens")) if is_object(pair) else (None, None)
        if not isinstance(coin, str) or not is_array(tokens) or len(tokens) != TOKENS_A_PAIR:
            raise BadPayload("the pair has no name, or not two tokens")
        base, quote = (names.get(index) for index in map(_index, tokens))
        if base is None or quote is None:
            raise BadPayload(f"{coin} is of tokens that spotMeta does not name: {tokens}")
        return SpotPair(coin=coin, base_token=base, quote_token=quote)

    return decode_rows(pairs, read)


def decode_perp_dex(dex: str, meta: Any, spot_meta: Any) -> PerpDex:
    """The collateral of one dex: `meta` names it by its token's index in `spotMeta`.

    Errors: `BadPayload` when it does not.
    """
    index = _index(meta.get("collateralToken")) if is_object(meta) else None
    collateral = _token_names(spot_meta).get(index)
    if collateral is None:
        raise BadPayload(f"meta of dex {dex!r} names no known collateral")
    return PerpDex(dex=dex, collateral_token=collateral)


def _token_names(spot_meta: Any) -> dict[int | None, str]:
    """The names of tokens by their index; one without either names nothing."""
    tokens = spot_meta.get("tokens") if is_object(spot_meta) else None
    if not is_array(tokens):
        raise BadPayload("spotMeta holds no tokens")
    return {
        index: token["name"]
        for token in tokens
        if is_object(token)
        and (index := _index(token.get("index"))) is not None
        and isinstance(token.get("name"), str)
    }


def _index(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def decode_prices(
    body: Any, *, token: str, coin: str, asked_at: datetime
) -> DecodedRows[TokenPrice]:
    """The opening prices of a `candleSnapshot` answer of a pair of `token` against USDC.

    `asked_at` is our clock when it was asked: an hour that begins later has no price yet.
    Errors: `BadPayload` when the answer is no list.
    """
    first_prices: dict[int, str] = {}
    if not is_array(body):
        raise BadPayload(f"the candles of {coin} are no list")

    def read(candle: Any, _: int) -> TokenPrice | None:
        at_ms = exact_integer(candle.get("t")) if is_object(candle) else None
        if at_ms is None or not 0 <= at_ms <= TIME_MS_MAX:
            raise BadPayload("the candle has no time of its start")
        if at(at_ms) > asked_at + AHEAD_MAX:
            raise BadPayload(f"the candle begins ahead of our clock: {at(at_ms).isoformat()}")
        require_market(candle, coin=coin, interval=PRICE_INTERVAL)
        price_usd = read_amount(candle.get("o"), "o")
        if not price_usd.strip("0."):
            return None  # nothing is worth 0: the market has no price yet
        if first_prices.setdefault(at_ms, price_usd) != price_usd:
            raise BadPayload(f"another candle of the hour opens at {first_prices[at_ms]}")
        return TokenPrice(
            token=token,
            at_ms=at_ms,
            price_usd=price_usd,
            source=f"candle:{coin}:{PRICE_INTERVAL}:open",
        )

    return decode_rows(body, read)


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
