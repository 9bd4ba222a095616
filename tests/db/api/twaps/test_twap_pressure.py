"""What TWAPs that run have left, and their sums over a window."""

from decimal import Decimal
from typing import Any

import pytest

from hypertally.api.twaps import shapes

D4, E5 = ("0x" + mark * 20 for mark in ("d4", "e5"))
PRESSURE = "/api/v1/twaps/pressure"
SUMMARY = "/api/v1/twaps/summary"


def pressure(get, as_of: str, user: str = "vic") -> dict[str, Any]:
    answer = get(f"{PRESSURE}?as_of={as_of}", user).json()
    shapes.Pressure.model_validate(answer)
    return answer


def summary(get, query: str, user: str = "vic") -> dict[str, dict[str, Any]]:
    answer = get(f"{SUMMARY}?{query}", user).json()
    shapes.TwapsSummary.model_validate(answer)
    return {row[answer["by"]]: row for row in answer["rows"]}


def test_what_is_left_is_requested_less_slices_or_the_share_of_time(get) -> None:
    answer = pressure(get, "2026-03-01T10:30:00Z")
    running = {row["twap_id"]: row for row in answer["running"]}
    # 5004 was ended at 10:20, 5005 had not begun, when 5007 ended nobody said.
    assert set(running) == {"5001", "5002", "5006"}
    assert running["5001"] == {
        "twap_id": "5001", "wallet": D4, "asset": "ETH", "side": "B",
        "started_at": "2026-03-01T10:00:00.000Z", "ends_at": "2026-03-01T11:00:00.000Z",
        "size_requested": "120", "size_left": "60", "basis": "slices",
        "completes_at": "2026-03-01T11:00:00.000Z",
    }  # fmt: skip
    assert (running["5002"]["basis"], running["5002"]["size_left"]) == ("schedule", "50")
    # An hour and a half of a day is over.
    assert running["5006"]["size_left"] == "0.28125"
    assert running["5006"]["completes_at"] == running["5006"]["ends_at"]


def test_coins_sum_what_is_left_and_price_it_by_the_newest_middle_price(get) -> None:
    (coin,) = pressure(get, "2026-03-01T10:30:00Z")["coins"]
    net = Decimal("60.28125") - 50
    assert (coin["asset"], coin["running"], coin["observed"]) == ("ETH", 3, 1)
    assert (coin["buy_size_left"], coin["sell_size_left"]) == ("60.28125", "50")
    assert coin["net_size_left"] == str(net)
    # The price of half a minute before, not the one of half a minute later.
    assert coin["price_usd"] == "2060.5"
    assert coin["price_source"] == "allMids 2026-03-01T10:29:30.000Z"
    assert Decimal(coin["net_usd_left"]) == net * Decimal("2060.5")
    assert coin["last_ends_at"] == "2026-03-02T09:00:00.000Z"


def test_the_forecast_falls_in_straight_lines_to_zero_at_the_last_end(get) -> None:
    (coin,) = pressure(get, "2026-03-01T10:30:00Z")["coins"]
    points = coin["forecast"]
    assert len(points) == 7
    assert points[0] == {"at": "2026-03-01T10:30:00.000Z", "net_size_left": coin["net_size_left"]}
    assert points[-1] == {"at": coin["last_ends_at"], "net_size_left": "0"}
    # Of the last alone, a sixth of its 22.5 hours at a time.
    assert points[3]["at"] == "2026-03-01T21:45:00.000Z"
    assert points[3]["net_size_left"] == "0.140625"


def test_a_coin_without_a_price_says_why(get) -> None:
    coins = {coin["asset"]: coin for coin in pressure(get, "2026-03-01T11:00:00Z")["coins"]}
    tesla = coins["xyz:TSLA"]
    assert tesla["net_size_left"] == "-50"
    assert tesla["price_usd"] == "250.25"
    assert tesla["net_usd_left"] == "-12512.5"
    stale = coins["ETH"]
    assert stale["price_usd"] is stale["net_usd_left"] is stale["price_source"] is None
    reason = "no mid price is stored for the 10 minutes before as_of"
    assert stale["unknown"] == {"price_usd": reason, "net_usd_left": reason}


