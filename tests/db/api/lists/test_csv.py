"""Lists as CSV: the rows of all pages, cell by cell what JSON gives, for the caller's org alone."""

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import psycopg
import pytest

A1 = "0x" + "a1" * 20
DAY = (datetime.now(UTC) - timedelta(days=1)).date()

# Every path that the description offers as CSV, and the field of JSON that holds its rows.
LISTS = {
    "/api/v1/metrics/global": "days",
    "/api/v1/wallets": "wallets",
    "/api/v1/wallets/top?by=volume&window=30d": "wallets,unpriced_wallets",
    f"/api/v1/wallets/{A1}/days": "days",
    f"/api/v1/wallets/{A1}/fills": "fills",
    "/api/v1/coverage": "gaps",
    "/api/v1/twaps": "twaps",
    "/api/v1/twaps/pressure": "coins",
    "/api/v1/twaps/summary?by=asset": "rows",
    "/api/v1/twaps/5001": "rows",
    "/api/v1/twaps/5001/slices": "slices",
    f"/api/v1/explain/wallet_day_metrics/{A1}/{DAY}": "inputs.fills",
    f"/api/v1/explain/global_day_metrics/{DAY}": "inputs.wallets",
    f"/api/v1/explain/wallet_day_metrics/{A1}": "inputs.days",
    "/api/v1/explain/global_day_metrics": "inputs.days",
    f"/api/v1/explain/fill_gaps/{A1}": "rows",
    "/api/v1/smart-money/universe": "members",
    "/api/v1/smart-money/universe/runs": "runs",
    "/api/v1/smart-money/differences": "periods",
    "/api/v1/smart-money/outcomes": "rates",
    "/api/v1/smart-money/alerts": "alerts",
    "/api/v1/smart-money/alerts/state": "states",
    "/api/v1/smart-money/health": "states",
    "/api/v1/smart-money/signals/BTC": "signals",
    "/api/v1/smart-money/signals/BTC/{at}": "contributors",
    "/api/v1/smart-money/signals/BTC/{at}/explain": "contributors",
    "/api/v1/smart-money/snapshots/BTC": "minutes",
    "/api/v1/smart-money/snapshots/BTC/{minute}": "wallets",
}


# A wallet about which nothing is known, and its org.
F7 = "0x" + "f7" * 20
BARE = f"""
with org as (insert into tenancy.orgs (name) values ('org_bare') returning id),
    wallet as (insert into tenancy.wallets (address) values ('\\x{F7[2:]}') returning id),
    member as (insert into tenancy.user_profiles select 'nobody', id, 'admin' from org)
insert into tenancy.org_wallets select org.id, wallet.id, '-infinity' from org, wallet
"""
LONG_AGO = "from=2024-01-01&to=2024-01-02"

# Lists without rows, and the paths of the same lists that have some.
EMPTY = {
    "/api/v1/wallets?query=none": "/api/v1/wallets",
    "/api/v1/wallets/top?by=pnl&tag=none": "/api/v1/wallets/top?by=pnl",
    f"/api/v1/wallets/{F7}/days": f"/api/v1/wallets/{A1}/days",
    f"/api/v1/wallets/{F7}/fills": f"/api/v1/wallets/{A1}/fills",
    "/api/v1/coverage": "/api/v1/coverage",
    "/api/v1/twaps?asset=NONE": "/api/v1/twaps",
    "/api/v1/twaps/pressure?as_of=2024-01-01T00:00Z": "/api/v1/twaps/pressure",
    "/api/v1/twaps/summary?by=asset&start=2024-01-01&end=2024-01-02": (
        "/api/v1/twaps/summary?by=asset"
    ),
    "/api/v1/twaps/summary?by=wallet&start=2024-01-01&end=2024-01-02": (
        "/api/v1/twaps/summary?by=wallet"
    ),
    f"/api/v1/explain/global_day_metrics/{DAY}": f"/api/v1/explain/global_day_metrics/{DAY}",
    f"/api/v1/explain/wallet_day_metrics/{F7}": f"/api/v1/explain/wallet_day_metrics/{A1}",
    **{
        f"/api/v1/explain/{metric}/{F7}": f"/api/v1/explain/{metric}/{A1}"
        for metric in ("fill_gaps", "twap_slices", "twap_executions")
    },
    f"/api/v1/smart-money/differences?{LONG_AGO}": "/api/v1/smart-money/differences",
    "/api/v1/smart-money/alerts?subject=none": "/api/v1/smart-money/alerts",
    f"/api/v1/smart-money/signals/BTC?{LONG_AGO}": "/api/v1/smart-money/signals/BTC",
    "/api/v1/smart-money/signals/BTC/{at}": "/api/v1/smart-money/signals/BTC/{with_some}",
    "/api/v1/smart-money/signals/BTC/{at}/explain": (
        "/api/v1/smart-money/signals/BTC/{with_some}/explain"
    ),
    f"/api/v1/smart-money/snapshots/BTC?{LONG_AGO}": "/api/v1/smart-money/snapshots/BTC",
}
# These have rows, whatever is asked, or are not found: the days of a range, bands, minutes.
# Lists of which people keep files side by side: their columns have one order, rows or none.
SAME_ORDER = {"/api/v1/wallets?query=none", "/api/v1/wallets/top?by=pnl&tag=none"}
NEVER_EMPTY = {
    "/api/v1/metrics/global",
    "/api/v1/explain/global_day_metrics",
    f"/api/v1/explain/wallet_day_metrics/{A1}/{DAY}",
    "/api/v1/twaps/5001",
    "/api/v1/twaps/5001/slices",
    "/api/v1/smart-money/universe",
    "/api/v1/smart-money/universe/runs",
    "/api/v1/smart-money/outcomes",
    "/api/v1/smart-money/alerts/state",
    "/api/v1/smart-money/health",
    "/api/v1/smart-money/snapshots/BTC/{minute}",
}

