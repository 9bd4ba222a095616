"""Signals: which a question finds, what each figure is, what it is made of."""

from typing import Any

import pytest

from hypertally.api.smart_money import shapes

PATH = "/api/v1/smart-money/signals"
AT = "2026-03-01T12:10:00Z"
HOUR = "from=2026-03-01T12:00:00Z&to=2026-03-01T13:00:00Z"
W7, W8, W9 = ("0x" + mark * 20 for mark in ("07", "08", "09"))


def one(get, path: str, shape: type = shapes.WholeSignal) -> dict[str, Any]:
    answer = get(f"{PATH}/{path}", "vic").json()
    shape.model_validate(answer)
    return answer


def listed(get, query: str, asset: str = "BTC") -> dict[str, Any]:
    answer = get(f"{PATH}/{asset}?{query}", "vic").json()
    shapes.Signals.model_validate(answer)
    return answer


def test_signals_of_a_stretch_come_oldest_first_and_end_before_to(get) -> None:
    answer = listed(get, HOUR)
    assert (answer["from"], answer["to"]) == (
        "2026-03-01T12:00:00.000Z",
        "2026-03-01T13:00:00.000Z",
    )
    times = [signal["at"] for signal in answer["signals"]]
    assert times == [f"2026-03-01T12:{minute:02}:00.000Z" for minute in range(5, 60, 5)]
    assert {signal["definition"] for signal in answer["signals"]} == {"smart_money/3"}


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 11, 12])
def test_pages_of_any_size_give_each_signal_exactly_once(get, limit: int) -> None:
    found: list[str] = []
    query = HOUR
    while True:
        page = listed(get, f"{query}&limit={limit}")
        found += [signal["at"] for signal in page["signals"]]
        if page["next"] is None:
            break
        assert len(page["signals"]) == limit
        # A cursor carries its stretch.
        query = f"cursor={page['next']}"
    assert found == [signal["at"] for signal in listed(get, HOUR)["signals"]]


def test_without_a_stretch_the_newest_day_is_shown(get) -> None:
    (signal,) = listed(get, "")["signals"]
    assert signal["at"] > "2026-03-02"


def test_a_signal_has_its_figures_as_decimals(get) -> None:
    signal = one(get, f"BTC/{AT}")["signal"]
    assert signal["cas"] == {
        "value": "66.66666667", "shown": "66.66666667", "lower": "60", "upper": "75",
        "band": "long",
    }  # fmt: skip
    assert signal["dispersion"] == {
        "value": "33.3", "size": "0", "activity_sd": "12.5", "band": "low",
        "active": 30, "active_needed": 20, "no_consensus": False,
    }  # fmt: skip
    assert signal["ecs"] == {
        "left": 3, "unexplained": 0,
        "value": "16", "long": "10", "short": "22", "forced": "0", "z": None, "percentile": None,
        "band": "medium", "significance": "not yet",
    }  # fmt: skip
    assert signal["herding"] == {"h": "0.161901", "sign": 1, "n": 20}
    assert (signal["wallets"], signal["observed"], signal["exposed"]) == (3, 2, 2)
    assert (signal["mark_price"], signal["epsilon"]) == ("100000.5", "0.0001")
    assert signal["reach"]["ecs_lowest"] == "0"


def test_each_unknown_figure_says_why(get) -> None:
    signal = one(get, f"BTC/{AT}")["signal"]
    baseline = "fewer than 500 periods of the seven days before are stored"
    assert signal["unknown"] == {
        "ecs.z": baseline, "ecs.percentile": baseline,
        "playbook.tighten_stops_short": "a score that decides it is unknown",
    }  # fmt: skip
    first = one(get, "BTC/2026-03-01T12:05:00Z")["signal"]
    assert first["unknown"]["trend"] == "CAS or three of those of the half hour before are unknown"


