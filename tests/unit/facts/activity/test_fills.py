"""A fill of any shape the exchange has sent is read whole; what cannot be read is kept beside."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypertally.clock import at
from hypertally.errors import BadPayload
from hypertally.facts.activity import fills
from hypertally.facts.rows import REASON_CHARS_MAX
from hypertally.records import TIME_MS_MAX
from hypertally.sources.exact_numbers import exact_decimal

WALLET = "0x" + "ab" * 20
HASH = "0x" + "12" * 32
ROW: dict[str, Any] = {
    "coin": "BTC",
    "px": "63000.5",
    "sz": "0.01",
    "side": "B",
    "time": 1_741_564_800_123,
    "startPosition": "-1.5",
    "dir": "Open Long",
    "closedPnl": "0.0",
    "hash": HASH,
    "oid": 77,
    "crossed": True,
    "fee": "0.28",
    "feeToken": "USDC",
    "tid": 88,
    "twapId": None,
}


def decode(**changes: Any) -> Any:
    return fills.decode_row(ROW | changes, wallet=WALLET, ordinal=5)


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in ROW.items() if name not in names}


def test_every_field_of_an_ordinary_fill_is_read() -> None:
    fill = decode()
    expected = {
        "time_ms": 1_741_564_800_123,
        "coin": "BTC",
        "side": "B",
        "px": "63000.5",
        "sz": "0.01",
        "start_position": "-1.5",
        "dir": "Open Long",
        "closed_pnl": "0.0",
        "crossed": True,
        "oid": 77,
        "tid": 88,
        "hash": bytes([0x12] * 32),
        "fee": "0.28",
        "fee_token": "USDC",
        "ordinal": 5,
    }
    absent = set(fill.__struct_fields__) - set(expected) - {"fingerprint"}
    assert {name: getattr(fill, name) for name in expected} == expected
    assert {getattr(fill, name) for name in absent} == {None}


def test_a_row_of_2023_has_neither_trade_id_nor_fee() -> None:
    row = without("tid", "fee", "feeToken", "twapId")
    fill = fills.decode_row(row, wallet=WALLET, ordinal=0)
    assert (fill.tid, fill.fee, fill.fee_token) == (None, None, None)


def test_trade_id_zero_is_not_a_missing_one() -> None:
    assert decode(tid=0, dir="Spot Dust Conversion", hash="0x" + "00" * 32).tid == 0


def test_an_unknown_direction_is_kept_as_it_came() -> None:
    assert decode(dir="Net Child Vaults of 2031").dir == "Net Child Vaults of 2031"


def test_a_liquidation_is_read_into_its_columns() -> None:
    liquidation = {"liquidatedUser": WALLET, "markPx": "61999.9", "method": "backstop"}
    fill = decode(liquidation=liquidation)
    assert fill.liquidated_user == bytes([0xAB] * 20)
    assert (fill.liquidation_mark_px, fill.liquidation_method) == ("61999.9", "backstop")
    assert fill.extra is None


def test_unknown_fields_are_kept_whole_inside_and_outside_a_liquidation() -> None:
    fill = decode(
        priorityGas="0.5", builder={"b": "0x1", "f": [1, 2]}, liquidation={"method": "m", "new": 1}
    )
    assert msgspec.json.decode(fill.extra) == {
        "priorityGas": "0.5",
        "builder": {"b": "0x1", "f": [1, 2]},
        "liquidation": {"new": 1},
    }


def test_a_text_that_only_spells_a_nul_is_kept() -> None:
    assert msgspec.json.decode(decode(note="\\u0000").extra) == {"note": "\\u0000"}


def test_a_null_field_counts_as_an_absent_one() -> None:
    nulls = {"cloid": None, "builderFee": None, "liquidation": None, "twapId": None}
    with_nulls = fills.fingerprint(ROW | nulls, wallet=WALLET)
    assert with_nulls == fills.fingerprint(without("twapId"), wallet=WALLET)


def test_the_order_of_fields_does_not_matter() -> None:
    turned = dict(reversed(ROW.items()))
    assert fills.fingerprint(turned, wallet=WALLET) == fills.fingerprint(ROW, wallet=WALLET)


def test_the_two_sides_of_a_trade_have_fingerprints_of_their_own() -> None:
    assert fills.fingerprint(ROW, wallet="0x1") != fills.fingerprint(ROW, wallet="0x2")


@pytest.mark.parametrize("name", sorted(without("twapId")))
def test_every_field_is_part_of_the_fingerprint(name: str) -> None:
    value = ROW[name]
    other = not value if isinstance(value, bool) else f"{value}1"
    changed = fills.fingerprint(ROW | {name: other}, wallet=WALLET)
    assert changed != fills.fingerprint(ROW, wallet=WALLET)


def test_the_fingerprint_stays_what_it_was() -> None:
    # Stored digests depend on it: a change here makes every one of them wrong.
    assert fills.fingerprint(ROW, wallet=WALLET) == 3732688035700524372


BAD = [
    ("coin", None, "coin is missing"),
    ("coin", "", "coin is not a text"),
    ("coin", 7, "coin is not a text"),
    ("coin", "A\x00B", "coin is not a text"),
    ("coin", "A" * 201, "coin is not a text of at most 200"),
    ("px", 63000.5, "px is not a decimal"),
    ("px", "-1", "px is negative"),
    ("px", "NaN", "px is not a decimal"),
    ("px", "", "px is not a decimal"),
    ("px", "\u0661", "px is not a decimal"),  # a digit, but not one the database takes
    ("px", "1_000", "px is not a decimal"),
    ("px", "Infinity", "px is not a decimal"),
    ("px", "1e9999", "px is not a decimal"),
    ("px", True, "px is not a decimal"),
    ("px", 10**100, "px is not a decimal"),
    ("sz", "1" * 101, "sz is not a decimal of at most 100"),
    ("sz", "0." + "1" * 101, "sz is not a decimal of at most 100 digits and 100 decimals"),
    ("sz", "-0.1", "sz is negative"),
    ("side", "Buy", "side is neither A nor B"),
    ("side", ["A"], "side is neither A nor B"),
    ("time", -1, "time is not an integer"),
    ("time", TIME_MS_MAX + 1, "time is not an integer"),
    ("time", True, "time is not an integer"),
    ("oid", 2**63, "oid is not an integer"),
    ("oid", Decimal("7.5"), "oid is not an integer"),
    ("crossed", "true", "crossed is not true or false"),
    ("crossed", None, "crossed is missing"),
    ("hash", "0x12", "hash is not 32 bytes"),
    ("hash", "0x" + "zz" * 32, "hash is not 32 bytes"),
    ("hash", 12, "hash is not 32 bytes"),
    ("cloid", "0x" + "12" * 32, "cloid is not 16 bytes"),
    ("fee", 0.28, "fee is not a decimal"),
    ("feeToken", 3, "feeToken is not a text"),
    ("liquidation", "backstop", "liquidation is not an object"),
    ("liquidation", {"markPx": "x"}, "markPx is not a decimal"),
    ("liquidation", {"liquidatedUser": "0x1"}, "liquidatedUser is not 20 bytes"),
    ("note", "a\x00b", "a NUL character"),
]


@pytest.mark.parametrize(("name", "value", "reason"), BAD)
def test_a_field_of_no_use_is_named(name: str, value: Any, reason: str) -> None:
    with pytest.raises(BadPayload, match=reason):
        decode(**{name: value})


@pytest.mark.parametrize("row", [None, 7, "row", ["coin"], []])
def test_a_row_that_is_no_object_is_a_reject(row: Any) -> None:
    (reject,) = fills.decode([row], wallet=WALLET).rejects
    assert reject.reason == "the row is not an object"
    assert msgspec.json.decode(reject.payload) == row


def test_one_bad_row_hides_no_good_one() -> None:
    rows = [ROW, ROW | {"px": None}, ROW | {"oid": 78}]
    decoded = fills.decode(rows, wallet=WALLET)
    assert [fill.ordinal for fill in decoded.fills] == [0, 2]
    (reject,) = decoded.rejects
    assert (reject.ordinal, reject.reason) == (1, "px is missing")
    assert msgspec.json.decode(reject.payload) == rows[1]


def test_the_reason_of_a_reject_is_of_bounded_length() -> None:
    (reject,) = fills.decode([ROW | {"px": "9" * 10_000}], wallet=WALLET).rejects
    assert len(reject.reason) == REASON_CHARS_MAX


def test_a_time_is_exact_to_the_end_of_the_calendar() -> None:
    assert at(TIME_MS_MAX).isoformat() == "9999-12-31T23:59:59.999000+00:00"


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("0.123456789012345678901234567890", "0.123456789012345678901234567890"),
        ("3.8e1", "38"),
        ("3.80E+1", "38.0"),
        ("1e-05", "0.00001"),
        (Decimal("63000.50"), "63000.50"),  # a JSON number, as the door hands it on
        (Decimal("3.8E+1"), "38"),
        (63000, "63000"),
        ("+1.5", "1.5"),
        (".5", "0.5"),
        ("7.", "7"),
        (" 168.46 ", "168.46"),
    ],
)
def test_what_can_be_read_exactly_is_read(value: Any, read: str) -> None:
    assert decode(px=value).px == read


@pytest.mark.parametrize("value", ["88", 88, Decimal("88.0"), "8.8e1"])
def test_a_whole_number_is_read_however_it_is_written(value: Any) -> None:
    assert decode(tid=value).tid == 88


def test_a_time_ahead_of_the_clock_is_a_reject_that_says_so() -> None:
    asked_at = at(ROW["time"]) - timedelta(minutes=5)
    assert fills.decode([ROW], wallet=WALLET, asked_at=asked_at).rejects == []
    earlier = asked_at - timedelta(milliseconds=1)
    (reject,) = fills.decode([ROW], wallet=WALLET, asked_at=earlier).rejects
    assert reject.reason.startswith("time is more than 5 minutes ahead of our clock: 2025-03-10T")


@given(number=st.decimals(allow_nan=False, allow_infinity=False), as_text=st.booleans())
def test_a_number_is_read_as_the_number_it_is_or_not_at_all(
    number: Decimal, *, as_text: bool
) -> None:
    read = exact_decimal(str(number) if as_text else number)
    fits = number.adjusted() < 100 and number.as_tuple().exponent >= -100
    assert (read is not None) == fits
    if read is not None:
        assert Decimal(read) == number
        assert "e" not in read.lower()


@given(st.floats())
def test_a_float_is_no_exact_number(number: float) -> None:
    assert exact_decimal(number) is None


DIGITS = st.text("0123456789", min_size=1, max_size=20)
DECIMALS = st.builds(
    lambda sign, whole, part: sign + whole + (f".{part[:18]}" if part else ""),
    st.sampled_from(["", "-"]),
    DIGITS,
    st.one_of(st.just(""), DIGITS),
)


@given(DECIMALS)
def test_a_decimal_of_the_allowed_size_is_kept_digit_for_digit(text: str) -> None:
    assert decode(closedPnl=text).closed_pnl == text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | DECIMALS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*ROW, "liquidation", "cloid", "note"]), JSON, max_size=4))
def test_whatever_comes_is_either_a_fill_or_a_reject(changes: dict[str, Any]) -> None:
    decoded = fills.decode([ROW | changes], wallet=WALLET)
    assert len(decoded.fills) + len(decoded.rejects) == 1


def test_a_row_nested_deeper_than_python_calls_is_read() -> None:
    nested: object = Decimal("1.5")
    for _ in range(500):
        nested = [nested]
    fill = decode(x=nested)
    assert fill.extra is not None
    assert fill.extra.count("[") == 500
    with pytest.raises(BadPayload, match="too large"):
        decode(x=[nested, Decimal("1e200000")])
