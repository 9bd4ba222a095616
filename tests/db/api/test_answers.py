"""What the resources answer, compared with the rows they are made of."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from hypertally.api.http.options import ApiOptions

A1 = "0x" + "a1" * 20
SHARED = "0x" + "c3" * 20
LEFT = "0x" + "d4" * 20


@pytest.fixture(scope="module")
def today(world: str) -> date:
    with psycopg.connect(world) as connection:
        found = connection.execute("select (now() at time zone 'UTC')::date").fetchone()
    assert found is not None
    return found[0]


def test_session_names_user_org_and_role(get) -> None:
    answer = get("/api/v1/session", "ann").json()
    moment = datetime.fromisoformat(answer.pop("server_time"))
    assert abs(datetime.now(UTC) - moment) < timedelta(seconds=30)
    assert answer == {"user_id": "ann", "org": "org_a", "role": "analyst", "exchange": "testnet"}


def test_wallet_day_has_exact_trimmed_decimals_as_strings(get, today: date) -> None:
    day = get(f"/api/v1/wallets/{A1}/days?limit=1", "vic").json()["days"][0]
    assert day["day"] == today.isoformat()
    assert day["spot_volume_usd"] == "271828.1"
    assert day["perp_volume_usd"] == "271828.25"
    assert day["hip3_volume_usd"] == "1"
    assert day["gross_realised_pnl_usd"] == "-271828"
    assert day["completeness"] == "1"
    assert day["volumes"] == {"perp": {"USDC": "271828.25"}}
    assert day["fees"] == {"USDC": "271828.5"}
    assert day["first_fill_at"] == f"{today}T01:00:01.002Z"
    assert (day["fills"], day["events"], day["coins"], day["restated"]) == (271828, 1, 2, 0)
    assert day["closed"] is False


def test_days_come_newest_first_between_inclusive_bounds(get, today: date) -> None:
    first, last = today - timedelta(days=3), today - timedelta(days=1)
    answer = get(f"/api/v1/wallets/{A1}/days?from={first}&to={last}", "vic").json()
    assert [day["day"] for day in answer["days"]] == [
        str(today - timedelta(days=back)) for back in (1, 2, 3)
    ]
    assert answer["days"][0]["restated"] == 1


def test_an_unknown_figure_is_null_with_its_reason_beside_it(get, today: date) -> None:
    day = today - timedelta(days=2)
    answer = get(f"/api/v1/wallets/{SHARED}/days?from={day}&to={day}", "vic").json()["days"][0]
    assert answer["perp_volume_usd"] is None
    assert answer["unpriced"] == [
        {"token": "USDH", "reason": "no stored price for the hour", "fills": 3}
    ]


def test_an_address_is_accepted_in_any_case_and_answered_in_lower(get) -> None:
    upper = "0X" + A1[2:].upper()
    answer = get(f"/api/v1/wallets/{upper}/days?limit=2", "vic").json()
    assert answer == get(f"/api/v1/wallets/{A1}/days?limit=2", "vic").json()
    assert answer["wallet"] == A1


def test_global_days_are_calendar_days_with_the_current_one_partial(get, today: date) -> None:
    answer = get("/api/v1/metrics/global?range=7d", "vic").json()
    expected = [str(today - timedelta(days=back)) for back in range(6, -1, -1)]
    assert [day["day"] for day in answer["days"]] == expected
    assert (answer["from"], answer["to"]) == (expected[0], expected[-1])
    assert [day["partial"] for day in answer["days"]] == [False] * 6 + [True]


def test_a_day_without_fills_is_zero_where_every_wallet_is_proved(get, today: date) -> None:
    days = {day["day"]: day for day in get("/api/v1/metrics/global?range=7d", "vic").json()["days"]}
    empty = days[str(today - timedelta(days=4))]
    assert (empty["fills"], empty["dau"], empty["wallets"]) == (0, 0, 3)
    assert (empty["perp_volume_usd"], empty["fees"], empty["completeness"]) == ("0", {}, "1")
    assert empty["definition"] is None
    assert empty["digest"] is None
    assert empty["average_volume_per_user_usd"] is None
    assert empty["closed"] is True


def test_a_day_without_fills_that_was_read_once_is_not_known_for_sure(get, today: date) -> None:
    days = {day["day"]: day for day in get("/api/v1/metrics/global?range=7d", "bob").json()["days"]}
    read_once = days[str(today - timedelta(days=4))]
    assert (read_once["fills"], read_once["definition"]) == (0, None)
    assert read_once["completeness"] == "0.999999"


def test_a_day_without_fills_is_unknown_where_a_record_has_a_gap(get, today: date) -> None:
    answer = get("/api/v1/metrics/global?range=90d", "vic").json()["days"]
    # The history of every wallet begins sixty days ago: what was before is not known.
    before = next(day for day in answer if day["day"] == str(today - timedelta(days=80)))
    assert before["fills"] is None
    assert before["perp_volume_usd"] is None
    assert before["volumes"] is None
    assert Decimal(before["completeness"]) < 1


def test_only_wallets_tracked_on_the_day_decide_about_it(get, today: date) -> None:
    days = {day["day"]: day for day in get("/api/v1/metrics/global?range=7d", "bob").json()["days"]}
    # The shared wallet came to this org two days ago.
    assert days[str(today - timedelta(days=4))]["wallets"] == 1


def test_an_org_that_tracks_no_wallet_has_zero_days(get) -> None:
    days = get("/api/v1/metrics/global?range=7d", "eve").json()["days"]
    assert [(day["wallets"], day["fills"]) for day in days] == [(0, 0)] * 7
    assert get("/api/v1/dashboard/summary", "eve").json()["today"] is None


def test_summary_totals_are_the_sums_of_the_global_days(get) -> None:
    summary = get("/api/v1/dashboard/summary", "vic").json()
    days = get("/api/v1/metrics/global?range=7d", "vic").json()["days"]
    totals = summary["ranges"]["7d"]
    assert totals["fills"] == sum(day["fills"] for day in days)
    spot = sum(Decimal(day["spot_volume_usd"]) for day in days)
    assert Decimal(totals["spot_volume_usd"]) == spot
    assert Decimal(totals["dau_average"]) == round(Decimal(sum(day["dau"] for day in days)) / 7, 2)
    assert (totals["from"], totals["to"], totals["days"]) == (days[0]["day"], days[-1]["day"], 7)


def test_a_total_over_days_of_which_one_is_null_is_null(get) -> None:
    totals = get("/api/v1/dashboard/summary", "vic").json()["ranges"]["7d"]
    assert totals["perp_volume_usd"] is None
    assert totals["legs_volume_usd"] is None
    assert totals["hip3_volume_usd"] is not None


def test_summary_shows_the_newest_two_days_and_the_state_of_the_record(get, today: date) -> None:
    summary = get("/api/v1/dashboard/summary", "bob").json()
    assert summary["today"]["day"] == str(today)
    assert summary["today"]["partial"] is True
    assert summary["previous"]["day"] == str(today - timedelta(days=1))
    assert summary["today"]["fills"] == 314159
    assert (summary["tracked_wallets"], summary["wallets_behind"]) == (2, 1)
    assert summary["as_of"] is not None
    assert summary["proven_until"] is not None


def test_ranking_leaves_out_the_current_day_and_days_outside_membership(get, today: date) -> None:
    answer = get("/api/v1/wallets/top?by=fills&window=7d", "vic").json()
    assert answer["to"] == str(today - timedelta(days=1))
    ranked = [(row["rank"], row["wallet"], row["value"]) for row in answer["wallets"]]
    # Five full days each; the wallet that left three days ago has two.
    assert ranked == [(1, SHARED, 577215 * 5), (2, A1, 271828 * 5), (3, LEFT, 161803 * 2)]


def test_a_wallet_whose_figure_is_null_is_counted_and_not_ranked(get) -> None:
    answer = get("/api/v1/wallets/top?by=perp_volume&window=7d", "vic").json()
    assert SHARED not in [row["wallet"] for row in answer["wallets"]]
    assert answer["unranked"] == [{"reason": "a price is missing", "wallets": 1}]
    assert answer["eligible"] == 2


@pytest.mark.parametrize("by", ["volume", "spot_volume", "hip3_volume", "pnl", "fees"])
def test_every_ranking_descends_and_ties_by_address(get, by: str) -> None:
    rows = get(f"/api/v1/wallets/top?by={by}&window=30d", "vic").json()["wallets"]
    values = [(-Decimal(row["value"]), row["wallet"]) for row in rows]
    assert values == sorted(values)
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))


def test_a_wallet_is_found_by_part_of_its_address(get) -> None:
    for part in ("A1A1", "0xa1", A1):
        found = get(f"/api/v1/wallets?query={part}", "vic").json()["wallets"]
        assert [wallet["wallet"] for wallet in found] == [A1]
    assert get("/api/v1/wallets?query=0x1a1", "vic").json()["wallets"] == []


def test_a_wallet_has_the_label_of_the_org_that_asks(get) -> None:
    labels = {
        row["wallet"]: row["label"] for row in get("/api/v1/wallets", "vic").json()["wallets"]
    }
    assert {wallet for wallet, label in labels.items() if label} == {A1}
    assert labels[A1] == get(f"/api/v1/wallets/{A1}", "vic").json()["label"] == "Ours [/b]"
    assert get(f"/api/v1/wallets/{SHARED}", "vic").json()["label"] is None
    assert get(f"/api/v1/wallets/{SHARED}", "bob").json()["label"] == "secret of B"


def test_wallet_totals_cover_its_history_and_its_record(get, today: date) -> None:
    answer = get(f"/api/v1/wallets/{A1}", "vic").json()
    assert answer["fills"] == answer["totals"]["fills"] == 271828 * 6
    assert answer["totals"]["spot_volume_usd"] == str(Decimal("271828.1") * 6)
    assert answer["totals"]["to"] == str(today)
    record = answer["record"]
    assert (record["gaps"], record["conflicts"], record["rejects"]) == (7, 1, 1)
    assert record["last_error"] == "a1 says 271828"
    assert record["history_begins_at"] is not None
    assert len(answer["gaps"]) == 7
    assert answer["gaps"][0]["missing_size_coin"] == "271828.5"
    assert answer["gaps"][-1]["from"] is None


def test_a_wallet_that_left_shows_when_it_was_tracked(get, today: date) -> None:
    answer = get(f"/api/v1/wallets/{LEFT}", "vic").json()
    assert answer["from_day"] == str(today - timedelta(days=90))
    assert answer["to_day"] == str(today - timedelta(days=3))


def test_a_fill_is_answered_whole(get, today: date) -> None:
    path = f"/api/v1/wallets/{A1}/fills?from={today - timedelta(days=1)}&limit=40"
    fills = get(path, "vic").json()["fills"]
    assert len(fills) == 40
    first = next(fill for fill in fills if fill["ordinal"] == 0)
    assert first["px"] == "271828.11"
    assert first["notional"] == "2718.2811"
    assert first["fee"] == "-0.0125"
    assert first["extra"] == {"unknown": "kept"}
    assert first["hash"] == "0x" + "ab" * 32
    assert first["fingerprint"] == "271828000"
    assert first["liquidation"] is None
    assert first["time"] == f"{today - timedelta(days=1)}T00:00:00.000Z"


def test_fill_bounds_are_inclusive_as_days_and_exclusive_as_times(get, today: date) -> None:
    day = today - timedelta(days=1)
    path = f"/api/v1/wallets/{A1}/fills?limit=1000"
    assert len(get(f"{path}&from={day}&to={day}", "vic").json()["fills"]) == 40
    # Four fills at midnight, four a minute and a half second later.
    until = f"{path}&from={day}&to={day}T00:01:00.500Z"
    assert len(get(until, "vic").json()["fills"]) == 4
    since = f"{path}&from={day}T00:01:00.500Z&to={day}T00:01:00.501Z"
    assert len(get(since, "vic").json()["fills"]) == 4
    only = get(f"{path}&from={day}&coin=%40107", "vic").json()["fills"]
    assert {fill["coin"] for fill in only} == {"@107"}


def test_fills_of_2023_have_no_trade_id(get) -> None:
    fills = get(f"/api/v1/wallets/{A1}/fills?to=2023-12-31&limit=100", "vic").json()["fills"]
    assert len(fills) == 20
    assert {fill["tid"] for fill in fills} == {None}


def test_explanation_of_a_wallet_day_counts_and_digests_its_fills(get, today: date) -> None:
    day = today - timedelta(days=1)
    answer = get(f"/api/v1/explain/wallet_day_metrics/{A1}/{day}?limit=3", "ann").json()
    digest = sum(271828000 + i for i in range(40))
    assert answer["inputs"]["count"] == 40
    assert answer["inputs"]["digest"] == f"40:{digest}"
    assert len(answer["inputs"]["fills"]) == 3
    assert answer["inputs"]["next"] is not None
    assert answer["definition"]["words"] == "Words of the wallet day."
    assert answer["value"]["fills"] == 271828
    assert answer["computed_at"] is not None
    assert answer["restatements"][0]["changes"] == {"fills": [1, 271828]}


def test_a_day_names_what_lowers_its_completeness(get, today: date) -> None:
    day = today - timedelta(days=1)
    (row,) = get(f"/api/v1/wallets/{A1}/days?from={day}&to={day}", "vic").json()["days"]
    assert row["reasons"] == ["reject"]
    answer = get(f"/api/v1/explain/wallet_day_metrics/{A1}/{day}", "ann").json()
    assert answer["reasons"] == [
        {
            "kind": "reject",
            "from": "2026-01-01T00:00:00.000Z",
            "to": "2026-01-01T00:00:00.000Z",
            "ms": None,
            "rows": 1,
            "wallets": None,
            "words": "rows of the exchange could not be read",
        }
    ]
    (reject,) = answer["rejects"]
    assert (reject["wallet"], reject["reason"]) == (A1, "not a row")
    (conflict,) = answer["conflicts"]
    assert (conflict["wallet"], conflict["coin"], conflict["row"]) == (A1, "BTC", {})
    other_day = get(f"/api/v1/explain/wallet_day_metrics/{A1}/{today}", "ann").json()
    assert (other_day["rejects"], other_day["conflicts"]) == ([], [])


def test_subtotals_by_coin_keep_the_token_where_the_price_is_missing(get, today: date) -> None:
    day = today - timedelta(days=1)
    answer = get(f"/api/v1/explain/wallet_day_metrics/{A1}/{day}", "ann").json()
    coins = {row["coin"]: row for row in answer["subtotals"]}
    assert sum(row["fills"] for row in coins.values()) == 40
    assert coins["BTC"]["volume"] == {"USDC": "21746.2488"}
    assert coins["BTC"]["volume_usd"] == "21746.2488"
    assert coins["BTC"]["fees"] == {"USDC": "-0.1"}
    # The last fill is a settlement: a row of the day without volume.
    assert coins["@1"]["volume"] == {"USDT0": "19027.9677"}
    assert coins["@1"]["volume_usd"] is None
    assert coins["#10"]["volume"] == {"USDH": "21746.2488"}
    assert coins["xyz:TSLA"]["kind"] == "hip3"
    taker, maker = (Decimal(coins["BTC"][f"{part}_volume_usd"]) for part in ("taker", "maker"))
    assert taker + maker == Decimal("21746.2488")


def test_explanation_of_a_global_day_lists_the_wallets_that_counted(get, today: date) -> None:
    day = today - timedelta(days=3)
    answer = get(f"/api/v1/explain/global_day_metrics/{day}", "ann").json()
    assert [row["wallet"] for row in answer["inputs"]["wallets"]] == [A1, SHARED]
    assert answer["inputs"]["count"] == 2
    assert answer["inputs"]["digest"] == "849043:849043000"
    earlier = get(f"/api/v1/explain/global_day_metrics/{day - timedelta(days=2)}", "ann").json()
    assert [row["wallet"] for row in earlier["inputs"]["wallets"]] == [A1, SHARED, LEFT]
    volumes = [Decimal(row["volume_usd"]) for row in answer["subtotals"]]
    assert sum(volumes) == Decimal(answer["value"]["legs_volume_usd"])


def test_system_shows_an_admin_the_pulls_of_the_own_org(get, options: ApiOptions) -> None:
    answer = get("/api/v1/system", "alice").json()
    assert answer["version"] == options.version
    assert answer["wallets"] == {"tracked": 2, "never_pulled": 0, "behind": 0, "failing": 1}
    assert [row["wallet"] for row in answer["failing"]] == [A1]
