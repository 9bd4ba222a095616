"""Universe, snapshots, outcomes and alerts: what signals rest on, and what became of them."""

from decimal import Decimal
from typing import Any

import psycopg
import pytest

from hypertally.api.alerts import shapes as alert_shapes
from hypertally.api.smart_money import record_shapes as shapes
from hypertally.metrics.smart_money.formulas.outcomes import wilson

ROOT = "/api/v1/smart-money"
W7, W8, W9 = ("0x" + mark * 20 for mark in ("07", "08", "09"))


def one(get, path: str, shape: type) -> dict[str, Any]:
    answer = get(f"{ROOT}/{path}", "vic").json()
    shape.model_validate(answer)
    return answer


def paged(get, path: str, name: str, limit: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    joint = "&" if "?" in path else "?"
    cursor = ""
    while True:
        page = get(f"{ROOT}/{path}{joint}limit={limit}{cursor}", "vic").json()
        found += page[name]
        if page["next"] is None:
            return found
        assert len(page[name]) == limit
        cursor = f"&cursor={page['next']}"


def test_a_universe_is_the_one_known_at_the_time(get) -> None:
    early = one(get, "universe?at=2026-03-01T00:10:00Z", shapes.Universe)
    # A run that failed changes nothing.
    assert early["run"]["taken_at"] == "2026-02-28T18:00:00.000Z"
    assert [member["wallet"] for member in early["members"]] == [W7, W8]
    assert early["run"]["churn"] is None
    now = one(get, "universe", shapes.Universe)
    assert [(row["rank"], row["wallet"]) for row in now["members"]] == [(1, W7), (2, W8), (3, W9)]
    assert (now["members"][0]["pnl_30d"], now["members"][0]["volume_30d"]) == ("3001.5", None)
    assert (now["entered"], now["exited"]) == ([W9], [])
    assert now["excluded"] == {"no_perp_leg_7d": 2, "no_volume_30d": 4}


def test_before_the_first_universe_there_is_none(get) -> None:
    answer = get(f"{ROOT}/universe?at=2026-02-01", "vic")
    assert answer.status_code == 404
    assert "2026-02-01T00:00:00.000Z" in answer.json()["detail"]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_each_attempt_is_listed_once_and_failures_say_why(get, limit: int) -> None:
    runs = paged(get, "universe/runs", "runs", limit)
    assert [run["status"] for run in runs] == ["chosen", "failed", "chosen"]
    assert runs[1]["error_text"] == "the leaderboard answered 502"
    shapes.UniverseRuns.model_validate({"runs": runs, "next": None})


def test_minutes_sum_what_was_seen(get) -> None:
    path = "snapshots/BTC?from=2026-03-01T12:02:00Z&to=2026-03-01T12:05:00Z"
    answer = one(get, path, shapes.Snapshots)
    assert [row["minute"][11:16] for row in answer["minutes"]] == ["12:02", "12:03", "12:04"]
    assert answer["minutes"][0] == {
        "minute": "2026-03-01T12:02:00.000Z", "long": 1, "short": 1, "flat": 1, "missing": 0,
        "net_coin": "6.5",
    }  # fmt: skip
    assert (answer["minutes"][1]["flat"], answer["minutes"][1]["missing"]) == (0, 1)


def test_a_failed_minute_has_no_row_and_the_newest_is_there_without_a_stretch(get, world) -> None:
    later = one(get, "snapshots/BTC?from=2026-03-01T12:10:00Z&to=2026-03-02", shapes.Snapshots)
    assert len(later["minutes"]) == 1
    newest = one(get, "snapshots/ETH", shapes.Snapshots)["minutes"]
    assert len(newest) == 10
    with psycopg.connect(world) as connection:
        row = connection.execute("select max(minute) from ops.ingest_runs").fetchone()
    assert row is not None
    assert newest[-1]["minute"][:16] == row[0].isoformat()[:16]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_the_rows_of_a_minute_name_each_wallet_once(get, limit: int) -> None:
    rows = paged(get, "snapshots/BTC/2026-03-01T12:03:00Z", "wallets", limit)
    assert [row["wallet"] for row in rows] == [W7, W8, W9]
    assert rows[0] == {
        "wallet": W7, "szi": "10.5", "missing": None, "entry_px": "25.125",
        "position_value": "100", "unrealized_pnl": "-1.5", "leverage": "5",
        "account_value": "5000", "observed_at": "2026-03-01T12:03:00.000Z", "fingerprint": "703",
    }  # fmt: skip
    assert (rows[2]["szi"], rows[2]["missing"]) == (None, "there was no answer within the minute")


def test_a_minute_says_how_it_was_recorded(get) -> None:
    answer = one(get, "snapshots/BTC/2026-03-01T12:03:00Z", shapes.MinuteSnapshots)
    assert (answer["run"]["status"], answer["run"]["wallets"]) == ("partial", 3)
    assert answer["run"]["coverage"] == "1"
    failed = one(get, "snapshots/BTC/2026-03-01T12:11:00Z", shapes.MinuteSnapshots)
    assert (failed["run"]["error_text"], failed["wallets"]) == ("nobody asked", [])
    assert get(f"{ROOT}/snapshots/BTC/2026-03-01T12:12:00Z", "vic").status_code == 404


def rates(answer: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["asset"], row["band"]): row for row in answer["rates"]}


