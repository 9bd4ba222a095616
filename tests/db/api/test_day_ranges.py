"""Ranges of days: the total is the sum of the days beside it, and what is not priced is bounded."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import httpx2
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import sql
from tests.db.api.conftest import SECRET, Fetch, run_server

from hypertally.api.http.options import ApiOptions
from hypertally.api.identity.auth import Identity, connect_as
from hypertally.api.identity.tokens import mint
from hypertally.store.postgres import open_pool

WALLET = "0x" + "a1" * 20
OTHER = "0x" + "b2" * 20
# Both sides of a leap day, of a month's end, and of a year's end.
SPAN = (date(2023, 12, 20), date(2024, 3, 10))
NEVER_NEGATIVE = (
    "spot_volume_usd",
    "perp_volume_usd",
    "taker_volume_usd",
    "maker_volume_usd",
    "legs_volume_usd",
    "unique_volume_usd",
)
SIGNED = ("gross_realised_pnl_usd", "fees_usd")
OF_A_WALLET = ("spot_volume_usd", "perp_volume_usd", "taker_volume_usd", *SIGNED)
Answer = dict[str, Any]


@pytest.fixture(scope="module")
def days_world(make_database) -> str:
    """An org with days of random figures, some of them without a price, and two wallets."""
    url = make_database()
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        connection.execute("insert into tenancy.orgs (name) values ('org')")
        for address in (WALLET, OTHER):
            connection.execute(
                "insert into tenancy.wallets (address) values (%s)", [bytes.fromhex(address[2:])]
            )
        connection.execute(
            "insert into tenancy.org_wallets (org_id, wallet_id, from_day) "
            "select o.id, w.id, '-infinity' from tenancy.orgs o, tenancy.wallets w "
            "where o.name = 'org'"
        )
        connection.execute(
            "insert into tenancy.user_profiles (user_id, org_id, role) "
            "select 'ann', id, 'analyst' from tenancy.orgs where name = 'org'"
        )
        connection.execute(
            "insert into ops.hl_ingest_cursor "
            "(wallet_id, cursor_ms, confirmed_ms, proven_until, pulled_at) "
            "select id, 1, extract(epoch from timestamptz '2022-06-01 00:00Z') * 1000, now(), "
            "now() from tenancy.wallets"
        )
        connection.execute(
            "insert into metrics.fill_gaps (wallet_id, coin, kind, from_at, to_at, definition) "
            "values (1, 'BTC', 'position_break', '2022-05-03 12:00Z', '2022-05-03 12:01Z', 'x/1')"
        )
        connection.execute(
            "insert into facts.rejects "
            "(wallet_id, source, payload, payload_sha256, reason, page_id, ordinal) "
            "values (1, 'info', '?', sha256('?'), 'not a row', 1, 0)"
        )
        connection.execute(
            "insert into facts.reject_windows (reject_id, wallet_id, from_at, to_at) "
            "values (1, 1, '2022-05-05 23:59:59.999Z', '2022-05-05 23:59:59.999Z')"
        )
        random = Random(11)
        # Before the days of the gap and the reject, of the first wallet alone.
        insert_figures(connection, "wallet_day_metrics", date(2022, 5, 2), random, {"wallet_id": 1})
        day = SPAN[0]
        while day <= SPAN[1]:
            insert_day(connection, day, random)
            day += timedelta(days=1)
    return url


def insert_day(connection: psycopg.Connection, day: date, random: Random) -> None:
    if random.random() < 0.1:
        return  # a day without fills
    for wallet in (1, 2):
        insert_figures(connection, "wallet_day_metrics", day, random, {"wallet_id": wallet})
    extra = {"wallets": 2, "dau": random.randint(0, 2)}
    org = {"org_id": 1, **extra}
    insert_figures(connection, "global_day_metrics", day, random, org)


def insert_figures(
    connection: psycopg.Connection, table: str, day: date, random: Random, key: dict[str, int]
) -> None:
    figures: dict[str, Decimal | None] = {}
    intervals: dict[str, Answer] = {}
    names = (*NEVER_NEGATIVE, *SIGNED) if "org_id" in key else (*NEVER_NEGATIVE[:4], *SIGNED)
    for name in (*names, "hip3_volume_usd", "outcome_volume_usd", "other_volume_usd"):
        value = Decimal(random.randint(-9999 if name in SIGNED else 0, 9999)) / 1000
        figures[name] = value
        if random.random() < 0.15:
            figures[name] = None
            has_floor = name not in SIGNED or random.random() < 0.5
            intervals[name] = {
                "known": str(value),
                "lower": str(value) if has_floor else None,
                "upper": None,
                "unpriced": {random.choice(("USDH", "USDE")): str(random.randint(1, 99))},
            }
    row: dict[str, Any] = {
        **key,
        "day": day,
        "fills": random.randint(1, 99),
        "events": 0,
        "forced_fills": 0,
        **figures,
        "volumes": "{}",
        "fees": "{}",
        "builder_fees": "{}",
        "builder_fees_usd": 0,
        "coins": 1,
        "first_fill_at": datetime(day.year, day.month, day.day, tzinfo=UTC),
        "last_fill_at": datetime(day.year, day.month, day.day, 23, tzinfo=UTC),
        "unpriced": "[]",
        "closed": True,
        "completeness": 1,
        "definition": f"{table}/9",
        "digest": "1:1",
        "reference_digest": "0:0",
        "intervals": json.dumps(intervals),
    }
    if "wallet_id" in key:
        row["gap_ms"] = 0
    columns = sql.SQL(", ").join(map(sql.Identifier, row))
    values = sql.SQL(", ").join([sql.Placeholder()] * len(row))
    statement = sql.SQL("insert into metrics.{} ({}) values ({})").format(
        sql.Identifier(table), columns, values
    )
    connection.execute(statement, list(row.values()))


@pytest.fixture(scope="module")
def fetch(days_world: str, ui_dir) -> Iterator[Fetch]:
    options = ApiOptions(database_url=days_world, version="1.2.3", jwt_secret=SECRET, ui_dir=ui_dir)
    bearer = {"Authorization": f"Bearer {mint(SECRET, 'ann', seconds=86_400)}"}
    for address in run_server(options):
        with httpx2.Client(base_url=address, headers=bearer) as client:
            yield client.get


DAYS = st.dates(*SPAN)
MONTHS = st.sampled_from(("2023-12", "2024-01", "2024-02", "2024-03"))
QUERIES = st.one_of(
    st.tuples(DAYS, DAYS).map(lambda pair: f"from={min(pair)}&to={max(pair)}"),
    MONTHS.map(lambda month: f"month={month}"),
)


@given(query=QUERIES)
@settings(max_examples=60)
def test_the_total_of_a_range_is_the_sum_of_its_days(fetch: Fetch, query: str) -> None:
    answer = fetch(f"/api/v1/metrics/global?{query}").json()
    days, total = answer["days"], answer["total"]
    assert (total["from"], total["to"]) == (answer["from"], answer["to"])
    assert [days[0]["day"], days[-1]["day"]] == [answer["from"], answer["to"]]
    assert total["days"] == len(days)
    assert total["fills"] == sum(day["fills"] for day in days)
    for name in NEVER_NEGATIVE:
        compare(name, total, days)
    for name in SIGNED:
        compare(name, total, days)


@given(query=QUERIES)
@settings(max_examples=40)
def test_the_total_of_a_wallet_is_the_sum_of_its_days(fetch: Fetch, query: str) -> None:
    answer = fetch(f"/api/v1/wallets/{WALLET}/days?{query}&limit=1000").json()
    page = fetch(f"/api/v1/wallets/{WALLET}?{query}").json()
    assert answer["total"] == page["totals"]
    assert answer["total"]["days"] == len(answer["days"])
    for name in OF_A_WALLET:
        compare(name, answer["total"], answer["days"])


def compare(name: str, total: Answer, days: list[Answer]) -> None:
    """Hold a total against the days that are shown beside it, to the digit."""
    unpriced = [day["intervals"][name] for day in days if day[name] is None]
    priced = sum((Decimal(day[name]) for day in days if day[name] is not None), Decimal(0))
    if not unpriced:
        assert name not in total["intervals"]
        if days:
            assert Decimal(total[name]) == priced
        return
    interval = total["intervals"][name]
    assert total[name] is None
    assert Decimal(interval["known"]) == priced + sum(Decimal(part["known"]) for part in unpriced)
    floors = [part["lower"] for part in unpriced]
    expected = None if None in floors else priced + sum(map(Decimal, floors))
    assert (interval["lower"] and Decimal(interval["lower"])) == expected
    tokens = {token for part in unpriced for token in part["unpriced"]}
    assert {token: Decimal(amount) for token, amount in interval["unpriced"].items()} == {
        token: sum(Decimal(part["unpriced"].get(token, 0)) for part in unpriced) for token in tokens
    }


@given(query=QUERIES)
@settings(max_examples=20)
def test_a_range_is_explained_by_the_days_that_its_total_sums(fetch: Fetch, query: str) -> None:
    whole = fetch(f"/api/v1/metrics/global?{query}").json()
    proof = fetch(f"/api/v1/explain/global_day_metrics?{query}").json()
    assert (proof["value"], proof["inputs"]["days"]) == (whole["total"], whole["days"])
    assert proof["key"] == {"org": "org", "from": whole["from"], "to": whole["to"]}
    with_fills = sum(day["digest"] is not None for day in whole["days"])
    assert proof["inputs"]["digest"] == f"{with_fills}:{with_fills}"
    answer = fetch(f"/api/v1/wallets/{WALLET}/days?{query}&limit=1000").json()
    of_wallet = fetch(f"/api/v1/explain/wallet_day_metrics/{WALLET}?{query}").json()
    assert (of_wallet["value"], of_wallet["inputs"]["days"]) == (answer["total"], answer["days"])
    assert of_wallet["completeness"] == answer["total"]["completeness"]


@given(query=QUERIES, by=st.sampled_from(("volume", "perp_volume", "fees", "fills")))
@settings(max_examples=30)
def test_a_ranking_is_of_the_same_sums_as_the_wallets_days(
    fetch: Fetch, query: str, by: str
) -> None:
    answer = fetch(f"/api/v1/wallets/top?by={by}&{query}").json()
    assert len(answer["wallets"]) == answer["eligible"]
    for row in (*answer["wallets"], *answer["unpriced_wallets"]):
        total = fetch(f"/api/v1/wallets/{row['wallet']}/days?{query}").json()["total"]
        for name in (*OF_A_WALLET, "fills", "days_active", "completeness"):
            assert row[name] == total[name]
            assert row["intervals"].get(name) == total["intervals"].get(name)
        assert row["volume_usd"] == total["legs_volume_usd"]
        assert row["intervals"].get("volume_usd") == total["intervals"].get("legs_volume_usd")
    assert sum(group["wallets"] for group in answer["unranked"]) == len(answer["unpriced_wallets"])


def test_the_gaps_of_a_range_are_those_that_touch_it(fetch: Fetch) -> None:
    path = "/api/v1/explain/global_day_metrics"
    touched = fetch(f"{path}?from=2022-05-03&to=2022-05-03").json()["gaps"]
    assert [gap["wallet"] for gap in touched] == [WALLET]
    assert fetch(f"{path}?from=2022-05-04&to=2022-05-05").json()["gaps"] == []
    history = fetch(f"/api/v1/explain/wallet_day_metrics/{WALLET}").json()
    assert len(history["gaps"]) == 1
    assert history["key"] == {"wallet": WALLET, "from": None, "to": None}


def test_a_month_is_all_its_days_and_a_leap_day_is_one(fetch: Fetch) -> None:
    answer = fetch("/api/v1/metrics/global?month=2024-02").json()
    assert (answer["range"], answer["from"], answer["to"]) == (None, "2024-02-01", "2024-02-29")
    assert (answer["partial"], answer["total"]["days"]) == (False, 29)
    year = fetch("/api/v1/metrics/global?from=2024-01-01&to=2024-12-31").json()
    assert year["total"]["days"] == 366


def test_a_range_ends_with_today_at_the_latest_and_says_so(fetch: Fetch) -> None:
    answer = fetch("/api/v1/metrics/global?to=2999-01-01").json()
    today = datetime.now(UTC).date()
    assert (answer["to"], answer["partial"]) in (
        (str(today), True),
        (str(today - timedelta(days=1)), True),
    )
    assert answer["total"]["days"] == 30


def test_a_day_that_is_not_known_leaves_a_lower_bound_of_what_is(fetch: Fetch) -> None:
    answer = fetch("/api/v1/metrics/global?from=2022-05-01&to=2022-05-07").json()
    fills = [day["fills"] for day in answer["days"]]
    # On one day is a gap, on the other a fill that could not be read.
    assert fills == [0, 0, None, 0, None, 0, 0]
    assert answer["total"]["days_unknown"] == 2
    assert answer["total"]["fills"] is None
    bounds = {"known": "0", "upper": None, "unpriced": {}}
    assert answer["total"]["intervals"]["legs_volume_usd"] == bounds | {"lower": "0"}
    assert answer["total"]["intervals"]["fees_usd"] == bounds | {"lower": None}


@pytest.mark.parametrize(
    ("query", "days_unknown", "completeness"),
    [("from=2022-05-03&to=2022-05-07", 2, "0.6"), ("from=2022-05-03&to=2022-05-03", 1, "0")],
)
def test_where_days_without_fills_are_not_known_no_figure_is(
    fetch: Fetch, query: str, days_unknown: int, completeness: str
) -> None:
    """A day that lies in a gap was answered with 0 fills."""
    total = fetch(f"/api/v1/wallets/{WALLET}/days?{query}").json()["total"]
    assert (total["days"], total["days_unknown"]) == (0, days_unknown)
    assert (total["fills"], total["legs_volume_usd"]) == (None, None)
    assert total["completeness"] == completeness
    bounds = {"known": "0", "upper": None, "unpriced": {}}
    assert total["intervals"]["fills"] == bounds | {"lower": "0"}
    assert total["intervals"]["fees_usd"] == bounds | {"lower": None}


def test_a_day_of_a_wallet_that_is_not_known_lowers_the_completeness_of_the_range(
    fetch: Fetch,
) -> None:
    """Days without fills did not count: completeness was 1 beside a gap of a whole day."""
    query = "from=2022-05-02&to=2022-05-05"
    day = fetch(f"/api/v1/wallets/{WALLET}/days?from=2022-05-01&to=2022-05-02").json()["total"]
    assert (day["days"], day["days_unknown"], day["completeness"]) == (1, 0, "1")
    total = fetch(f"/api/v1/wallets/{WALLET}/days?{query}").json()["total"]
    assert (total["days"], total["days_unknown"], total["completeness"]) == (1, 2, "0.5")
    assert total["fills"] == day["fills"]
    assert fetch(f"/api/v1/wallets/{WALLET}?{query}").json()["totals"] == total
    proof = fetch(f"/api/v1/explain/wallet_day_metrics/{WALLET}?{query}").json()
    assert (proof["value"], proof["completeness"]) == (total, "0.5")
    top = fetch(f"/api/v1/wallets/top?by=fills&{query}").json()
    assert [row["completeness"] for row in top["wallets"]] == ["0.5"]
    record = fetch(f"/api/v1/wallets/{WALLET}").json()["record"]
    assert 0.9 < float(record["completeness"]) < 1


@pytest.mark.parametrize("query", ["from=2999-01-01", "month=2999-01"])
def test_days_of_a_wallet_that_have_not_begun_are_refused(fetch: Fetch, query: str) -> None:
    """They were answered with 0 fills and completeness 0.999999."""
    for path in (
        f"/api/v1/wallets/{WALLET}",
        f"/api/v1/wallets/{WALLET}/days",
        f"/api/v1/explain/wallet_day_metrics/{WALLET}",
    ):
        problem = fetch(f"{path}?{query}")
        assert (problem.status_code, problem.json()["field"]) == (400, query.partition("=")[0])
        assert "after today" in problem.json()["detail"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (f"explain/wallet_day_metrics/{WALLET}/2999-01-01", "day"),
        ("explain/global_day_metrics/2999-01-01", "day"),
        (f"wallets/{WALLET}/fills?from=2999-01-01", "from"),
        (f"wallets/{WALLET}/fills?from=2999-01-01T12:00:00Z", "from"),
        (f"wallets/{WALLET}/fills?from=9999-12-31T23:59:59-05:00", "from"),
    ],
)
def test_a_day_that_has_not_begun_is_refused(fetch: Fetch, path: str, field: str) -> None:
    """It was answered with nulls, and with no fills."""
    problem = fetch(f"/api/v1/{path}")
    assert (problem.status_code, problem.json()["field"]) == (400, field)
    today = {f"{datetime.now(UTC).date() - n * timedelta(days=1)}" for n in (0, 1)}
    remedy = problem.json()["detail"].rpartition("it must not lie after today, which is ")[2]
    assert remedy in today


def test_today_can_be_asked_for(fetch: Fetch) -> None:
    today = datetime.now(UTC).date()
    for path in (
        f"explain/wallet_day_metrics/{WALLET}/{today}",
        f"explain/global_day_metrics/{today}",
        f"wallets/{WALLET}/fills?from={today}T23:59:59Z",
    ):
        assert fetch(f"/api/v1/{path}").status_code == 200


def test_a_wallets_day_without_fills_names_what_could_not_be_read(fetch: Fetch) -> None:
    """It has no row, and lowers the day of its org all the same."""
    path = f"/api/v1/explain/wallet_day_metrics/{WALLET}"
    answer = fetch(f"{path}/2022-05-05").json()
    (reason,) = answer["reasons"]
    assert answer["value"] is None
    assert (reason["kind"], reason["rows"], len(answer["rejects"])) == ("reject", 1, 1)
    assert reason["from"] == "2022-05-05T23:59:59.999Z"
    assert fetch(f"{path}/2022-05-06").json()["reasons"] == []
    of_other = fetch(f"/api/v1/explain/wallet_day_metrics/{OTHER}/2022-05-05").json()
    assert of_other["reasons"] == []


@pytest.mark.parametrize(
    ("query", "field", "remedy"),
    [
        ("month=2026-13", "month", "YYYY-MM"),
        ("month=202610", "month", "YYYY-MM"),
        ("month=0001-01", "month", "1970"),
        ("month=2999-01", "month", "today"),
        ("from=2999-01-01", "from", "today"),
        ("from=2024-02-02&to=2024-02-01", "from", "2024-02-01"),
        ("from=2023-01-01&to=2024-01-02", "from", "366 days: begin at 2023-01-02"),
        ("from=0001-01-01", "from", "1970"),
        ("to=0001-01-01", "to", "1970"),
        ("month=2024-02&from=2024-02-01", "month", "either month or from and to"),
        ("range=7d&month=2024-02", "month", "either month or range"),
        ("range=7d&to=2024-02-03", "to", "either to or range"),
    ],
)
def test_a_range_that_cannot_be_used_is_named_with_its_remedy(
    fetch: Fetch, query: str, field: str, remedy: str
) -> None:
    paths = ["/api/v1/metrics/global"]
    if "range=" not in query:
        paths.append("/api/v1/wallets/top")
    for path in paths:
        problem = fetch(f"{path}?{query}")
        assert problem.status_code == 400, path
        assert problem.json()["field"] == field
        assert remedy in problem.json()["detail"]


def test_a_window_is_given_in_one_way_alone(fetch: Fetch) -> None:
    problem = fetch("/api/v1/wallets/top?window=7d&month=2024-02")
    assert (problem.status_code, problem.json()["field"]) == (400, "month")
    assert "either month or window" in problem.json()["detail"]


def test_a_wallets_range_may_lie_anywhere_until_today(fetch: Fetch) -> None:
    path = f"/api/v1/wallets/{WALLET}/days"
    early = ("from=1999-01-01&to=1999-12-31", "to=2020-01-01")
    assert [fetch(f"{path}?{days}").json()["days"] for days in early] == [[], []]
    assert fetch(f"{path}?to=2999-01-01").json()["days"] == fetch(path).json()["days"] != []
    assert fetch(f"{path}?from=2024-02-02&to=2024-02-01").json()["field"] == "from"


def test_days_without_fills_are_nothing_where_the_record_is_proved(fetch: Fetch) -> None:
    proved = fetch(f"/api/v1/wallets/{OTHER}/days?month=2022-05").json()["total"]
    assert (proved["legs_volume_usd"], proved["fills"], proved["completeness"]) == ("0", 0, "1")
    read_once = fetch(f"/api/v1/wallets/{OTHER}/days?month=2022-06").json()["total"]
    assert (read_once["fills"], read_once["completeness"]) == (0, "0.999999")


@pytest.mark.parametrize("days", [1, 7])
def test_the_current_day_without_fills_counts_as_far_as_it_is_proved(
    fetch: Fetch, days_world: str, days: int
) -> None:
    """It counted as a whole day, and one with a fill as the part that is over."""
    with psycopg.connect(days_world, options="-c timezone=UTC") as connection:
        row = connection.execute(
            "select proven_until from ops.hl_ingest_cursor where wallet_id = 2"
        ).fetchone()
    assert row
    proven: datetime = row[0]
    first = proven.date() - timedelta(days=days - 1)
    midnight = datetime.combine(proven, time(), UTC)
    part = Decimal((proven - midnight) // timedelta(microseconds=1)) / 86_400_000_000
    expected = float((days - 1 + part) / days)
    path = f"from={first}&to={proven.date()}"
    total = fetch(f"/api/v1/wallets/{OTHER}/days?{path}").json()["total"]
    assert float(total["completeness"]) == pytest.approx(expected, abs=3e-6)
    today = fetch(f"/api/v1/metrics/global?{path}").json()["days"][-1]
    assert (today["fills"], today["partial"]) == (0, True)
    assert float(today["completeness"]) == pytest.approx(float(part), abs=3e-6)


def test_the_completeness_of_a_range_is_the_mean_of_all_its_days(
    fetch: Fetch, days_world: str
) -> None:
    """The open day was left out as soon as another day had fills, and a fill lowered a range."""
    with psycopg.connect(days_world, options="-c timezone=UTC") as connection:
        rows = connection.execute(
            "select day, completeness from metrics.wallet_day_metrics where wallet_id = 1"
        ).fetchall()
        of_a_day: dict[date, Decimal] = dict(rows)
        proven = connection.execute(
            "select proven_until from ops.hl_ingest_cursor where wallet_id = 1"
        ).fetchone()
    assert proven
    today = proven[0].date()
    midnight = datetime.combine(today, time(), UTC)
    gap, reject = date(2022, 5, 3), date(2022, 5, 5)
    for first in (date(2022, 4, 20), date(2022, 5, 2), *SPAN, today - timedelta(days=3)):
        for last in (date(2022, 5, 4), date(2022, 7, 1), SPAN[1], today):
            days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
            expected = Decimal(0)
            for day in days:
                if day in of_a_day:
                    expected += of_a_day[day]
                elif day == today:
                    expected += Decimal((proven[0] - midnight).total_seconds()) / 86_400
                elif day not in (gap, reject):
                    expected += 1 if day < date(2022, 6, 1) else Decimal("0.999999")
            if not days:
                continue
            query = f"from={first}&to={last}"
            total = fetch(f"/api/v1/wallets/{WALLET}/days?{query}").json()["total"]
            shown = float(total["completeness"])
            assert shown == pytest.approx(float(expected / len(days)), abs=3e-6), query
            top = fetch(f"/api/v1/wallets/top?by=fills&{query}").json().get("wallets", [])
            ranked = [row["completeness"] for row in top if row["wallet"] == WALLET]
            assert ranked in ([], [total["completeness"]])


async def test_all_statements_of_an_answer_see_one_snapshot(days_world: str) -> None:
    identity = Identity(user_id="ann", org_id=1, org="org", role="analyst", expires_at=0)
    count = "select sum(fills)::bigint as fills from metrics.wallet_day_metrics"
    async with (
        open_pool(days_world, role="hypertally_api", size=1) as pool,
        connect_as(pool, identity) as connection,
    ):
        before = await (await connection.execute(count)).fetchone()
        with psycopg.connect(days_world, autocommit=True) as writer:
            writer.execute("update metrics.wallet_day_metrics set fills = fills + 1")
        after = await (await connection.execute(count)).fetchone()
        with psycopg.connect(days_world, autocommit=True) as writer:
            writer.execute("update metrics.wallet_day_metrics set fills = fills - 1")
    assert before == after