def test_now_the_orgs_own_running_twaps_are_observed(get) -> None:
    answer = get(PRESSURE, "alice").json()
    shapes.Pressure.model_validate(answer)
    (coin,) = answer["coins"]
    assert (coin["asset"], coin["running"], coin["observed"]) == ("BTC", 3, 3)
    left = sum(Decimal(n) + Decimal("0.5") - 2 for n in (271828, 577215, 161803))
    assert Decimal(coin["net_size_left"]) == left
    assert coin["price_usd"] == "100000.5"
    # The archive's newest, though the exchange told of newer ones.
    assert answer["statuses_known_until"] == "2026-03-01T10:50:00.000Z"


def test_an_org_has_no_pressure_of_anothers_own_twaps(get) -> None:
    (coin,) = get(PRESSURE, "bob").json()["coins"]
    assert coin["running"] == 2
    assert Decimal(coin["net_size_left"]) == 314159 + 577215 - 3
    assert get(PRESSURE, "nobody").status_code == 403


def test_a_summary_counts_by_state_and_sums_what_is_known(get) -> None:
    rows = summary(get, "by=asset&start=2026-03-01&end=2026-03-02")
    ether = rows["ETH"]
    assert (ether["twaps"], ether["finished"], ether["terminated"]) == (4, 2, 1)
    assert (ether["failed"], ether["running"], ether["end_unknown"]) == (0, 0, 1)
    # 5001 by slices, 5002 and 5004 by their statuses; 5006 never said what became of it.
    assert Decimal(ether["executed_notional"]) == Decimal(247140) + Decimal("100000.5") + 20010
    assert ether["executed_notional_known"] == 3
    assert (ether["fees_usd"], ether["fees_usd_known"]) == ("12", 1)
    assert rows["HYPE"]["failed"] == 1
    assert rows["HYPE"]["executed_notional"] == "0"
    assert rows["xyz:TSLA"]["executed_notional"] is None
    assert next(iter(rows)) == "ETH"


def test_a_summary_of_a_part_of_a_life_sums_that_part(get) -> None:
    window = "start=2026-03-01T10:30:00Z&end=2026-03-01T10:45:00Z"
    row = summary(get, f"by=wallet&{window}")[D4]
    assert (row["twaps"], row["executed_notional"], row["fees_usd"]) == (1, "62235", "3")
    # Without slices the org that does not track the wallet knows nothing of a part.
    other = summary(get, f"by=wallet&{window}", "bob")[D4]
    assert (other["executed_notional"], other["executed_notional_known"]) == (None, 0)


def test_a_summary_is_the_sum_of_the_list(get) -> None:
    for window in (
        "start=2026-03-01&end=2026-03-02",
        "start=2026-03-01T10:20:00Z&end=2026-03-01T10:55:30Z",
    ):
        twaps = get(f"/api/v1/twaps?{window}&limit=500", "vic").json()["twaps"]
        for wallet, row in summary(get, f"by=wallet&{window}").items():
            mine = [twap["executed"] for twap in twaps if twap["wallet"] == wallet]
            known = [Decimal(part["notional"]) for part in mine if part["notional"] is not None]
            assert (row["twaps"], row["executed_notional_known"]) == (len(mine), len(known))
            assert row["executed_notional"] == (format(sum(known), "f") if known else None) or (
                Decimal(row["executed_notional"]) == sum(known)
            )


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (f"{SUMMARY}?by=side", "by"),
        (f"{SUMMARY}?limit=0", "limit"),
        (f"{SUMMARY}?limit=501", "limit"),
        (f"{SUMMARY}?start=2026-03-02&end=2026-03-01", "start"),
        (f"{SUMMARY}?start=2024-03-01&end=2026-03-01", "start"),
        (f"{SUMMARY}?as_of=2026-03-01", "as_of"),
        (f"{PRESSURE}?as_of=soon", "as_of"),
        (f"{PRESSURE}?limit=5", "limit"),
    ],
)
def test_a_bad_parameter_is_named(get, path: str, field: str) -> None:
    answer = get(path, "vic")
    assert (answer.status_code, answer.json()["field"]) == (400, field)
