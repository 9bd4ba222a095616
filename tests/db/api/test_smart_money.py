"""The screen of smart money, its playbooks, its health: the same for every org."""

from typing import Any

import psycopg
import pytest

from hypertally.api.smart_money import shapes

SCREEN = "/api/v1/smart-money"
PLAYBOOK = f"{SCREEN}/playbook"


def screen(get, user: str = "vic") -> dict[str, Any]:
    answer = get(SCREEN, user).json()
    shapes.SmartMoney.model_validate(answer)
    return answer


def test_one_answer_holds_the_whole_screen(get) -> None:
    answer = screen(get)
    assert [asset["asset"] for asset in answer["assets"]] == ["HYPE", "BTC", "ETH"]
    assert answer["masked"] is None
    health = answer["health"]
    assert (health["state"], health["coverage"]) == ("healthy", "1")
    assert health["effect"] == "signals are computed"
    assert answer["universe"]["members"] == 3
    assert (answer["universe"]["churn"], answer["universe"]["source"]) == ("0.33333333", "fallback")


def test_an_asset_has_its_newest_signal_of_both_versions(get) -> None:
    btc = screen(get)["assets"][1]
    assert btc["signal"]["definition"] == "smart_money/3"
    assert btc["signal"]["at"] > "2026-03-02"
    assert btc["first"] == {
        "at": btc["signal"]["at"], "cas": "52.5", "dispersion": "60.2", "ecs": "9",
        "bias": "No-trade", "risk": "Defensive", "rule": "neutral",
    }  # fmt: skip


def test_positions_are_summed_at_the_newest_minute_and_priced_there(get, world: str) -> None:
    hype = screen(get)["assets"][0]
    with psycopg.connect(world) as connection:
        row = connection.execute(
            "select sum(greatest(szi, 0)), sum(szi), sum(szi) * 40.5 from facts.wallet_snapshots "
            "where asset = 'HYPE' and minute = (select max(minute) from facts.wallet_snapshots)"
        ).fetchone()
    assert row is not None
    held = hype["positioning"]
    assert (held["long"], held["short"], held["flat"], held["missing"]) == (1, 1, 1, 0)
    assert (held["short_coin"], held["top10_share"]) == ("4", "1")
    found = [held["long_coin"], held["net_coin"], held["net_usd"]]
    assert [float(text) for text in found] == [float(number) for number in row]
    assert hype["mark_price"] == "40.5"
    assert hype["unknown"] == {}


def test_an_asset_without_a_price_says_so(get) -> None:
    ether = screen(get)["assets"][2]
    assert ether["mark_price"] is ether["positioning"]["net_usd"] is None
    reason = "no mid price is stored for the two minutes before"
    assert ether["unknown"] == {
        "mark_price": reason, "mark_at": reason, "positioning.net_usd": reason,
    }  # fmt: skip


def test_every_org_sees_the_same_and_nobody_else_anything(get, client) -> None:
    mine, theirs = screen(get, "alice"), screen(get, "bob")
    for changing in ("as_of", "health"):
        mine.pop(changing)
        theirs.pop(changing)
    assert mine == theirs
    assert get(SCREEN, "nobody").status_code == 403
    assert client.get(SCREEN).status_code == 401


def test_an_answer_is_kept_for_half_a_minute_and_known_again(get) -> None:
    first = get(SCREEN, "ann")
    assert first.headers["Cache-Control"] == "private, max-age=30"
    again = get(SCREEN, "ann", **{"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


def test_a_playbook_is_that_of_the_newest_signal_at_the_time(get) -> None:
    answer = get(f"{PLAYBOOK}?at=2026-03-01T12:09:59Z", "vic").json()
    shapes.Playbooks.model_validate(answer)
    hype, btc = answer["playbooks"]
    assert (hype["asset"], hype["at"]) == ("HYPE", "2026-03-01T12:05:00.000Z")
    assert (hype["locked"], hype["rule"]) == ("snapshot_failed", "locked:snapshot_failed")
    assert (btc["bias"], btc["risk"], btc["rule"]) == ("Long", "Reduced", "lean_with")
    assert btc["nearest_miss"] == {
        "input": "ecs", "threshold": "15", "distance": "1", "bias": "Long", "risk": "Normal",
    }  # fmt: skip
    assert btc["add_exposure_long"] is True
    assert btc["tighten_stops_short"] is None
    assert answer["masked"] is None
    assert get(f"{PLAYBOOK}?at=2026-03-01T12:04:59Z", "vic").json()["playbooks"] == []


def test_a_playbook_of_the_first_version_is_asked_for_by_name(get) -> None:
    answer = get(f"{PLAYBOOK}?definition=smart_money/1", "vic").json()
    assert {one["rule"] for one in answer["playbooks"]} == {"neutral"}
    assert len(answer["playbooks"]) == 3


def test_health_shows_the_states_of_the_day_in_spans(get) -> None:
    answer = get(f"{SCREEN}/health", "vic").json()
    shapes.HealthDay.model_validate(answer)
    spans = [(span["state"], span["checks"]) for span in answer["states"]]
    assert spans == [("healthy", 20), ("degraded", 2), ("healthy", 9)]
    assert answer["states"][1]["coverage_least"] == "0.93"
    assert answer["states"][0]["reason"] == "healthy 0"
    assert answer["minutes"] == {
        "success": 10, "partial": 0, "failed": 0, "unrecorded": 1430, "duration_ms_max": 850,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (f"{SCREEN}?at=now", "at"),
        (f"{PLAYBOOK}?at=soon", "at"),
        (f"{PLAYBOOK}?definition=smart_money/4", "definition"),
        (f"{SCREEN}/health?limit=3", "limit"),
    ],
)
def test_a_bad_parameter_is_named(get, path: str, field: str) -> None:
    answer = get(path, "vic")
    assert (answer.status_code, answer.json()["field"]) == (400, field)