def test_hit_rates_are_of_signals_that_do_not_overlap(get) -> None:
    hour = rates(one(get, "outcomes?asset=BTC", shapes.Outcomes))["BTC", "strong_short"]
    assert (hour["n"], hour["n_apart"], hour["hits"]) == (27, 27, 18)
    assert hour["rate"] == "0.66666667"
    assert [Decimal(hour["lower"]), Decimal(hour["upper"])] == list(wilson(18, 27))
    # Of four hours, every second one that begins two hours after the one before.
    four = rates(one(get, "outcomes?asset=BTC&horizon=4h", shapes.Outcomes))["BTC", "strong_short"]
    assert (four["n"], four["n_apart"]) == (27, 14)


def test_a_rate_of_few_or_of_no_side_is_null_with_its_reason(get) -> None:
    found = rates(one(get, "outcomes", shapes.Outcomes))
    assert len(found) == 15
    short = found["BTC", "short"]
    assert (short["n"], short["rate"]) == (3, None)
    assert short["unknown"] == "there are fewer than 5 signals that do not overlap"
    assert found["BTC", "neutral"]["unknown"] == "a neutral band takes no side"
    none = found["ETH", "long"]
    assert (none["n"], none["n_apart"], none["hits"], none["lower"]) == (0, 0, 0, None)


def test_the_newest_outcomes_come_first_with_those_that_are_not_over(get) -> None:
    rows = one(get, "outcomes?asset=BTC", shapes.Outcomes)["outcomes"]
    assert len(rows) == 31
    assert rows == sorted(rows, key=lambda row: row["at"], reverse=True)
    assert (rows[0]["return"], rows[0]["unknown"]) == (None, "the hour is not over")
    assert (rows[0]["mark_before"], rows[0]["band"]) == ("100000.5", "long")
    assert rows[1]["return"] == "-0.01"
    assert one(get, "outcomes?asset=ETH&horizon=5m", shapes.Outcomes)["outcomes"] == []


@pytest.mark.parametrize("limit", [1, 2, 4, 5, 6])
def test_moves_of_alerts_come_newest_first_each_once(get, limit: int) -> None:
    rows = paged(get, "alerts", "alerts", limit)
    alert_shapes.Alerts.model_validate({"alerts": rows, "next": None})
    assert [row["to_state"] for row in rows] == [
        "resolved", "firing", "suppressed", "firing", "pending",
    ]  # fmt: skip
    assert rows[2]["reason"] == "four in a day"
    assert rows[3]["value"] == {"ecs": "30.5"}


@pytest.mark.parametrize(
    ("query", "many"),
    [("type=exit_cluster", 3), ("subject=BTC", 2), ("type=exit_cluster&subject=ETH", 1)],
)
def test_moves_of_one_type_or_subject_are_asked_for(get, query: str, many: int) -> None:
    assert len(one(get, f"alerts?{query}", alert_shapes.Alerts)["alerts"]) == many
    assert len(paged(get, f"alerts?{query}", "alerts", 1)) == many


