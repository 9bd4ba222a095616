"""Pages by key: any page size gives the same rows, each once."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

A1 = "0x" + "a1" * 20
LISTS = {
    f"/api/v1/wallets/{A1}/fills": "fills",
    "/api/v1/wallets": "wallets",
    "/api/v1/coverage": "gaps",
}


def read_all(get, path: str, name: str, *, limit: int) -> list[Any]:
    rows: list[Any] = []
    cursor = ""
    while True:
        answer = get(f"{path}?limit={limit}{cursor}", "alice")
        assert answer.status_code == 200
        page = answer.json()
        assert len(page[name]) <= limit
        rows += page[name]
        if page["next"] is None:
            return rows
        assert len(page[name]) == limit
        cursor = f"&cursor={page['next']}"


@pytest.mark.parametrize("path", LISTS)
@given(limit=st.integers(1, 70))
@settings(max_examples=12)
def test_any_page_size_gives_the_same_rows_each_once(get, path: str, limit: int) -> None:
    whole = read_all(get, path, LISTS[path], limit=1000)
    assert len(whole) > 2
    assert read_all(get, path, LISTS[path], limit=limit) == whole
    assert len({str(row) for row in whole}) == len(whole)


def test_a_forged_place_gets_400_not_a_failed_statement(get) -> None:
    whole = ["2026-99-99 00:00:00+00", "oaGhoQ==", "", "history_begins", "-infinity"]
    fill = ["2026-01-01T00:00:00Z", "BTC", 1, 1, "A", 1, 2**63]
    for path, key in (("/api/v1/coverage", whole), (f"/api/v1/wallets/{A1}/fills", fill)):
        cursor = base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")
        answer = get(f"{path}?cursor={cursor}", "alice")
        assert answer.status_code == 400
        assert answer.json()["field"] == "cursor"


def test_fills_of_both_kinds_come_newest_first(get) -> None:
    fills = read_all(get, f"/api/v1/wallets/{A1}/fills", "fills", limit=7)
    assert len(fills) == 60
    times = [fill["time"] for fill in fills]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "e30",
        "bnVsbA",
        "W10",
        "!!!!",
        "WzFd",
        "W251bGwsMSwyLDMsNCw1LDZd",
        "A" * 513,
        "%00",
        "é",
    ],
)
def test_a_cursor_that_is_none_of_ours_gets_400(get, path: str, cursor: str) -> None:
    answer = get(f"{path}?cursor={cursor}", "alice")
    assert answer.status_code == 400
    assert answer.json()["field"] == "cursor"
