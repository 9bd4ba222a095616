"""TWAPs that no source should tell of, and the questions of clients of the published API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hypertally.api.twaps import shapes

D4, E5, F6 = ("0x" + mark * 20 for mark in ("d4", "e5", "f6"))
PATH = "/api/v1/twaps"
START = datetime(2026, 1, 20, 10, 0, 0, 500_000, tzinfo=UTC)
# Milliseconds after the start; the status says 10:05:00, the last slice came 954 ms after that.
SLICES_MS = (30_001, 60_250, 90_000, 120_999, 150_000, 180_400, 210_003, 240_000, 299_500, 300_454)
ENDED = datetime(2026, 1, 20, 10, 5, tzinfo=UTC)
LATE, SLICES_ALONE, SHARED, PAUSED, ABSURD, DISPUTED = range(9_100, 9_106)
FEBRUARY = "start=2026-02-01&end=2026-02-02"

STATE = (
    "insert into metrics.twaps (twap_id, wallet, wallet_id, in_archive, asset, side, status, "
    "status_at, started_at, duration_minutes, ends_at, ended_at, size_requested, size_executed, "
    "notional_executed, statuses, definition, digest, last_slice_at, conflicts, "
    "audience) values (%(twap_id)s, %(wallet)s, %(wallet_id)s, %(in_archive)s, 'SOL', 'B', "
    "%(status)s, "
    "%(ended_at)s, %(started_at)s, %(minutes)s, %(started_at)s + make_interval(mins => "
    "%(minutes)s), %(ended_at)s, %(requested)s, %(executed)s, %(executed)s, %(statuses)s, "
    "'twaps/2', '0:0', %(last_slice_at)s, %(conflicts)s, %(audience)s)"
)
PLAIN = {
    "wallet": D4, "wallet_id": None, "in_archive": True, "status": "finished", "ended_at": None,
    "started_at": START, "minutes": 5, "requested": 10, "executed": 10, "statuses": 1,
    "last_slice_at": None, "conflicts": None, "audience": "a",
}  # fmt: skip
DISAGREEING = '[{"status": "finished", "size": "12", "notional": "12", "source": "a.parquet"}]'
TWAPS: tuple[dict[str, Any], ...] = (
    {"twap_id": LATE, "ended_at": ENDED, "tracked": True},
    {
        "twap_id": SLICES_ALONE, "status": None, "minutes": None, "requested": None,
        "executed": None, "statuses": 0, "in_archive": False, "tracked": True,
        "started_at": START + timedelta(milliseconds=SLICES_MS[0]),
    },
    {"twap_id": SHARED, "wallet": E5},
    {"twap_id": SHARED, "wallet": F6, "started_at": START + timedelta(hours=1)},
    {"twap_id": PAUSED, "status": "paused", "ended_at": None, "executed": 3},
    # As an earlier release stored it; it ends in the year 4117.
    {"twap_id": ABSURD, "status": "activated", "minutes": 1_100_000_000},
    {"twap_id": DISPUTED, "executed": 12, "ended_at": ENDED, "conflicts": DISAGREEING},
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def odd_twaps(world: str) -> None:
    with psycopg.connect(world, autocommit=True) as connection:
        row = connection.execute(
            "select id from tenancy.wallets where address = %s", [bytes.fromhex(D4[2:])]
        ).fetchone()
        assert row is not None
        (wallet_id,) = row
        last = START + timedelta(milliseconds=SLICES_MS[-1])
        for changes in TWAPS:
            state = PLAIN | changes
            if state.pop("tracked", False):
                state |= {"wallet_id": wallet_id, "last_slice_at": last, "audience": "t"}
                _execute(connection, wallet_id, state["twap_id"])
            connection.execute(STATE, state)
            if state["audience"] == "t" and state["in_archive"]:
                seen_by_others = {"last_slice_at": None, "audience": "o"}
                connection.execute(STATE, state | seen_by_others)
        for wallet in (E5, F6):
            connection.execute(
                "insert into facts.twap_status (twap_id, wallet, ts, asset, side, size_requested, "
                "status, duration_minutes, raw_payload, fingerprint, page_id, ordinal) "
                "values (%s, %s, %s, 'SOL', 'B', 10, 'finished', 5, %s, 1, 1, 0)",
                (SHARED, wallet, START, f'{{"of": "{wallet}"}}'),
            )


def _execute(connection: psycopg.Connection, wallet_id: int, twap_id: int) -> None:
    for place, after_ms in enumerate(SLICES_MS):
        connection.execute(
            "insert into metrics.twap_slices values "
            "(%s, %s, %s, %s, 'SOL', 'B', 1, 1, 100, '{}', 0, 'twap_slices/1', '1:1')",
            (wallet_id, twap_id, START + timedelta(milliseconds=after_ms), place),
        )
    connection.execute(
        "insert into metrics.twap_executions (wallet_id, twap_id, coin, side, slices, slice_fills, "
        "slices_expected, executed_size, executed_notional, fees, fees_usd, first_slice_at, "
        "last_slice_at, arrival_price, arrival_source, definition, digest, reference_digest) "
        "values (%s, %s, 'SOL', 'B', 10, 10, 10, 10, 1000, '{}', 0, %s, %s, 100, 'first slice', "
        "'twap_executions/2', '10:10', '1:1')",
        (
            wallet_id,
            twap_id,
            START + timedelta(milliseconds=SLICES_MS[0]),
            START + timedelta(milliseconds=SLICES_MS[-1]),
        ),
    )


def window(from_ms: int, to_ms: int) -> str:
    start, end = (START + timedelta(milliseconds=ms) for ms in (from_ms, to_ms))
    return f"start={start:%Y-%m-%dT%H:%M:%S.%fZ}&end={end:%Y-%m-%dT%H:%M:%S.%fZ}"


def listed(get, query: str, user: str = "vic") -> dict[int, dict[str, Any]]:
    answer = get(f"{PATH}?asset=SOL&{query}", user)
    assert answer.status_code == 200
    shapes.Twaps.model_validate(answer.json())
    return {int(twap["twap_id"]): twap for twap in answer.json()["twaps"]}


@pytest.mark.parametrize("cut_ms", [ms + edge for ms in SLICES_MS for edge in (0, 1)])
@pytest.mark.parametrize("twap_id", [LATE, SLICES_ALONE])
def test_a_cut_at_any_slice_loses_none(get, twap_id: int, cut_ms: int) -> None:
    before = [ms for ms in SLICES_MS if ms < cut_ms]
    parts = [
        listed(get, window(from_ms, to_ms)).get(twap_id)
        for from_ms, to_ms in ((-3_600_000, cut_ms), (cut_ms, 3_600_000))
    ]
    sizes = [int(part["executed"]["size"]) if part else 0 for part in parts]
    assert sizes == [len(before), len(SLICES_MS) - len(before)]


@given(st.integers(-2_000, 302_000), st.integers(1, 302_000))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_window_lists_a_twap_exactly_if_it_touches_it(get, from_ms: int, width: int) -> None:
    to_ms = from_ms + width
    inside = [ms for ms in SLICES_MS if from_ms <= ms < to_ms]
    scheduled = to_ms > 0 and from_ms <= 299_500  # ended_at, in milliseconds after the start
    twap = listed(get, window(from_ms, to_ms)).get(LATE)
    # The last slice ends the life, so a window between the end and it touches the TWAP as well.
    assert (twap is not None) is (to_ms > 0 and from_ms <= SLICES_MS[-1]), (scheduled, inside)
    if twap:
        assert int(twap["executed"]["size"]) == len(inside)


def test_the_last_slice_is_seen_by_those_alone_who_see_slices(get) -> None:
    after_the_end = window(299_600, 400_000)
    assert LATE in listed(get, after_the_end, "alice")
    assert LATE not in listed(get, after_the_end, "bob")
    assert listed(get, window(0, 400_000), "bob")[LATE]["last_slice_at"] is None


def test_a_twap_known_by_its_slices_alone_is_shown(get) -> None:
    answer = get(f"{PATH}/{SLICES_ALONE}", "vic")
    shapes.WholeTwap.model_validate(answer.json())
    twap = answer.json()["twap"]
    assert (twap["known_by"], twap["status"], twap["size_requested"]) == ("slices", None, None)
    assert (twap["total"]["size"], twap["vwap"], twap["progress"]) == ("10", "100", None)
    assert twap["started_at"] == "2026-01-20T10:00:30.501Z"
    assert twap["latest_ts"] == twap["last_slice_at"] == "2026-01-20T10:05:00.954Z"
    for name in ("status", "size_requested", "duration_minutes", "ends_at", "ended_at", "raw",
                 "progress", "schedule_lag", "elapsed_share", "slices_expected"):  # fmt: skip
        assert twap[name] is None
        assert twap["unknown"][name] == "no status of this TWAP is known, only its slices"
    assert answer.json()["rows"] == []
    assert get(f"{PATH}/{SLICES_ALONE}", "bob").status_code == 404
    assert get(f"/api/v1/explain/twaps/{SLICES_ALONE}", "ann").status_code == 200


def test_a_number_of_several_wallets_lists_them_and_is_chosen_by_wallet(get) -> None:
    answer = get(f"{PATH}/{SHARED}", "vic")
    shapes.WholeTwap.model_validate(answer.json())
    assert answer.json()["twap"] is None
    assert [choice["wallet"] for choice in answer.json()["choices"]] == [F6, E5]
    assert len(answer.json()["rows"]) == 2
    for wallet in (E5, F6.upper().replace("0X", "0x")):
        chosen = get(f"{PATH}/{SHARED}?wallet={wallet}", "vic").json()
        assert chosen["twap"]["wallet"] == wallet.lower()
        assert chosen["choices"] == []
        assert [row["wallet"] for row in chosen["rows"]] == [wallet.lower()]
    for path in (f"{PATH}/{SHARED}/slices", f"/api/v1/explain/twaps/{SHARED}"):
        unclear = get(path, "ann")
        assert (unclear.status_code, unclear.json()["field"]) == (409, "wallet")
        assert f"?wallet={E5} (SOL)" in unclear.json()["detail"]
        assert get(f"{path}?wallet={E5}", "ann").status_code == 200
        assert get(f"{path}?wallet={D4}", "ann").status_code == 404


def test_an_unknown_word_does_not_end_a_twap(get) -> None:
    twap = listed(get, window(0, 60_000), "bob")[PAUSED]
    assert (twap["status"], twap["ended_at"], twap["progress"]) == ("paused", None, None)
    words = "its last status is an unknown word, so it is not known whether the TWAP runs"
    assert twap["unknown"]["ended_at"] == twap["total"]["unknown"] == words
    assert list(listed(get, f"{window(0, 60_000)}&status=unknown", "bob")) == [PAUSED]
    (row,) = get(f"{PATH}/summary?{window(0, 60_000)}", "vic").json()["rows"]
    # The unknown word, the slices without a status, and one whose planned end is long ahead.
    assert (row["running"], row["end_unknown"]) == (1, 2)


def test_a_damaged_row_of_an_earlier_release_breaks_no_answer(get) -> None:
    for query in ("", f"?{window(0, 1000)}", "?start=2026-02-20&end=2026-03-20"):
        for path in (PATH, f"{PATH}/summary"):
            assert get(f"{path}{query}", "vic").status_code == 200, (path, query)
    for query in ("", "?as_of=2026-03-01"):
        assert get(f"{PATH}/pressure{query}", "vic").status_code == 200, query


def test_what_cannot_be_is_marked(get) -> None:
    twap = get(f"{PATH}/{DISPUTED}", "vic").json()["twap"]
    assert twap["is_above_requested"] is True
    assert twap["conflicts"] == [
        {"status": "finished", "size": "12", "notional": "12", "source": "a.parquet"}
    ]
    plain = get(f"{PATH}/{LATE}", "vic").json()["twap"]
    assert (plain["is_above_requested"], plain["conflicts"]) == (False, [])


def test_an_offset_skips_as_many(get) -> None:
    whole = get(f"{PATH}?{FEBRUARY}&limit=5000", "vic").json()["twaps"]
    assert len(whole) == 40
    for offset in (0, 1, 17, 39, 40, 41):
        part = get(f"{PATH}?{FEBRUARY}&limit=5000&offset={offset}", "vic").json()["twaps"]
        assert part == whole[offset:]
    page = get(f"{PATH}?{FEBRUARY}&limit=10&offset=10&wallet={E5}", "vic").json()["twaps"]
    assert page == [twap for twap in whole if twap["wallet"] == E5][10:20]


def test_all_statuses_of_each_twap_come_on_request(get) -> None:
    day = f"wallet={D4}&start=2026-03-01&end=2026-03-02&asset=ETH&limit=1&offset=1"
    latest = get(f"{PATH}?{day}&latest_per_twap=true", "vic").json()["twaps"][0]
    assert latest == get(f"{PATH}?{day}", "vic").json()["twaps"][0]
    every = get(f"{PATH}?{day}&latest_per_twap=false", "vic").json()["twaps"][0]
    assert every | {"raw": latest["raw"]} == latest
    assert every["raw"]["latest"] == latest["raw"]
    assert [row["status"] for row in every["raw"]["all_rows"]] == ["finished", "activated"]


def test_statuses_come_newest_first_on_request(get) -> None:
    oldest_first = get(f"{PATH}/5001", "vic").json()["rows"]
    assert [row["status"] for row in oldest_first] == ["activated", "finished"]
    assert get(f"{PATH}/5001?order=asc", "vic").json()["rows"] == oldest_first
    assert get(f"{PATH}/5001?order=desc", "vic").json()["rows"] == oldest_first[::-1]
    assert get(f"{PATH}/5001?order=newest", "vic").json()["field"] == "order"


def test_an_unknown_number_is_404_for_every_client(get) -> None:
    for twap_id in ("999999999", str(2**63 - 1)):
        answer = get(f"{PATH}/{twap_id}", "vic")
        assert answer.status_code == 404
        assert twap_id in answer.json()["detail"]
