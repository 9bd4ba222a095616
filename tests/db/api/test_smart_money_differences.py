"""Where the versions differ: counted as plain arithmetic counts, each period with its reason."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from operator import itemgetter
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from tests.hour import BEGIN, PERIODS, compute, record

from hypertally.api.smart_money import difference_shapes

PATH = "/api/v1/smart-money/differences"
STRETCH = "from=2026-05-04T12:00:00Z&to=2026-05-04T13:00:00Z"


@pytest.fixture(scope="module")
def world(make_database: Callable[[], str]) -> str:
    """Two orgs, and an hour of signals as they are computed."""
    url = make_database()
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        connection.execute(Path(__file__).with_name("world.sql").read_text().encode())
    record(url)
    asyncio.run(compute(url))
    return url


@pytest.fixture(scope="module")
def both(world: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The stored rows, version 1 and 2, newest first."""
    with psycopg.connect(world) as connection:
        rows = (
            connection.cursor(row_factory=dict_row)
            .execute(
                "select * from metrics.signals where at >= %s and definition < 'smart_money/3' "
                "order by at desc, asset, definition",
                [BEGIN],
            )
            .fetchall()
        )
    assert len(rows) == 2 * 3 * PERIODS
    return list(zip(rows[::2], rows[1::2], strict=True))


def one(get: Any, query: str = STRETCH) -> dict[str, Any]:
    answer = get(f"{PATH}?{query}", "vic")
    assert answer.status_code == 200, answer.text
    difference_shapes.Differences.model_validate(answer.json())
    return answer.json()


def called(row: dict[str, Any]) -> str:
    return f"{row['bias']} / {row['risk']}"


@pytest.mark.parametrize("asset", ["HYPE", "BTC", "ETH"])
def test_the_summary_counts_what_the_rows_say(get: Any, both: Any, asset: str) -> None:
    mine = [pair for pair in both if pair[0]["asset"] == asset]
    [shown] = [row for row in one(get)["summary"] if row["asset"] == asset]
    assert shown["periods"] == PERIODS
    assert shown["locked"] == 1
    assert shown["same_playbook"] == sum(called(first) == called(second) for first, second in mine)
    assert shown["same_band"] == sum(first["band"] == second["band"] for first, second in mine)
    for part, of in (("playbooks", called), ("bands", itemgetter("band"))):
        pairs = {(row["first"], row["second"]): row["periods"] for row in shown[part]}
        assert pairs == Counter((of(first), of(second)) for first, second in mine)
        assert [*pairs.values()] == sorted(pairs.values(), reverse=True)


@pytest.mark.parametrize("score", ["cas", "dispersion", "ecs"])
def test_differences_of_scores_are_of_periods_where_both_are_known(
    get: Any, both: Any, score: str
) -> None:
    for shown in one(get)["summary"]:
        mine = [(f[score], s[score]) for f, s in both if f["asset"] == shown["asset"]]
        apart = [abs(f - s) for f, s in mine if f is not None and s is not None]
        compared = shown["scores"][score]
        assert compared["periods"] == len(apart)
        assert compared["first_alone"] == sum(f is not None and s is None for f, s in mine)
        assert compared["second_alone"] == sum(f is None and s is not None for f, s in mine)
        if not apart:
            assert (compared["mean_difference"], compared["largest_difference"]) == (None, None)
            continue
        mean = sum(apart, Decimal(0)) / len(apart)
        rounded = mean.quantize(Decimal("1E-8"), ROUND_HALF_UP)
        assert Decimal(compared["mean_difference"]) == rounded
        assert Decimal(compared["largest_difference"]) == max(apart)


@pytest.mark.parametrize("limit", [1, 2, 5, 300])
def test_each_period_that_differs_is_listed_once_newest_first(
    get: Any, both: Any, limit: int
) -> None:
    expected = [
        (first["asset"], first["at"])
        for first, second in both
        if (first["band"], called(first)) != (second["band"], called(second))
    ]
    found: list[dict[str, Any]] = []
    page = one(get, f"{STRETCH}&limit={limit}")
    while True:
        found += page["periods"]
        assert page["summary"] == one(get)["summary"]
        if page["next"] is None:
            break
        assert len(page["periods"]) == limit
        page = one(get, f"limit={limit}&cursor={page['next']}")
    assert [(row["asset"], datetime.fromisoformat(row["at"])) for row in found] == expected
    assert len(expected) > 15


def test_a_period_shows_both_scores_and_both_rules_and_says_why(get: Any) -> None:
    [row] = one(get, "asset=HYPE&from=2026-05-04T12:05:00Z&to=2026-05-04T12:10:00Z")["periods"]
    assert (row["first"]["cas"], row["first"]["band"]) == ("60", "long")
    assert row["first"]["rule"] == "lean_mixed"
    assert (row["second"]["cas"], row["second"]["band"]) == ("83.33333333", "strong_long")
    assert row["causes"][0] == {
        "cause": "denominator",
        "moves": ["band", "playbook"],
        "words": "v1 divides by all 100 wallets observed, v2 by the 20 that opened or added, plus "
        "ten: CAS 60 against 83.33",
    }
    assert row["because"] == "; ".join(cause["words"] for cause in row["causes"])


def test_every_listed_period_has_a_reason(get: Any) -> None:
    periods = one(get)["periods"]
    assert all(row["because"] for row in periods)
    named = {cause["cause"] for row in periods for cause in row["causes"]}
    assert "unexplained" not in named
    assert {"denominator", "unknown_shown"} <= named


def test_without_periods_there_is_nothing_to_tell(get: Any) -> None:
    answer = one(get, "from=2026-05-01&to=2026-05-02")
    assert (answer["summary"], answer["periods"], answer["next"]) == ([], [], None)


def test_every_org_sees_the_same_and_nobody_else_anything(get: Any, client: Any) -> None:
    mine, theirs = (get(f"{PATH}?{STRETCH}", user) for user in ("alice", "bob"))
    assert mine.json() == theirs.json()
    assert mine.headers["Cache-Control"] == "private, max-age=30"
    assert get(f"{PATH}?{STRETCH}", "nobody").status_code == 403
    assert client.get(f"{PATH}?{STRETCH}").status_code == 401


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("asset=btc", "asset"),
        ("from=soon", "from"),
        ("from=2026-05-02&to=2026-05-01", "from"),
        ("from=2026-03-01&to=2026-05-01", "from"),
        ("limit=301", "limit"),
        ("cursor=WzFd", "cursor"),
        ("definition=smart_money%2F1", "definition"),
    ],
)
def test_a_bad_parameter_is_named(get: Any, query: str, field: str) -> None:
    answer = get(f"{PATH}?{query}", "vic")
    assert (answer.status_code, answer.json()["field"]) == (400, field)
