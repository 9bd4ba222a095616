"""Reference data: good rows are read beside bad ones, and numbers exactly."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from hypertally.errors import BadPayload
from hypertally.facts.market.reference import (
    PerpDex,
    SpotPair,
    decode_perp_dex,
    decode_prices,
    decode_spot_pairs,
)

TOKENS: list[Any] = [{"name": "USDC", "index": 0}, None, {"name": "HYPE", "index": 150}]
ASKED = datetime(2026, 11, 21, 12, tzinfo=UTC)
AHEAD_MS = 1_795_266_000_000  # 13:00 of that day
HOUR_MS = 1_759_316_400_000


def meta_of(*pairs: Any) -> dict[str, Any]:
    return {"tokens": TOKENS, "universe": list(pairs)}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (None, "the pair has no name, or not two tokens"),
        ({"name": 1, "tokens": [150, 0]}, "the pair has no name, or not two tokens"),
        ({"name": "@1", "tokens": [150]}, "the pair has no name, or not two tokens"),
        (
            {"name": "@1", "tokens": [True, 0]},
            "@1 is of tokens that spotMeta does not name: [True, 0]",
        ),
        ({"name": "@1", "tokens": [9, 0]}, "@1 is of tokens that spotMeta does not name: [9, 0]"),
    ],
)
def test_a_pair_that_cannot_be_read_hides_no_other(bad: Any, reason: str) -> None:
    decoded = decode_spot_pairs(meta_of(bad, {"name": "@107", "tokens": [150, 0]}))
    assert decoded.values == [SpotPair(coin="@107", base_token="HYPE", quote_token="USDC")]
    assert [(reject.ordinal, reject.reason) for reject in decoded.rejects] == [(0, reason)]


@pytest.mark.parametrize("body", [None, [], {}, {"tokens": []}, {"tokens": {}, "universe": []}])
def test_an_answer_of_another_shape_is_refused(body: Any) -> None:
    with pytest.raises(BadPayload, match="spotMeta holds no"):
        decode_spot_pairs(body)


def test_the_collateral_is_found_by_its_index() -> None:
    dex = decode_perp_dex("xyz", {"collateralToken": 150}, meta_of())
    assert dex == PerpDex(dex="xyz", collateral_token="HYPE")
    with pytest.raises(BadPayload, match="names no known collateral"):
        decode_perp_dex("xyz", {"collateralToken": 1}, meta_of())


@pytest.mark.parametrize(
    ("written", "price"),
    [("40.50", "40.50"), (Decimal("40.5"), "40.5"), ("1e-7", "0.0000001"), (40, "40")],
)
def test_a_price_is_read_however_it_is_written(written: Any, price: str) -> None:
    candles = [{"t": HOUR_MS, "o": written}, {"t": HOUR_MS + 1, "o": "0.0"}, {"o": "1"}, {"t": 1}]
    decoded = decode_prices(candles, token="HYPE", coin="@107", asked_at=ASKED)
    assert [(each.at_ms, each.price_usd) for each in decoded.values] == [(HOUR_MS, price)]
    assert [reject.ordinal for reject in decoded.rejects] == [2, 3]


@pytest.mark.parametrize(
    ("candle", "reason"),
    [
        ({"s": "@142"}, "asked for @107 1h, got '@142' '1h'"),
        ({"i": "1d"}, "asked for @107 1h, got '@107' '1d'"),
        ({"t": AHEAD_MS}, "the candle begins ahead of our clock"),
        ({"o": "41"}, "another candle of the hour opens at 40"),
    ],
)
def test_a_candle_of_something_else_is_a_reject(candle: dict[str, Any], reason: str) -> None:
    right = {"t": HOUR_MS, "s": "@107", "i": "1h", "o": "40"}
    decoded = decode_prices([right, right | candle], token="HYPE", coin="@107", asked_at=ASKED)
    assert [each.price_usd for each in decoded.values] == ["40"]
    assert [reject.reason.startswith(reason) for reject in decoded.rejects] == [True]
