"""A coin may have any name that the exchange gives it, in filters and in cursors."""

import base64
import json
from urllib.parse import quote

import psycopg
import pytest

A1 = "0x" + "a1" * 20
COIN = "币安人生"
LONGEST = "😀" * 64  # four bytes each


@pytest.fixture(scope="module", autouse=True)
def rows(world: str) -> None:
    """Gaps, fills and a TWAP of coins whose names are not ASCII."""
    with psycopg.connect(world, options="-c timezone=UTC") as login:
        for coin in (COIN, LONGEST):
            login.execute(
                """
                insert into metrics.fill_gaps
                    (wallet_id, coin, kind, from_at, to_at, missing_size_coin, definition)
                select id, %(coin)s, 'position_break', now() - interval '2 hours',
                    now() - make_interval(mins => n), 1.5, 'fill_gaps/1'
                from tenancy.wallets, generate_series(1, 3) as n
                where address = decode(repeat('a1', 20), 'hex')
                """,
                {"coin": coin},
            )
            login.execute(
                """
                insert into facts.hl_fills_raw
                    (time, oid, tid, fingerprint, page_id, wallet_id, ordinal, crossed, side, coin,
                     px, sz, start_position, dir, closed_pnl, hash)
                select now() - make_interval(secs => n), n, n, n, 1, id, n, true, 'B', %(coin)s,
                    1, 1, 0, 'Open Long', 0, decode(repeat('cd', 32), 'hex')
                from tenancy.wallets, generate_series(1, 3) as n
                where address = decode(repeat('a1', 20), 'hex')
                """,
                {"coin": coin},
            )
        login.execute(
            "update metrics.twaps set asset = %s where twap_id = "
            "(select min(twap_id) from metrics.twaps where in_archive)",
            [COIN],
        )


def read_by_ones(get, path: str, name: str) -> list[dict]:
    rows, cursor = [], ""
    while cursor is not None:
        page = get(f"{path}limit=1{cursor and '&cursor=' + cursor}", "alice")
        assert page.status_code == 200, page.text
        rows += page.json()[name]
        cursor = page.json()["next"]
    return rows


def test_the_next_page_of_the_coverage_begins_after_any_coin(get) -> None:
    gaps = get("/api/v1/coverage?limit=1000", "alice").json()["gaps"]
    assert [gap["coin"] for gap in gaps].count(COIN) == 3
    assert [gap["coin"] for gap in gaps].count(LONGEST) == 3
    assert read_by_ones(get, "/api/v1/coverage?", "gaps") == gaps


@pytest.mark.parametrize("coin", [COIN, LONGEST])
def test_fills_of_a_coin_are_found_and_paged(get, coin: str) -> None:
    fills = read_by_ones(get, f"/api/v1/wallets/{A1}/fills?coin={quote(coin)}&", "fills")
    assert [fill["coin"] for fill in fills] == [coin] * 3


def test_twaps_of_a_coin_are_found(get) -> None:
    found = get(f"/api/v1/twaps?asset={quote(COIN)}&start=2026-01-01&end=2026-12-31", "alice")
    assert [twap["asset"] for twap in found.json()["twaps"]] == [COIN]


def test_gaps_of_a_coin_are_explained(get) -> None:
    explained = get(f"/api/v1/explain/fill_gaps/{A1}/{quote(COIN)}", "alice").json()
    assert [row["coin"] for row in explained["rows"]] == [COIN] * 3


@pytest.mark.parametrize("coin", ["", "A\x00", "A\n", "\x9f", "😀" * 65])
def test_a_name_with_control_characters_or_too_long_is_refused(get, coin: str) -> None:
    for path in (f"/api/v1/wallets/{A1}/fills?coin=", "/api/v1/twaps?asset="):
        assert get(path + quote(coin), "alice").status_code == 400
    place = ["infinity", "oaGhoQ==", coin or "\x00", "position_break", "-infinity"]
    cursor = base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")
    assert get(f"/api/v1/coverage?cursor={cursor}", "alice").status_code == 400