def test_what_the_first_version_has_not_is_named_so(get) -> None:
    signal = one(get, f"BTC/{AT}?definition=smart_money/1")["signal"]
    assert (signal["dispersion"]["band"], signal["ecs"]["band"]) == ("high", "low")
    assert signal["unknown"]["ecs.z"] == "smart_money/1 does not have this figure"
    assert (
        signal["unknown"]["playbook.add_exposure_short"]
        == "smart_money/1 does not have this figure"
    )
    assert signal["unknown"]["mark_price"] == "no mid price is stored for the two minutes before"
    assert "playbook.add_exposure_long" not in signal["unknown"]
    nulls = {
        f"{name}.{part}"
        for name in ("cas", "dispersion", "ecs", "herding")
        for part, value in signal[name].items()
        if value is None
    }
    assert nulls < set(signal["unknown"])


def test_a_locked_signal_has_its_reason_and_no_score(get) -> None:
    signal = one(get, "HYPE/2026-03-01T12:05:00Z")["signal"]
    assert signal["locked"] == "snapshot_failed"
    assert signal["cas"]["value"] is signal["ecs"]["value"] is None
    assert signal["unknown"]["cas.value"] == "locked: snapshot_failed"
    assert signal["unknown"]["ecs.band"] == "locked: snapshot_failed"
    assert signal["playbook"]["risk"] == "Defensive"


