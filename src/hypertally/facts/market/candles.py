"""Candles: what a market traded in one interval, from `/info candleSnapshot`."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from hypertally.errors import BadPayload
from hypertally.facts.activity.fills import REASON_CHARS_MAX, at
from hypertally.facts.fact import Fact
from hypertally.facts.market.reference import fingerprint
from hypertally.records import TIME_MS_MAX, JsonObject, Record, Reject, is_array, is_object
from hypertally.store.postgres import Connection
from hypertally.store.queries import load

QUERIES = load(__file__)
SOURCE = "info.candleSnapshot"
MINUTE = "1m"
_DECIMAL = re.compile(r"[0-9]{1,20}(\.[0-9]{1,18})?")
_TRADES_MAX = 2**31 - 1
_encoder = msgspec.json.Encoder(order="deterministic")


class Candle(Record, frozen=True, kw_only=True):
    """facts.candles: one market in one interval. Decimals are source strings."""

    coin: str
    interval: str  # 1m, 1h
    at_ms: int  # its start
    open: str  # quote token per coin
    high: str
    low: str
    close: str
    volume_coin: str
    trades: int


class Candles(Record, frozen=True, kw_only=True):
    """An answer's candles, those that were over, and the rows that could not be read."""

    candles: list[Candle]
    rejects: list[Reject]


def decode(body: Any, *, coin: str, interval: str, over_by_ms: int) -> Candles:
    """Read a `candleSnapshot` answer; an interval that still ran at `over_by_ms` is left out.

    Errors: `BadPayload` when the answer is no list.
    """
    if not is_array(body):
        raise BadPayload(f"the candles of {coin} are no list")
    candles: list[Candle] = []
    rejects: list[Reject] = []
    for ordinal, row in enumerate(body):
        try:
            if _whole(row, "T", TIME_MS_MAX) < over_by_ms:
                candles.append(_decode_row(row, coin=coin, interval=interval))
        except BadPayload as problem:
            payload, reason = _encoder.encode(row).decode(), str(problem)[:REASON_CHARS_MAX]
            rejects.append(Reject(payload=payload, reason=reason, ordinal=ordinal))
    return Candles(candles=candles, rejects=rejects)


def _decode_row(row: JsonObject, *, coin: str, interval: str) -> Candle:
    if row.get("s", coin) != coin or row.get("i", interval) != interval:
        raise BadPayload(f"asked for {coin} {interval}, got {row.get('s')!r} {row.get('i')!r}")
    return Candle(
        coin=coin,
        interval=interval,
        at_ms=_whole(row, "t", TIME_MS_MAX),
        open=_decimal(row, "o"),
        high=_decimal(row, "h"),
        low=_decimal(row, "l"),
        close=_decimal(row, "c"),
        volume_coin=_decimal(row, "v"),
        trades=_whole(row, "n", _TRADES_MAX),
    )


def _whole(row: Any, name: str, high: int) -> int:
    value = row.get(name) if is_object(row) else None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= high:
        raise BadPayload(f"{name} is not an integer from 0 to {high}: {value!r}")
    return value


def _decimal(row: JsonObject, name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise BadPayload(f"{name} is not a decimal of at most 20 and 18 digits: {value!r}")
    return value


async def insert(connection: Connection, candles: Sequence[Candle], *, page_id: int) -> int:
    """Append candles of intervals that had none; the first of an interval stays."""
    if not candles:
        return 0
    names = [name for name in Candle.__struct_fields__ if name != "at_ms"]
    bound: dict[str, Any] = {name: [getattr(candle, name) for candle in candles] for name in names}
    bound["at"] = [at(candle.at_ms) for candle in candles]
    bound["fingerprint"] = [fingerprint(candle) for candle in candles]
    cursor = await connection.execute(QUERIES["insert_candles"].text, {**bound, "page_id": page_id})
    return cursor.rowcount


FACT = Fact(
    name="candles",
    source="info.candleSnapshot",
    key=("coin", "interval", "at"),
    decode=decode,
    insert=insert,
)
