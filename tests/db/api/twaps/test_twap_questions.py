"""Which TWAPs a question finds, which questions are refused, and who may see what."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

D4, E5, F6 = ("0x" + mark * 20 for mark in ("d4", "e5", "f6"))
FEBRUARY = "start=2026-02-01&end=2026-02-02"
PATH = "/api/v1/twaps"


def ids(get, query: str, user: str = "vic") -> list[str]:
    answer = get(f"{PATH}?{query}", user)
    assert answer.status_code == 200
    return [twap["twap_id"] for twap in answer.json()["twaps"]]


def page_through(get, query: str, limit: int, path: str = PATH) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor = ""
    while True:
        answer = get(f"{path}?{query}&limit={limit}{cursor}", "vic")
        assert answer.status_code == 200
        page = answer.json()
        part = page["slices" if path.endswith("slices") else "twaps"]
        assert len(part) <= limit
        rows += part
        if page["next"] is None:
            return rows
        assert len(part) == limit
        cursor = f"&cursor={page['next']}"


FILTERS = ("", f"&wallet={E5}", "&asset=SOL", "&status=error", f"&wallet={F6}&status=activated")


@pytest.mark.parametrize("filters", FILTERS)
@given(limit=st.integers(1, 45))
@settings(max_examples=10)
def test_pages_of_any_size_give_each_twap_exactly_once(get, filters: str, limit: int) -> None:
    whole = page_through(get, FEBRUARY + filters, 500)
    assert len(whole) > 4
    assert page_through(get, FEBRUARY + filters, limit) == whole
    assert len({(twap["twap_id"], twap["wallet"]) for twap in whole}) == len(whole)


def test_pages_keep_the_window_of_the_first(get) -> None:
    first = get(f"{PATH}?limit=1&start=2026-02-01&end=2026-02-02", "vic").json()
    second = get(f"{PATH}?limit=1&cursor={first['next']}", "vic").json()
    for name in ("start", "end", "as_of"):
        assert second[name] == first[name]


def test_twaps_come_newest_start_first(get) -> None:
    twaps = get(f"{PATH}?{FEBRUARY}&limit=500", "vic").json()["twaps"]
    keys = [(twap["started_at"], int(twap["twap_id"]), twap["wallet"]) for twap in twaps]
    assert len(keys) == 40
    assert keys == sorted(keys, reverse=True)


@given(limit=st.integers(1, 130))
@settings(max_examples=6)
def test_pages_of_any_size_give_each_slice_exactly_once(get, limit: int) -> None:
    path = f"{PATH}/5001/slices"
    whole = page_through(get, "", 1000, path)
    assert [row["oid"] for row in whole] == list(range(7000, 7120))
    assert page_through(get, "", limit, path) == whole


def test_a_wallet_is_found_in_any_case(get) -> None:
    upper = "0X" + E5[2:].upper()
    answer = get(f"{PATH}?wallet={upper}&{FEBRUARY}", "vic").json()
    assert answer["wallet"] == E5
    assert len(answer["twaps"]) == 20
    assert {twap["wallet"] for twap in answer["twaps"]} == {E5}


def test_filters_narrow_and_combine(get) -> None:
    day = "start=2026-03-01&end=2026-03-02"
    assert ids(get, f"{day}&asset=HYPE") == ["5007", "5003"]
    assert ids(get, f"{day}&wallet={E5}&asset=ETH") == ["5002", "5006"]
    assert ids(get, f"{day}&status=error") == ["5003"]
    assert ids(get, f"{day}&wallet={E5}&status=terminated") == ["5007"]
    assert ids(get, f"{day}&asset=eth") == []
    assert ids(get, f"{day}&asset=xyz:TSLA&status=activated") == ["5005"]


def test_a_twap_is_found_by_any_part_of_its_life(get) -> None:
    # It began at ten and ended at 11:00:05.
    for window, found in (
        ("start=2026-03-01T09:00:00Z&end=2026-03-01T10:00:00Z", False),
        ("start=2026-03-01T09:00:00Z&end=2026-03-01T10:00:00.001Z", True),
        ("start=2026-03-01T11:00:05Z&end=2026-03-01T12:00:00Z", True),
        ("start=2026-03-01T11:00:05.001Z&end=2026-03-01T12:00:00Z", False),
    ):
        assert ("5001" in ids(get, f"{window}&wallet={D4}")) is found
    # One of a day is found at its end, long after it began.
    assert ids(get, "start=2026-03-02T08:00:00Z&end=2026-03-02T08:01:00Z") == ["5006"]


def test_times_are_taken_with_z_with_an_offset_and_as_days(get) -> None:
    whole = ids(get, "start=2026-03-01&end=2026-03-02")
    assert whole == ids(get, "start=2026-03-01T00:00:00Z&end=2026-03-02T00:00:00.000Z")
    assert whole == ids(get, "start=2026-03-01T02:00:00%2B02:00&end=2026-03-01T19:00:00-05:00")


def test_without_bounds_the_last_seven_days_to_the_minute_are_meant(get) -> None:
    answer = get(PATH, "vic").json()
    assert answer["end"] == answer["as_of"]
    assert answer["end"].endswith(":00Z")
    assert [twap["twap_id"] for twap in answer["twaps"]] == ["577215001", "271828001", "161803001"]
    assert answer["wallet"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("wallet=0x1", "wallet"),
        (f"wallet={E5[2:]}", "wallet"),
        (f"wallet={E5}0", "wallet"),
        ("wallet=", "wallet"),
        ("start=2026-03-02&end=2026-03-01", "start"),
        ("start=2026-03-02&end=2026-03-02", "start"),
        ("start=2999-01-01", "start"),
        ("start=2016-02-01&end=2026-03-03", "start"),
        ("end=0001-01-01", "end"),
        ("start=0001-01-01T00:00:00%2B14:00", "start"),
        ("end=9999-12-31T23:59:59-14:00", "end"),
        ("start=yesterday", "start"),
        ("start=2026-02-30", "start"),
        ("end=1772323200", "end"),
        ("end=2026-03-01T25:00:00Z", "end"),
        ("as_of=noon", "as_of"),
        ("status=completed", "status"),
        ("status=", "status"),
        ("asset=", "asset"),
        ("asset=A%0AB", "asset"),
        ("asset=%00", "asset"),
        ("limit=0", "limit"),
        ("limit=5001", "limit"),
        ("offset=-1", "offset"),
        ("latest_per_twap=maybe", "latest_per_twap"),
        ("limit=ten", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=W10", "cursor"),
        ("cursor=!", "cursor"),
        ("from=2026-03-01", "from"),
    ],
)
def test_a_bad_parameter_is_named_with_its_value_and_remedy(get, query: str, field: str) -> None:
    answer = get(f"{PATH}?{query}", "vic")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["field"] == field
    assert problem["detail"].startswith(f"{field} is ")


def test_a_range_of_ten_years_is_the_longest(get) -> None:
    assert get(f"{PATH}?start=2016-03-01&end=2026-03-02", "vic").status_code == 200
    longer = get(f"{PATH}?start=2016-02-01&end=2026-03-02", "vic").json()
    assert "at most 3660 days" in longer["detail"]


def test_sums_are_of_a_month_at_most(get) -> None:
    month = "start=2026-03-01&end=2026-04-01"
    assert get(f"{PATH}/summary?{month}", "vic").status_code == 200
    longer = get(f"{PATH}/summary?{month}T00:00:01Z", "vic")
    assert longer.status_code == 400
    assert "at most 31 days" in longer.json()["detail"]


@pytest.mark.parametrize(
    "place",
    [
        [],
        ["2026-02-01T00:00:00Z"] * 3,
        ["2026-02-01T00:00:00"] * 4 + [1, E5],
        ["2026-02-01T00:00:00Z"] * 4 + [2**63, E5],
        ["2026-02-01T00:00:00Z"] * 4 + [1, "nobody"],
        ["2026-02-01T00:00:00Z"] * 4 + [1, E5, 0],
    ],
)
def test_a_forged_place_gets_400_not_a_failed_statement(get, place: list[object]) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")
    answer = get(f"{PATH}?cursor={cursor}", "vic")
    assert (answer.status_code, answer.json()["field"]) == (400, "cursor")


@pytest.mark.parametrize("twap_id", ["x", "1.5", "-1", "0x10", "1_0", "%201", str(2**63)])
@pytest.mark.parametrize("path", ["/api/v1/twaps/{}", "/api/v1/twaps/{}/slices"])
def test_what_is_no_number_of_a_twap_gets_400(get, path: str, twap_id: str) -> None:
    answer = get(path.format(twap_id), "vic")
    assert (answer.status_code, answer.json()["field"]) == (400, "twap_id")


ONE = (
    "/api/v1/twaps/{}",
    "/api/v1/twaps/{}/slices",
    "/api/v1/explain/twaps/{}",
)


@pytest.mark.parametrize("path", ONE)
def test_a_twap_told_to_another_org_is_the_same_404_as_one_nobody_knows(get, path: str) -> None:
    assert get(path.format(271828001), "alice").status_code == 200
    theirs = get(path.format(271828001), "bob")
    assert theirs.status_code == 404
    assert theirs.headers["content-type"] == "application/problem+json"
    nowhere = get(path.format(4711), "bob").text
    assert theirs.text.replace("271828001", "4711") == nowhere


def test_an_org_sees_the_archive_and_no_execution_of_anothers_wallet(get) -> None:
    path = f"{PATH}?start=2026-03-01&end=2026-03-02&wallet={D4}"
    ours, theirs = (get(path, user).json()["twaps"][1] for user in ("alice", "bob"))
    assert ours["twap_id"] == theirs["twap_id"] == "5001"
    assert ours["executed"]["source"] == "slices"
    assert theirs["executed"]["source"] == "status"
    assert theirs["raw"] == ours["raw"]
    for field in ("arrival_price", "market_vwap", "completeness", "slices_missed"):
        assert ours[field] is not None
        assert theirs[field] is None
        assert theirs["unknown"][field] == "this org does not track the wallet"
    assert get("/api/v1/twaps/5001/slices", "bob").json()["slices"] == []
    explained = get("/api/v1/explain/twaps/5001", "bob").json()
    assert (explained["metric"], explained["inputs"]["slices"]) == ("twaps", [])


def test_explanations_are_for_analysts(get) -> None:
    assert get("/api/v1/explain/twaps/5001", "vic").status_code == 403
