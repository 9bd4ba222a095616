"""What alerts are evaluation by: how far a number moved, and whether an allowance is enough."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypertally.jobs.alerts.budget_forecast import Demand, budget, forecast
from hypertally.jobs.alerts.restatement_size import furthest
from hypertally.jobs.alerts.signals import Signal, exit_cluster, regime_change

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def moved(**changes: list[Any]) -> tuple[str, str, str | None] | None:
    found = furthest(json.dumps(changes))
    return found and (found.field, found.old, found.new)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("1000", "1005", False),
        ("1000", "1005.000000000000000001", True),
        ("1000", "995", False),
        ("1000", "994.9", True),
        ("-1000", "-1006", True),
        ("-1", "1", True),
        ("0", "0.000000000000000001", True),
        ("0", "0.00", False),
        ("5", None, True),
        ("12345678901234567890.12", "12345678901234567890.13", False),
    ],
)
def test_a_number_is_told_when_it_moved_by_more_than_half_a_percent(
    old: str, new: str | None, *, told: bool
) -> None:
    assert moved(fees_usd=[old, new]) == (("fees_usd", old, new) if told else None)


def test_the_number_that_moved_most_is_named() -> None:
    found = moved(fills=[100, 101], fees_usd=["10", "20"], coins=[100, 150])
    assert found == ("fees_usd", "10", "20")


def test_amounts_inside_maps_are_numbers_of_their_own() -> None:
    assert moved(fees=[{"USDC": "10", "HYPE": "1"}, {"USDC": "10.01", "HYPE": "2"}]) == (
        "fees.HYPE", "1", "2",
    )  # fmt: skip
    volumes = [{"perp": {"USDC": "1000"}}, {"perp": {"USDC": "1000"}, "spot": {"USDC": "7"}}]
    assert moved(volumes=volumes) == ("volumes.spot.USDC", "0", "7")
    assert moved(fees=[{"USDC": "10"}, {}]) == ("fees.USDC", "10", "0")
    assert moved(fees=[{"USDC": "10"}, None]) == ("fees.USDC", "10", None)
    assert moved(fees=[{"USDC": 1.005}, {"USDC": 1.0}]) is None
    assert moved(fees=[{"USDC": 1.5}, {"USDC": 1.0}]) == ("fees.USDC", "1.5", "1.0")


@pytest.mark.parametrize(
    "changes",
    [
        {"completeness": ["0.5", "1"]},
        {"gap_ms": [86_400_000, 0]},
        {"digest": ["1:123", "2:456"]},
        {"definition": ["wallet_day_metrics/1", "wallet_day_metrics/2"]},
        {"closed": [True, False]},
        {"last_fill_at": ["2025-03-10T00:00:00+00:00", "2025-03-11T00:00:00+00:00"]},
    ],
)
def test_what_is_no_figure_is_not_told(changes: dict[str, list[Any]]) -> None:
    assert furthest(json.dumps(changes)) is None


def test_an_allowance_is_enough_up_to_the_last_wallet() -> None:
    # 20 of weight each: 100 a minute for 600 within two hours.
    demand = Demand(hot=0, warm=0, cold=600, kept=0)
    assert budget(AT, demand, weight_per_minute=100).condition == "clears"
    assert budget(AT, demand, weight_per_minute=99).condition == "holds"
    kept = Demand(hot=0, warm=0, cold=600, kept=500)
    assert budget(AT, kept, weight_per_minute=600).condition == "clears"
    assert budget(AT, kept, weight_per_minute=599).condition == "holds"


def test_busy_wallets_go_first_and_the_rest_may_never_come() -> None:
    demand = Demand(hot=60, warm=1, cold=1, kept=0)
    lags = {each.name: each.lag for each in forecast(demand, weight_per_minute=1200)}
    assert lags["hot wallets"] == timedelta(minutes=1)
    assert lags["warm wallets"] is lags["cold wallets"] is lags["second readings"] is None
    words = budget(AT, demand, weight_per_minute=1200).reason
    assert words == (
        "1200 weight a minute are not enough: warm wallets never, the target is every 30 min, "
        "cold wallets never, the target is every 120 min, "
        "second readings never, the target is every 120 min"
    )


def test_every_class_that_suffers_is_named_with_its_bound_and_forecast() -> None:
    demand = Demand(
        hot=1_000, warm=1_000, cold=10_000, kept=100, first=100_000, running_twaps=1_000,
        recent_twaps=500, older_twaps=100_000, watched=200,
    )  # fmt: skip
    evaluation = budget(AT, demand, weight_per_minute=1200)
    assert evaluation.reason == (
        "1200 weight a minute are not enough: "
        "positions every 4 min, the target is every 1 min, "
        "first pulls within 1819 min, the target is within 1440 min, "
        "hot wallets every 19 min, the target is every 5 min, "
        "running TWAPs never, the target is every 5 min, "
        "warm wallets never, the target is every 30 min, "
        "TWAPs of the last day never, the target is every 30 min, "
        "cold wallets never, the target is every 120 min, "
        "older TWAPs never, the target is every 2880 min, "
        "second readings never, the target is every 120 min"
    )
    assert evaluation.figures["hot wallets"] == "every 19 min"


def test_what_is_pulled_first_takes_nothing_from_the_rounds() -> None:
    demand = Demand(hot=10, warm=0, cold=0, kept=0, first=3_000)
    assert budget(AT, demand, weight_per_minute=300).condition == "clears"
    lags = {each.name: each.lag for each in forecast(demand, weight_per_minute=300)}
    assert lags["first pulls"] == timedelta(minutes=200)


def test_an_alert_that_every_org_sees_does_not_count_their_wallets() -> None:
    demand = Demand(hot=7_771, warm=8_881, cold=9_991, kept=500)
    evaluation = budget(AT, demand, weight_per_minute=1200)
    said = evaluation.reason + json.dumps(dict(evaluation.figures))
    assert not any(count in said for count in ("7771", "8881", "9991"))


def test_no_wallets_fit_in_any_allowance() -> None:
    assert (
        budget(AT, Demand(hot=0, warm=0, cold=0, kept=9), weight_per_minute=1).condition == "clears"
    )


@given(st.tuples(*[st.integers(0, 3000)] * 3), st.integers(0, 1000), st.integers(1, 5000))
def test_the_forecast_is_that_of_serving_class_by_class(
    wallets: tuple[int, int, int], kept: int, weight: int
) -> None:
    """Against exact fractions: the looks a minute that are left for each class."""
    demand = Demand(hot=wallets[0], warm=wallets[1], cold=wallets[2], kept=kept)
    forecasts = forecast(demand, weight_per_minute=weight)
    fits = {each.name: each.fits for each in forecasts}
    looks = Fraction(max(0, weight - kept), 20)
    names = ("hot wallets", "warm wallets", "cold wallets", "second readings")
    counts = (*wallets, wallets[0] + wallets[1])
    for name, many, pace, target in zip(
        names, counts, (1, 15, 60, 61), (5, 30, 120, 120), strict=True
    ):
        assert fits[name] == (many <= looks * target), name
        looks = max(Fraction(0), looks - Fraction(many, pace))


def signal(**given_: Any) -> Signal:
    exits = {"all": {"left": 30, "exposed": 100, "high": given_.pop("high", False)}}
    usual: dict[str, Any] = {
        "at": AT,
        "asset": "HYPE",
        "locked": None,
        "bias": "Long",
        "risk": "Normal",
    }
    usual |= {"rule": "matrix", "cas": "80", "ecs": "22", "exits": exits}
    return Signal(**(usual | given_))


@pytest.mark.parametrize(
    ("ecs", "high", "condition"),
    [
        ("30", True, "holds"),
        ("30", False, "neither"),
        ("20", False, "neither"),
        ("19.99", False, "clears"),
        ("19.99", None, "clears"),
        ("30", None, "unknown"),
        (None, None, "unknown"),
    ],
)
def test_exits_are_judged_by_level_and_calm(
    ecs: str | None, *, high: bool | None, condition: str
) -> None:
    assert exit_cluster(signal(ecs=ecs, high=high)).condition == condition


def test_exits_are_shown_rounded_and_kept_exactly() -> None:
    evaluation = exit_cluster(signal(ecs="34.28571429", high=True))
    assert evaluation.reason == "ECS 34.3: 30 of 100 holders left"
    assert evaluation.figures["ecs"] == "34.28571429"
    unknown = exit_cluster(signal(ecs=None, high=None))
    assert unknown.reason == "ECS unknown: 30 of 100 holders left"


LOCKED = {
    "locked": "ends_unseen",
    "bias": "No-trade",
    "risk": "Defensive",
    "exits": {},
    "ecs": None,
}


def test_a_locked_period_says_nothing_of_exits_and_is_no_first_playbook() -> None:
    locked = signal(**LOCKED, rule="locked:ends_unseen")
    assert exit_cluster(locked).condition == "unknown"
    evaluation = regime_change(locked, told=None)
    assert (evaluation.condition, evaluation.playbook) == ("unknown", None)


def test_a_lock_takes_back_what_was_told() -> None:
    locked = signal(**LOCKED, rule="locked:ends_unseen")
    for told in ("Long / Normal", "Long / Reduced", "No-trade / Reduced"):
        evaluation = regime_change(locked, told=told)
        assert (evaluation.condition, evaluation.toward_safety) == ("holds", True)
        assert evaluation.reason == f"{told} became No-trade / Defensive, by locked:ends_unseen"
    assert regime_change(locked, told="No-trade / Defensive").condition == "clears"


def test_a_playbook_is_new_when_bias_or_risk_differ() -> None:
    for told, condition in [
        ("Long / Normal", "clears"),
        ("Long / Reduced", "holds"),
        ("Short / Normal", "holds"),
        (None, "clears"),
    ]:
        evaluation = regime_change(signal(), told=told)
        assert (evaluation.condition, evaluation.playbook) == (condition, "Long / Normal")


@pytest.mark.parametrize(
    ("told", "playbook", "safer"),
    [
        ("Long / Normal", "No-trade / Reduced", True),
        ("Long / Reduced", "No-trade / Reduced", True),
        ("Long / Normal", "Long / Reduced", True),
        ("No-trade / Reduced", "No-trade / Defensive", True),
        ("Short / Normal", "Long / Defensive", True),
        ("Long / Normal", "Short / Normal", False),
        ("Long / Reduced", "Long / Normal", False),
        ("No-trade / Reduced", "Long / Reduced", False),
        ("No-trade / Defensive", "No-trade / Reduced", False),
    ],
)
def test_a_playbook_is_safer_without_a_position_or_with_a_worse_risk(
    told: str, playbook: str, *, safer: bool
) -> None:
    bias, risk = playbook.split(" / ")
    assert regime_change(signal(bias=bias, risk=risk), told=told).toward_safety is safer


def test_figures_are_never_floats() -> None:
    figures = [
        *exit_cluster(signal()).figures.values(),
        *regime_change(signal(), told=None).figures.values(),
        *budget(AT, Demand(hot=1, warm=1, cold=1, kept=1), weight_per_minute=9).figures.values(),
    ]
    assert not any(isinstance(figure, float | Decimal) for figure in figures)
