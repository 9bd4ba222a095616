"""Candles are kept as they came, and only of intervals that were over."""

from typing import Any

import msgspec
import pytest

from hypertally.errors import BadPayload
from hypertally.facts.market import candles
from hypertally.facts.market.candles import Candle
from hypertally.facts.rows import DecodedRows

MINUTE_MS = 60_000
START_MS = 1_786_016_880_000


def row(number: int = 0, **changes: Any) -> dict[str, Any]:
    start = START_MS + number * MINUTE_MS
    prices = {"o": "64597.0", "h": "64600.5", "l": "64590.0", "c": "64599.0"}
    rest = {"s": "BTC", "i": "1m", "t": start, "T": start + MINUTE_MS - 1, "v": "12.5", "n": 31}
    return prices | rest | changes


def decode(body: Any, *, over_by_ms: int = START_MS + 10 * MINUTE_MS) -> DecodedRows[Candle]:
    return candles.decode(body, coin="BTC", interval="1m", over_by_ms=over_by_ms)


def test_a_candle_keeps_the_sources_digits() -> None:
    (candle,) = decode([row()]).values
    assert candle == Candle(
        coin="BTC",
        interval="1m",
        at_ms=START_MS,
        open="64597.0",
        high="64600.5",
        low="64590.0",
        close="64599.0",
        volume_coin="12.5",
        trades=31,
    )


def test_a_minute_that_still_runs_is_left_out() -> None:
    rows = [row(0), row(1)]
    last = START_MS + 2 * MINUTE_MS - 1
    assert len(decode(rows, over_by_ms=last).values) == 1
    assert len(decode(rows, over_by_ms=last + 1).values) == 2


@pytest.mark.parametrize(
    "bad",
    [
        None,
        row(o=None),
        row(o="a lot"),
        row(o=1.5),
        row(l="-1"),
        row(v="NaN"),
        row(n="31"),
        row(n=True),
        row(t=-1),
        row(T="x"),
        row(s="ETH"),
        row(i="1h"),
    ],
)
def test_a_bad_row_is_a_reject_and_hides_no_other(bad: Any) -> None:
    read = decode([row(0), bad, row(2)])
    assert [candle.at_ms for candle in read.values] == [START_MS, START_MS + 2 * MINUTE_MS]
    (reject,) = read.rejects
    assert reject.ordinal == 1
    assert msgspec.json.decode(reject.payload) == bad


@pytest.mark.parametrize("body", [None, {}, "null"])
def test_an_answer_that_is_no_list_is_of_no_use(body: Any) -> None:
    with pytest.raises(BadPayload):
        decode(body)
