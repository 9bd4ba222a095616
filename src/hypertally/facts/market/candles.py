"""Candles: what a market traded in one interval, from `/info candleSnapshot`."""

from collections.abc import Sequence
from typing import Any

from hypertally.clock import at
from hypertally.errors import BadPayload
from hypertally.facts.fact import Fact
from hypertally.facts.market.candle_fields import read_amount, require_market
from hypertally.facts.market.reference import fingerprint
from hypertally.facts.rows import DecodedRows, decode_rows
from hypertally.records import TIME_MS_MAX, JsonObject, Record, is_array, is_object
from hypertally.store.postgres import Connection
from hypertally.store.queries import load

QUERIES = load(__file__)
SOURCE = "info.candleSnapshot"
MINUTE = "1m"
HOUR = "1h"
_TRADES_MAX = 2**31 - 1


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


def decode(body: Any, *, coin: str, interval: str, over_by_ms: int) -> DecodedRows[Candle]:
    """Read a `candleSnapshot` answer; an interval that still ran at `over_by_ms` is left out.

    Errors: `BadPayload` when the answer is no list.
    """
    if not is_array(body):
        raise BadPayload(f"the candles of {coin} are no list")

    def read(row: Any, _: int) -> Candle | None:
        is_over = _whole(row, "T", TIME_MS_MAX) < over_by_ms
        return _decode_row(row, coin=coin, interval=interval) if is_over else None

    return decode_rows(body, read)


def _decode_row(row: JsonObject, *, coin: str, interval: str) -> Candle:
    require_market(row, coin=coin, interval=interval)
    return Candle(
        coin=coin,
        interval=interval,
        at_ms=_whole(row, "t", TIME_MS_MAX),
        open=read_amount(row.get("o"), "o"),
        high=read_amount(row.get("h"), "h"),
        low=read_amount(row.get("l"), "l"),
        close=read_amount(row.get("c"), "c"),
        volume_coin=read_amount(row.get("v"), "v"),
        trades=_whole(row, "n", _TRADES_MAX),
    )


def _whole(row: Any, name: str, high: int) -> int:
    value = row.get(name) if is_object(row) else None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= high:
        raise BadPayload(f"{name} is not an integer from 0 to {high}: {value!r}")
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
