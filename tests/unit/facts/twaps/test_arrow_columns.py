"""Whatever types a source chose for its columns, the same rows are read."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypertally.errors import BadPayload
from hypertally.facts.twaps import arrow_columns
from hypertally.facts.twaps import statuses as twaps_statuses

WALLET = "0x" + "aB" * 20
START = datetime(2026, 7, 17, 6, 14, 0, 523000, tzinfo=UTC)
START_MS = 1_784_268_840_523
ASKED = datetime(2026, 7, 18, 2, 15, tzinfo=UTC)
ASKED_MS = 1_784_340_900_000
AHEAD_MS = 300_000
COUNT = 3


def plain(**changes: Any) -> pa.Table:
    """Three statuses of one TWAP as most objects have them; `changes` replaces columns."""
    columns = {
        "twap_id": pa.array([2_038_831] * COUNT, pa.int64()),
        "state_user": pa.array([WALLET] * COUNT),
        "state_timestamp": pa.array([START_MS] * COUNT, pa.int64()),
        "state_coin": pa.array(["HYPE"] * COUNT),
        "state_side": pa.array(["B"] * COUNT),
        "state_sz": pa.array(["168.46"] * COUNT),
        "state_executedSz": pa.array(["0.0", "80.5", "168.460"]),
        "state_executedNtl": pa.array(["0.0", "4800.25", "10037.45318"]),
        "state_minutes": pa.array([270] * COUNT, pa.int32()),
        "status": pa.array(["activated", "activated", "finished"]),
    }
    kept = {name: column for name, column in (columns | changes).items() if column is not None}
    return pa.table(kept)


def read(table: pa.Table) -> list[dict[str, Any]]:
    statuses = twaps_statuses.decode_batch(table, first_ordinal=0, asked_at=ASKED)
    assert statuses.rejects == []
    said = statuses.rows.drop_columns(["payload"]).to_pylist()
    assert len(said) == COUNT
    return said


EXPECTED = read(plain())


def test_the_plain_form_is_read_to_the_digit() -> None:
    last = EXPECTED[-1]
    assert last["twap_id"] == 2_038_831
    assert last["wallet"] == WALLET.lower()
    assert last["ts"] == START
    assert last["event_at"] is None
    assert last["size_executed"] == "168.46"
    assert last["notional_executed"] == "10037.45318"
    assert last["duration_minutes"] == 270
    assert [row["ordinal"] for row in EXPECTED] == [0, 1, 2]


def decimal_column(values: list[str]) -> pa.Array:
    return pa.array([Decimal(value) for value in values], pa.decimal128(38, 8))


@pytest.mark.parametrize(
    "changes",
    [
        {"twap_id": pa.array(["2038831"] * COUNT)},
        {"twap_id": pa.array([Decimal(2_038_831)] * COUNT, pa.decimal128(20, 0))},
        {"twap_id": pa.array([2_038_831.0] * COUNT)},
        {"state_user": pa.array([WALLET.lower()] * COUNT)},
        {"state_user": pa.array([bytes.fromhex(WALLET[2:])] * COUNT, pa.binary())},
        {"state_coin": pa.array(["HYPE"] * COUNT).dictionary_encode()},
        {"state_sz": decimal_column(["168.46"] * COUNT)},
        {"state_sz": pa.array([168.46] * COUNT)},
        {"state_executedSz": decimal_column(["0", "80.5", "168.46"])},
        {"state_executedNtl": pa.array([0.0, 4800.25, 10037.45318])},
        {"state_minutes": pa.array(["270"] * COUNT)},
        {"state_minutes": pa.array([270.0] * COUNT)},
        {"state_sz": pa.array([Decimal("168.46")] * COUNT, pa.decimal256(76, 38))},
        {"state_executedSz": pa.array([-0.0, 80.5, 168.46])},
        # Of a writer that knows no text, and one that keeps an address in its 20 bytes.
        {"state_coin": pa.array([b"HYPE"] * COUNT, pa.binary())},
        {"state_side": pa.array([b"B"] * COUNT, pa.binary(1))},
        {"state_user": pa.array([WALLET.encode()] * COUNT, pa.large_binary())},
        {"state_user": pa.array([bytes.fromhex(WALLET[2:])] * COUNT, pa.binary(20))},
    ],
    ids=lambda changes: "-".join(f"{name}-{column.type}" for name, column in changes.items()),
)
def test_the_same_content_in_other_types_gives_the_same_rows(changes: dict[str, pa.Array]) -> None:
    assert read(plain(**changes)) == EXPECTED


def raw_of(column: pa.Array) -> object:
    whole = column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
    return whole[0].as_py()


def stamped(unit: str, *, tz: str | None = None) -> pa.Array:
    return pa.array([START] * COUNT, pa.timestamp("ms", tz="UTC")).cast(pa.timestamp(unit, tz))


@pytest.mark.parametrize(
    "column",
    [
        pa.array([START_MS * 1000] * COUNT),
        pa.array([START_MS * 1_000_000] * COUNT),
        pa.array([str(START_MS)] * COUNT),
        # Seconds and milliseconds with a fraction.
        pa.array([START_MS / 1000] * COUNT),
        pa.array(["1784268840.523"] * COUNT),
        pa.array([Decimal(START_MS)] * COUNT, pa.decimal128(20, 3)),
        pa.array(["2026-07-17T06:14:00.523Z"] * COUNT),
        pa.array(["2026-07-17 06:14:00.523000"] * COUNT),
        pa.array(["2026-07-17T08:14:00.523+02:00"] * COUNT),
        stamped("ms"),
        stamped("us", tz="UTC"),
        stamped("ns", tz="Europe/Berlin"),
        # As an archive of 2025 did: milliseconds in a column of nanoseconds.
        pa.array([START_MS] * COUNT, pa.int64()).cast(pa.timestamp("ns")),
    ],
    ids=lambda column: f"{column.type}-{raw_of(column)}",
)
def test_a_start_is_the_same_in_every_unit_and_type(column: pa.Array) -> None:
    assert read(plain(state_timestamp=column)) == EXPECTED


def test_a_start_in_seconds_loses_its_milliseconds_alone() -> None:
    rows = read(plain(state_timestamp=pa.array([START_MS // 1000] * COUNT)))
    assert {row["ts"] for row in rows} == {START.replace(microsecond=0)}


def test_the_unit_is_told_row_by_row() -> None:
    mixed = pa.array([START_MS, START_MS // 1000, START_MS * 1000], pa.int64())
    starts = [row["ts"].replace(microsecond=0) for row in read(plain(state_timestamp=mixed))]
    assert set(starts) == {START.replace(microsecond=0)}


@given(st.datetimes(datetime(2002, 1, 1), datetime(2100, 1, 1)), st.sampled_from("sµmn"))
def test_no_time_is_taken_for_another_unit(time: datetime, unit: str) -> None:
    microseconds = (time - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    factor = {"s": 1, "m": 1000, "µ": 10**6, "n": 10**9}[unit]
    raw = microseconds * factor // 10**6
    values, good = arrow_columns.times(pa.array([raw], pa.int64()))
    assert good.to_pylist() == [True]
    assert values[0].as_py() == (raw * 10**6 // factor if unit != "n" else raw // 1000)


@given(st.decimals(min_value=0, max_value=10**19, places=8), st.integers(0, 4))
def test_a_decimal_keeps_its_value_and_loses_its_idle_zeros(value: Decimal, zeros: int) -> None:
    text, good = arrow_columns.decimals(pa.array([f"{value:f}" + "0" * zeros]))
    assert good.to_pylist() == [True]
    read_back = text[0].as_py()
    assert Decimal(read_back) == value
    assert not ("." in read_back and read_back.endswith(("0", ".")))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1e-05", "0.00001"),
        (" 168.46 ", "168.46"),
        ("+1", "1"),
        (".5", "0.5"),
        ("5.", "5"),
        ("+1.50E+2", "150"),
        ("\t0.0\n", "0"),
        ("-0.0", "0"),
    ],
)
def test_a_size_is_read_however_it_is_written(written: str, meant: str) -> None:
    sizes = pa.array([written] * COUNT)
    rows = read(plain(state_sz=sizes, state_executedSz=sizes, state_executedNtl=sizes))
    assert {row["size_requested"] for row in rows} == {meant}
    assert {row["size_executed"] for row in rows} == {row["notional_executed"] for row in rows}


@given(st.decimals(min_value=0, max_value=10**12, places=8), st.sampled_from(["E", "+", " ", "f"]))
def test_every_way_to_write_a_decimal_gives_its_value(value: Decimal, way: str) -> None:
    written = {
        "E": f"{value:.25e}", "+": f"+{value:f}", " ": f"  {value:f} ", "f": f"{value:f}",
    }[way]  # fmt: skip
    text, good = arrow_columns.decimals(pa.array([written, "1"]))
    assert good.to_pylist() == [True, True]
    assert Decimal(text[0].as_py()) == value


def test_small_and_large_numbers_are_written_without_an_exponent() -> None:
    floats, _ = arrow_columns.decimals(pa.array([1e-8, 1e18, 0.5]))
    assert floats.to_pylist() == ["0.00000001", "1000000000000000000", "0.5"]
    exact, _ = arrow_columns.decimals(pa.array([Decimal("1E-8")], pa.decimal128(38, 8)))
    assert exact.to_pylist() == ["0.00000001"]


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("twap_id", pa.array([-1, 1, 2]), "twap_id is no whole number"),
        ("state_user", pa.array(["0x12", WALLET, WALLET]), "state_user is no address"),
        ("state_timestamp", pa.array([5, START_MS, START_MS]), "no time of a known unit"),
        ("state_timestamp", pa.array(["soon", "2026-07-17", "2026-07-17"]), "no time of a known"),
        ("state_coin", pa.array([None, "HYPE", "HYPE"]), "state_coin is no name of a market"),
        ("state_side", pa.array(["buy", "A", "B"]), "state_side is neither A nor B"),
        ("state_sz", pa.array(["-1", "1", "1"]), "state_sz is no size"),
        ("state_sz", pa.array([float("nan"), 1.0, 1.0]), "state_sz is no size"),
        ("state_executedSz", pa.array(["many", "0", "0"]), "state_executedSz is no decimal"),
        ("state_executedNtl", pa.array(["-1", "0", "0"]), "executedNtl is no decimal from 0 up"),
        ("state_minutes", pa.array([None, 5, 5], pa.int32()), "no number of minutes"),
        ("status", pa.array(["", "activated", "finished"]), "status is no status"),
        # One row of 1.1 thousand million minutes made every window unanswerable.
        ("state_minutes", pa.array([1_100_000_000, 10_080, 5]), "over 10080 minutes, which are 7"),
        ("state_minutes", pa.array(["10081", "10080", "0"]), "state_minutes is over 10080 minutes"),
        (
            "state_timestamp",
            pa.array([ASKED_MS + AHEAD_MS + 1, ASKED_MS + AHEAD_MS, START_MS]),
            "state_timestamp is more than 5 minutes ahead of our clock",
        ),
        # A last word dated in the year 2100 stayed the last word.
        (
            "time",
            pa.array([ASKED_MS + AHEAD_MS + 1, ASKED_MS + AHEAD_MS, START_MS]),
            "time is more than 5 minutes ahead of our clock",
        ),
        ("state_sz", pa.array(["1e999", "1e-05", "1E2"]), "state_sz is no size"),
        ("state_sz", pa.array(["1 2", "1", "1"]), "state_sz is no size"),
        ("state_sz", pa.array([".", "1", "1"]), "state_sz is no size"),
        ("state_sz", pa.array(["-.5", "1", "1"]), "state_sz is no size"),
    ],
)
def test_a_bad_row_is_a_reject_with_its_reason_and_hides_no_good_one(
    column: str, value: pa.Array, words: str
) -> None:
    statuses = twaps_statuses.decode_batch(
        plain(**{column: value}), first_ordinal=40, asked_at=ASKED
    )
    assert len(statuses) == COUNT - 1
    [reject] = statuses.rejects
    assert words in reject.reason
    assert reject.ordinal == 40
    assert f'"{column}"' in reject.payload


def test_what_a_source_leaves_out_is_unknown_and_told() -> None:
    table = plain(state_executedSz=None, state_executedNtl=None)
    statuses = twaps_statuses.decode_batch(table, first_ordinal=0, asked_at=ASKED)
    assert {row["size_executed"] for row in statuses.rows.to_pylist()} == {None}
    assert any("size_executed" in warning for warning in statuses.warnings)


def test_an_object_without_a_column_it_needs_is_refused_by_name() -> None:
    with pytest.raises(BadPayload, match=r"no column for side, wallet; there are twap_id"):
        arrow_columns.name_columns(plain(state_user=None, state_side=None).schema)


@pytest.mark.parametrize("name", ["status", "twapId", "note"])
def test_of_two_columns_of_one_name_none_is_guessed(name: str) -> None:
    table = plain(note=pa.array(["a"] * COUNT))
    column = table.column("twap_id" if name == "twapId" else name)
    with pytest.raises(BadPayload, match=f"columns named twice: .*{name}"):
        arrow_columns.name_columns(table.append_column(name, column).schema)


def test_columns_unheard_of_are_kept_in_the_payload_and_told() -> None:
    table = plain(state_randomize=pa.array([True, False, None]), note=pa.array(['a"b', "\\", "é"]))
    statuses = twaps_statuses.decode_batch(table, first_ordinal=0, asked_at=ASKED)
    payloads = statuses.rows.column("payload").to_pylist()
    assert '"state_randomize":true' in payloads[0]
    assert '"state_randomize":null' in payloads[2]
    assert '"note":"a\\"b"' in payloads[0]
    assert any("note, state_randomize" in warning for warning in statuses.warnings)


def test_floats_are_taken_with_a_warning() -> None:
    statuses = twaps_statuses.decode_batch(
        plain(state_sz=pa.array([1.5] * COUNT)), first_ordinal=0, asked_at=ASKED
    )
    assert any("floats" in warning and "state_sz" in warning for warning in statuses.warnings)


def test_a_nested_state_is_read_like_flat_columns() -> None:
    flat = plain()
    states = [
        {name.removeprefix("state_"): row[name] for name in row if name.startswith("state_")}
        for row in flat.to_pylist()
    ]
    nested = pa.table(
        {
            "twap_id": flat.column("twap_id"),
            "state": pa.array(states),
            "status": flat.column("status"),
        }
    )
    [batch] = nested.to_batches()
    assert read(arrow_columns.flatten(batch)) == EXPECTED


HISTORY = {
    "time": 1_784_268_841,
    "twapId": 77,
    "state": {
        "coin": "xyz:TSLA",
        "user": WALLET,
        "side": "A",
        "sz": "13.0",
        "executedSz": "0.0",
        "executedNtl": "0.0",
        "minutes": 30,
        "reduceOnly": False,
        "randomize": True,
        "timestamp": START_MS,
    },
    "status": {"status": "activated"},
}


def test_the_exchange_says_when_in_seconds_and_since_when_in_milliseconds() -> None:
    statuses = twaps_statuses.decode_history([HISTORY], wallet=WALLET, asked_at=ASKED)
    [row] = statuses.rows.to_pylist()
    assert row["ts"] == START
    assert row["event_at"] == datetime(2026, 7, 17, 6, 14, 1, tzinfo=UTC)
    assert row["wallet"] == WALLET.lower()
    assert row["payload"].startswith('{"state":')


def test_an_error_keeps_what_the_exchange_said_of_it() -> None:
    failed = HISTORY | {"status": {"status": "error", "description": "Insufficient margin"}}
    [row] = twaps_statuses.decode_history([failed], wallet=WALLET, asked_at=ASKED).rows.to_pylist()
    assert row["status"] == "error:Insufficient margin"


def test_a_row_of_another_shape_is_a_reject() -> None:
    statuses = twaps_statuses.decode_history(
        ["odd", HISTORY, {"twapId": 1}], wallet=WALLET, asked_at=ASKED
    )
    assert len(statuses) == 1
    assert [reject.ordinal for reject in statuses.rejects] == [0, 2]
    assert statuses.rejects[0].payload == '"odd"'