def test_contributors_are_by_the_size_of_their_move_and_those_that_did_nothing_last(get) -> None:
    rows = one(get, f"BTC/{AT}")["contributors"]
    assert [row["wallet"] for row in rows] == [W7, W8, W9]
    assert rows[0] == {
        "wallet": W7, "class": "ADD_L", "before_coin": "11.5", "now_coin": "12.5",
        "delta_coin": "1", "epsilon": "0.0001", "weight_coin": "1", "delta_usd": "100000.5",
        "forced": False, "before_age_seconds": 0, "now_age_seconds": 60,
        "effect": {"cas": "8.33333334", "cas_usd": None, "dispersion": "0",
                   "dispersion_size": None, "ecs": "0"},
    }  # fmt: skip


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_of_contributors_give_each_exactly_once(get, limit: int) -> None:
    found: list[str] = []
    cursor = ""
    while True:
        page = one(get, f"BTC/{AT}?limit={limit}{cursor}")
        found += [row["wallet"] for row in page["contributors"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert found == [W7, W8, W9]


def test_an_explanation_counts_the_snapshots_it_names(get) -> None:
    answer = one(get, f"BTC/{AT}/explain?definition=smart_money/2", shapes.SignalExplanation)
    assert answer["definition"]["words"] == "Words of the signal."
    inputs = answer["inputs"]
    assert inputs["count"] == 6
    assert inputs["digest"] == f"6:{705 + 710 + 805 + 810 + 905 + 910}"
    assert inputs["minutes"] == ["2026-03-01T12:05:00.000Z", "2026-03-01T12:10:00.000Z"]
    assert inputs["snapshots"][1] == "/api/v1/smart-money/snapshots/BTC/2026-03-01T12:10:00.000Z"
    # One that became known later is none of this signal's.
    assert [(row["wallet"], row["kind"]) for row in inputs["anomalies"]] == [(W8, "szi_jump")]
    assert answer["counts"] == answer["value"]["counts"]
    assert answer["exits"]["all"]["left"] == 3
    assert len(answer["contributors"]) == 3


def test_an_explanation_of_the_third_version_says_how_many_snapshots_were_used(get) -> None:
    """Its ends may be a minute older than the period's."""
    inputs = one(get, f"BTC/{AT}/explain", shapes.SignalExplanation)["inputs"]
    assert (inputs["count"], inputs["digest"]) == (5, f"5:{700 + 705 + 800 + 805 + 900}")


def test_an_explanation_lists_what_later_fills_changed(get) -> None:
    newest, before = one(get, f"BTC/{AT}/explain", shapes.SignalExplanation)["restatements"]
    assert newest == {
        "restated_at": "2026-03-01T12:12:00.000Z",
        "cause": "late facts",
        "changes": {
            "ecs.value": ["30", "16"],
            "ecs.forced": ["0", None],
            "playbook.bias": ["Long", "No-trade"],
        },
    }
    assert before["changes"] == {"ecs.value": ["40", "30"]}
    second = one(get, f"BTC/{AT}/explain?definition=smart_money/2", shapes.SignalExplanation)
    assert second["restatements"] == []


def test_a_horizon_without_a_signal_is_named(get) -> None:
    refused = get(f"{PATH}/BTC/{AT}?horizon=1h", "vic").json()
    assert refused["status"] == 404
    assert "smart_money/3 over 1h" in refused["detail"]
    assert listed(get, f"{HOUR}&horizon=4h")["signals"] == []


def test_beside_a_call_stands_how_often_its_side_was_right_before(get) -> None:
    """No signal of this band has an outcome five minutes later: no rate, and its reason."""
    rate = one(get, f"BTC/{AT}")["hit_rate"]
    assert (rate["band"], rate["horizon"], rate["n"], rate["rate"]) == ("long", "5m", 0, None)
    assert rate["unknown"] == "there are fewer than 5 signals that do not overlap"


def test_snapshots_that_are_sealed_are_not_counted_as_nothing(get) -> None:
    (newest,) = listed(get, "")["signals"]
    answer = one(get, f"BTC/{newest['at']}/explain", shapes.SignalExplanation)
    inputs = answer["inputs"]
    assert inputs["sealed"] == [newest["at"][:10]]
    assert (inputs["count"], inputs["digest"]) == (None, None)
    other = one(get, f"BTC/{AT}/explain", shapes.SignalExplanation)
    assert other["inputs"]["sealed"] == []


def test_minutes_that_are_sealed_are_told_from_those_never_recorded(get) -> None:
    path = "/api/v1/smart-money/snapshots/BTC"
    until = "2026-03-02T00:00:00Z"
    stretch = f"{path}?from=2026-03-01T12:00:00Z&to="
    assert get(f"{stretch}{until}", "vic").json()["sealed"] == []
    assert get(f"{path}/2026-03-01T12:03:00Z", "vic").json()["sealed"] == []
    (newest,) = listed(get, "")["signals"]
    day = newest["at"][:10]
    query = f"from={day}T00:00:00Z&to={day}T00:05:00Z"
    assert get(f"{path}?{query}", "vic").json()["sealed"] == [day]


def test_a_signal_says_when_it_was_computed_where_that_is_known(get) -> None:
    shape = shapes.SignalExplanation
    assert one(get, f"BTC/{AT}/explain", shape)["computed_at"] == "2026-03-01T12:10:04.125Z"
    assert one(get, "BTC/2026-03-01T12:05:00Z/explain", shape)["computed_at"] is None


@pytest.mark.parametrize("path", ["BTC/2026-03-01T12:07:00Z", "BTC/2026-03-01/explain"])
def test_a_time_without_a_signal_is_not_found(get, path: str) -> None:
    answer = get(f"{PATH}/{path}", "vic")
    assert answer.status_code == 404
    assert "/api/v1/smart-money/signals/BTC" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (f"{PATH}/DOGE", "asset"),
        (f"{PATH}/BTC?from=2026-03-02&to=2026-03-01", "from"),
        (f"{PATH}/BTC?from=2026-01-01&to=2026-02-01T00:05:00Z", "from"),
        (f"{PATH}/BTC?from=soon", "from"),
        (f"{PATH}/BTC?limit=501", "limit"),
        (f"{PATH}/BTC?definition=3", "definition"),
        (f"{PATH}/BTC?cursor=abc", "cursor"),
        (f"{PATH}/BTC/yesterday", "at"),
        (f"{PATH}/BTC/{AT}?limit=0", "limit"),
        (f"{PATH}/BTC/{AT}?cursor=WzFd", "cursor"),
        (f"{PATH}/BTC/{AT}/explain?from=2026-03-01", "from"),
    ],
)
def test_a_bad_parameter_is_named(get, path: str, field: str) -> None:
    answer = get(path, "vic")
    assert (answer.status_code, answer.json()["field"]) == (400, field)
