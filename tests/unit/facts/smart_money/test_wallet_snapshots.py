"""A wallet has a row for each asset: held, flat, or unknown with the reason."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hypertally.errors import BadPayload
from hypertally.facts.smart_money.wallet_snapshots import (
    ASSETS,
    NO_SIZE,
    REASON_CHARS_MAX,
    Snapshot,
    decode,
    missing,
)
from hypertally.records import Wallet

MINUTE = datetime(2026, 11, 20, 12, 5, tzinfo=UTC)
WALLET = Wallet(id=3, address="0x" + "ab" * 20)


def position(coin: str, szi: Any = "-2.50", **changes: Any) -> dict[str, Any]:
    held = {
        "coin": coin,
        "szi": szi,
        "leverage": {"type": "cross", "value": 20},
        "entryPx": "100.5",
        "positionValue": "251.25",
        "unrealizedPnl": "-0.75",
        "liquidationPx": None,
    }
    return {"type": "oneWay", "position": held | changes}


def answer(*positions: Any, **changes: Any) -> dict[str, Any]:
    return {
        "marginSummary": {"accountValue": "1000.25"},
        "assetPositions": list(positions),
        "time": 1_763_640_301_250,
    } | changes


def read(body: Any) -> dict[str, Snapshot]:
    return {row.asset: row for row in decode(body, wallet=WALLET, minute=MINUTE)}


def test_a_position_is_read_signed_and_as_it_was_written() -> None:
    rows = read(answer(position("BTC"), position("DOGE")))
    btc = rows["BTC"]
    assert (btc.szi, btc.missing, btc.entry_px, btc.leverage) == ("-2.50", None, "100.5", "20")
    assert (btc.position_value, btc.unrealized_pnl) == ("251.25", "-0.75")
    assert btc.observed_at == datetime(2025, 11, 20, 12, 5, 1, 250_000, tzinfo=UTC)
    assert tuple(rows) == ASSETS


def test_an_asset_that_is_not_named_is_flat_not_unknown() -> None:
    rows = read(answer(position("BTC")))
    assert (rows["ETH"].szi, rows["ETH"].missing, rows["ETH"].entry_px) == ("0", None, None)
    assert {row.account_value for row in rows.values()} == {"1000.25"}


def test_who_did_not_answer_is_unknown_in_every_asset_with_the_reason() -> None:
    rows = missing(WALLET, minute=MINUTE, reason="it said\n  no " + "x" * 500)
    assert [(row.asset, row.szi) for row in rows] == [(asset, None) for asset in ASSETS]
    assert rows[0].missing is not None
    assert rows[0].missing.startswith("it said no x")
    assert len(rows[0].missing) == REASON_CHARS_MAX
    assert rows[0].payload_fingerprint is None


@pytest.mark.parametrize("szi", [None, "", "1e5", "NaN", 1.5, [], True])
def test_a_position_without_a_size_is_unknown_and_hides_no_other(szi: Any) -> None:
    rows = read(answer(position("BTC", szi), position("ETH", "3")))
    assert (rows["BTC"].szi, rows["BTC"].missing) == (None, NO_SIZE)
    assert rows["BTC"].payload_fingerprint is not None
    assert rows["ETH"].szi == "3"


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"assetPositions": None},
        answer("text"),
        answer({"type": "oneWay"}),
        answer({"position": {"szi": "1"}}),
        answer(position("BTC"), position("BTC")),
    ],
)
def test_an_answer_of_another_shape_is_none(body: Any) -> None:
    with pytest.raises(BadPayload):
        decode(body, wallet=WALLET, minute=MINUTE)


def test_the_same_positions_have_the_same_fingerprint_whenever_they_are_told() -> None:
    first = read(answer(position("BTC")))["BTC"]
    later = read(answer(position("BTC"), time=1_763_640_999_000))["BTC"]
    other = read(answer(position("BTC", unrealizedPnl="-0.76")))["BTC"]
    assert first.payload_fingerprint == later.payload_fingerprint != other.payload_fingerprint


def test_a_time_that_is_none_is_unknown() -> None:
    assert read(answer(time="soon"))["BTC"].observed_at is None