# Columns that every table has where a row may have the name; JSON has those that there are.
NAMES = {"label", "tags", "coin_name", "asset_name"}


@pytest.fixture(scope="module")
def get_csv(get) -> Callable[..., httpx2.Response]:
    """Fetch a path as CSV."""

    def fetch(path: str, user: str, **headers: str) -> httpx2.Response:
        return get(path, user, Accept="text/csv", **headers)

    return fetch


@pytest.fixture(scope="module")
def paths(get) -> dict[str, str]:
    """The paths of lists, with times at which there are rows, and the field of their rows."""
    at = get("/api/v1/smart-money/signals/BTC", "alice").json()["signals"][-1]["at"]
    minute = get("/api/v1/smart-money/snapshots/BTC", "alice").json()["minutes"][-1]["minute"]
    return {path.format(at=at, minute=minute): field for path, field in LISTS.items()}


def read_csv(answer: httpx2.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.text.endswith("\r\n") or not answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline=""), strict=True))


def read_pages(get, path: str, field: str) -> list[dict[str, Any]]:
    """Read all pages of JSON, its numbers as they are written."""
    rows: list[dict[str, Any]] = []
    last: list[dict[str, Any]] = []
    field, _, others = field.partition(",")
    cursor: str | None = ""
    while cursor is not None:
        sign = "&" if "?" in path else "?"
        answer = get(f"{path}{sign}cursor={cursor}" if cursor else path, "alice")
        body = json.loads(answer.text, parse_int=str, parse_float=str)
        names = field.split(".")
        for name in names[:-1]:
            body = body[name]
        rows += body[names[-1]]
        last += body[others] if others else []
        cursor = body.get("next")
    return rows + last


def assert_same(lines: list[dict[str, str]], rows: list[dict[str, Any]]) -> None:
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        assert {name.split(".")[0] for name in line} - NAMES <= set(row)
        assert set(row) <= {name.split(".")[0] for name in line}
        for name, cell in line.items():
            value: Any = row
            for part in name.split("."):
                value = None if value is None else value.get(part) if part in NAMES else value[part]
            assert_is(cell, value)


def assert_is(cell: str, value: object) -> None:
    match value:
        case None:
            assert cell == ""
        case bool():
            assert cell == ("true" if value else "false")
        case str():
            assert cell.removeprefix("'") == value
        case _:
            assert json.loads(cell, parse_int=str, parse_float=str) == value


def test_every_path_with_rows_is_offered_as_csv(client) -> None:
    described = client.get("/openapi.json").json()["paths"]
    offered = {
        path for path, kinds in described.items()
        if "text/csv" in kinds["get"]["responses"]["200"]["content"]
    }  # fmt: skip
    patterns = [re.compile(re.sub(r"\{[a-z_]+\}", "[^/]+", path)) for path in offered]
    listed = {path.split("?")[0] for path in LISTS}
    assert all(any(pattern.fullmatch(path) for path in listed) for pattern in patterns)
    assert len(offered) == len(LISTS) == 28


def test_the_lines_are_the_rows_of_all_pages_of_json(get, get_csv, paths) -> None:
    empty: set[str] = set()
    for path, field in paths.items():
        rows = read_pages(get, path, field)
        if not rows:
            empty.add(path)
        assert_same(read_csv(get_csv(path, "alice")), rows)
    assert len(empty) <= 4, empty


def test_a_limit_gives_one_page_and_a_link_to_the_next(get, get_csv) -> None:
    whole = read_csv(get_csv(f"/api/v1/wallets/{A1}/fills", "alice"))
    page = get_csv(f"/api/v1/wallets/{A1}/fills?limit=25", "alice")
    rows = read_csv(page)
    while link := page.headers.get("link"):
        address = re.fullmatch(r'<(/api/v1/[^>]+)>; rel="next"', link)
        assert address is not None
        page = get_csv(address[1], "alice")
        rows += read_csv(page)
    assert rows == whole
    cursor = get(f"/api/v1/wallets/{A1}/fills?limit=25", "alice").json()["next"]
    rest = read_csv(get_csv(f"/api/v1/wallets/{A1}/fills?cursor={cursor}", "alice"))
    assert rest == whole[25:]