def test_every_alert_stands_somewhere(get, world: str) -> None:
    states = one(get, "alerts/state", alert_shapes.AlertStates)["states"]
    with psycopg.connect(world) as connection:
        row = connection.execute("select count(*) from ops.alert_state").fetchone()
    assert row is not None
    assert len(states) == row[0]
    (firing,) = (row for row in states if row["state"] == "firing")
    assert (firing["type"], firing["subject"], firing["last_value"]) == (
        "exit_cluster", "BTC", "30.5",
    )  # fmt: skip


def test_a_state_that_nobody_checked_lately_is_unchecked(get, world: str) -> None:
    with psycopg.connect(world, autocommit=True) as connection:
        connection.execute("delete from ops.alert_checks")
        unchecked = one(get, "alerts/state", alert_shapes.AlertStates)
        connection.execute(
            "insert into ops.alert_checks (type, checked_at, checked_by) "
            "select distinct type, now() - interval '4 minutes', 'worker' from ops.alert_state"
        )
        checked = one(get, "alerts/state?standing=false", alert_shapes.AlertStates)
        connection.execute("delete from ops.alert_checks")
    assert (unchecked["checked_at"], unchecked["unchecked"]) == (None, True)
    assert {row["state"] for row in unchecked["states"]} == {"firing", "unchecked"}
    assert checked["unchecked"] is False
    assert "unchecked" not in {row["state"] for row in checked["states"]}


def test_what_stands_now_is_asked_for_alone(get) -> None:
    every = one(get, "alerts/state", alert_shapes.AlertStates)["states"]
    now = one(get, "alerts/state?standing=true", alert_shapes.AlertStates)["states"]
    quiet = ("inactive", "resolved", "unchecked")
    assert now == [row for row in every if row["state"] not in quiet]
    assert [(row["type"], row["level"], row["reason"]) for row in now] == [
        ("exit_cluster", "high", "two periods on end")
    ]


@pytest.mark.parametrize(
    "path",
    [
        "universe", "universe/runs", "snapshots/BTC", "snapshots/BTC/2026-03-01T12:03:00Z",
        "outcomes", "alerts", "alerts/state",
    ],
)  # fmt: skip
def test_every_org_sees_the_same_and_nobody_else_anything(get, client, path: str) -> None:
    mine, theirs = (get(f"{ROOT}/{path}", user) for user in ("alice", "bob"))
    assert mine.status_code == theirs.status_code == 200
    shown, other = mine.json(), theirs.json()
    for body in (shown, other):
        body.pop("at", None)
    assert shown == other
    assert mine.headers["Cache-Control"] == "private, max-age=30"
    assert get(f"{ROOT}/{path}", "nobody").status_code == 403
    assert client.get(f"{ROOT}/{path}").status_code == 401


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("universe?at=soon", "at"),
        ("universe/runs?limit=0", "limit"),
        ("universe/runs?cursor=WzFd", "cursor"),
        ("snapshots/DOGE", "asset"),
        ("snapshots/BTC?from=2026-03-01&to=2026-03-03T00:01:00Z", "from"),
        ("snapshots/BTC?from=2026-03-02&to=2026-03-02", "from"),
        ("snapshots/BTC?limit=5", "limit"),
        ("snapshots/BTC/noon", "minute"),
        ("snapshots/BTC/2026-03-01T12:03:00Z?cursor=WzFd", "cursor"),
        ("outcomes?horizon=2h", "horizon"),
        ("outcomes?asset=btc", "asset"),
        ("alerts?type=EXIT", "type"),
        ("alerts?subject=a%20b", "subject"),
        ("alerts/state?limit=1", "limit"),
    ],
)
def test_a_bad_parameter_is_named(get, path: str, field: str) -> None:
    answer = get(f"{ROOT}/{path}", "vic")
    assert (answer.status_code, answer.json()["field"]) == (400, field)