def test_every_list_that_can_be_empty_is_asked_for_nothing() -> None:
    listed = {path.split("?")[0] for path in LISTS}
    with_rows = {path.replace("{with_some}", "{at}").split("?")[0] for path in EMPTY.values()}
    assert listed <= with_rows | NEVER_EMPTY


def test_a_list_without_rows_has_the_header_of_one_with_rows(world, get, get_csv) -> None:
    with psycopg.connect(world) as connection:
        connection.execute(BARE.encode())
    at = get("/api/v1/smart-money/signals/BTC", "alice").json()["signals"][-1]["at"]
    some = "2026-03-01T12:10:00.000Z"
    for path, with_rows in EMPTY.items():
        empty = get_csv(path.format(at=at), "nobody")
        assert (empty.status_code, empty.text.count("\r\n")) == (200, 1), path
        full = get_csv(with_rows.format(with_some=some), "alice")
        assert full.text.count("\r\n") > 1, with_rows
        assert set(header_of(empty)) == set(header_of(full)), path
        assert header_of(empty) == header_of(full) or path not in SAME_ORDER, path


def header_of(answer: httpx2.Response) -> list[str]:
    return answer.text.splitlines()[0].split(",")


def test_an_empty_list_has_its_header_alone(get_csv) -> None:
    answer = get_csv(f"/api/v1/wallets/{A1}/fills?coin=NONE", "alice")
    assert answer.text.startswith("time,coin,coin_name,side,px,sz,notional,")
    assert answer.text.count("\r\n") == 1


def test_rows_that_are_skipped_are_skipped_once(get, get_csv) -> None:
    path = "/api/v1/twaps?start=2020-01-01"
    whole = read_csv(get_csv(path, "alice"))
    assert read_csv(get_csv(f"{path}&offset=2", "alice")) == whole[2:]


def test_filters_hold_and_a_file_has_a_name(get_csv) -> None:
    answer = get_csv(f"/api/v1/wallets/{A1}/fills?coin=BTC", "alice")
    assert {row["coin"] for row in read_csv(answer)} == {"BTC"}
    name = f"wallets-{A1}-fills.csv"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["cache-control"] == "private, no-store"
    assert "Accept" in answer.headers["vary"]
    assert "content-security-policy" in answer.headers


@pytest.mark.parametrize(
    ("accept", "is_csv"),
    [
        ("text/csv", True),
        ("TEXT/CSV; header=present", True),
        ("text/csv, */*;q=0.1", True),
        ("application/json;q=0.5, text/csv", True),
        ("application/json, text/csv;q=0.9", False),
        ("text/csv;q=0", False),
        ("text/csv;q=x", False),
        ("*/*", False),
        ("text/*", False),
    ],
)
def test_csv_is_given_to_whoever_likes_it_best(get, accept: str, *, is_csv: bool) -> None:
    for _ in range(2):  # the second time JSON comes from memory
        answer = get("/api/v1/wallets", "alice", Accept=accept)
        assert answer.headers["content-type"].startswith("text/csv") is is_csv


def test_what_cannot_be_given_is_a_problem(client, get_csv) -> None:
    refusals = [
        get_csv("/api/v1/session", "alice"),
        get_csv("/api/v1/wallets?limit=0", "alice"),
        get_csv(f"/api/v1/wallets/0x{'99' * 20}/fills", "alice"),
        get_csv(f"/api/v1/explain/wallet_day_metrics/{A1}/{DAY}", "vic"),
        client.get("/api/v1/wallets", headers={"Accept": "text/csv"}),
    ]
    assert [refusal.status_code for refusal in refusals] == [406, 400, 404, 403, 401]
    for refusal in refusals:
        assert refusal.headers["content-type"] == "application/problem+json"
    assert "accept application/json" in refusals[0].json()["detail"]


def test_another_org_gets_none_of_it(get_csv, paths) -> None:
    ours = 0
    for path in paths:
        for user, foreign in (("bob", "271828"), ("alice", "314159")):
            answer = get_csv(path, user)
            assert answer.status_code in {200, 404}
            assert foreign not in answer.text
            ours += {"bob": "314159", "alice": "271828"}[user] in answer.text
    assert ours > 10


def test_a_name_that_a_spreadsheet_would_run_is_text(world, get_csv) -> None:
    with psycopg.connect(world, autocommit=True) as connection:
        connection.execute(
            "update tenancy.wallet_labels set label = %s where label like 'Ours%%'",
            ['=HYPERLINK("http://x","a, b")'],
        )
        labels = [row["label"] for row in read_csv(get_csv("/api/v1/wallets", "alice"))]
        assert """'=HYPERLINK("http://x","a, b")""" in labels
        connection.execute(
            "update tenancy.wallet_labels set label = 'Ours [/b]' where label like '=%'"
        )
    fills = read_csv(get_csv(f"/api/v1/wallets/{A1}/fills", "alice"))
    assert {"-0.0125", ""} == {row["fee"] for row in fills}
    assert "@107" in {row["coin"] for row in fills}
