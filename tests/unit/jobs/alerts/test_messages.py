"""What is told of an alert is exact, short, and the same each time."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from hypertally.jobs.alerts.messages import FIGURES_MAX, MEANINGS, TITLE_CHARS_MAX, Alert, notice_of
from hypertally.jobs.alerts.state_machine import RULES
from hypertally.sources.notifications import BODY_CHARS_MAX

AT = datetime(2026, 11, 20, 3, 5, tzinfo=UTC)


def told(**changes: Any) -> Alert:
    row: dict[str, Any] = {
        "type": "exit_cluster",
        "subject": "HYPE",
        "level": "high",
        "to_state": "firing",
        "at": AT,
        "reason": "37.5 of 100 left",
        "figures": {"ecs": "37.50", "left": 6},
        "dedupe_key": "17:tgram:1f0c93aa",
    }
    return Alert(**(row | changes))


def test_a_message_says_what_where_when_and_what_it_means() -> None:
    notice = notice_of(told())
    assert notice.title == "[high] exit_cluster HYPE: 37.5 of 100 left"
    assert notice.level == "high"
    assert notice.body.splitlines() == [
        "37.5 of 100 left",
        "ecs: 37.50",
        "left: 6",
        "at: 2026-11-20 03:05:00 UTC",
        "level: high, firing",
        "Unusually many of the watched wallets that held this asset left it at once.",
        "key: 17:tgram:1f0c93aa (the same key is the same message, sent again)",
    ]


def test_a_spot_coin_is_said_by_its_pair() -> None:
    figures = {"coin": "@232", "coin_name": "HYPE/USDH"}
    subjects = {"subject": "0xab/@232/7", "other_subjects": ["0xcd/@232/8"], "others": 1}
    notice = notice_of(told(type="twap_large", figures=figures, **subjects))
    assert notice.title == "[high] twap_large 0xab/HYPE/USDH/7 and 1 more: 37.5 of 100 left"
    assert "1 more alerts of the same cause: 0xcd/HYPE/USDH/8" in notice.body
    assert notice_of(told(subject="0xab/BTC/7")).title.startswith("[high] exit_cluster 0xab/BTC/7:")


def test_every_type_of_alert_is_told_with_what_it_means() -> None:
    assert MEANINGS.keys() == RULES.keys()


def test_one_that_is_over_says_so_and_wakes_nobody() -> None:
    notice = notice_of(told(to_state="resolved", reason="below 20 for two periods"))
    assert notice.title == "[resolved] exit_cluster HYPE: below 20 for two periods"
    assert notice.level == "resolved"
    assert "Unusually" not in notice.body


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Decimal("0.1000"), "0.1000"),
        ("1E-9", "1E-9"),
        (None, "unknown"),
        (True, "yes"),
        (False, "no"),
    ],
)
def test_figures_are_said_as_they_are(value: Any, said: str) -> None:
    assert f"\nfigure: {said}\n" in notice_of(told(figures={"figure": value})).body


@pytest.mark.parametrize("value", [{"before": "Long"}, ["a", Decimal(2)], []])
def test_lists_are_left_to_the_page(value: Any) -> None:
    assert "figure" not in notice_of(told(figures={"figure": value})).body


@pytest.mark.parametrize("value", ["9" * 200, "98.5 " * 40])
def test_whatever_the_figures_the_key_is_told_and_no_number_is_cut(value: str) -> None:
    figures = {f"figure {number}": value for number in range(100)}
    notice = notice_of(told(figures=figures, reason="long " * 500))
    assert "key: 17:tgram:1f0c93aa" in notice.body
    assert len(notice.body) <= BODY_CHARS_MAX
    assert len(notice.title) <= TITLE_CHARS_MAX
    lines = [line for line in notice.body.splitlines() if line.startswith("figure")]
    assert len(lines) == FIGURES_MAX
    assert {word for line in lines for word in line.split()[2:]} <= {"98.5", "..."}


def test_a_message_counts_the_other_alerts_of_its_cause_and_leads_to_their_page() -> None:
    subjects = ("BTC", "ETH")
    notice = notice_of(
        told(others=34, other_subjects=subjects), page="https://books.example.com/#/smart-money"
    )
    assert notice.title == "[high] exit_cluster HYPE and 34 more: 37.5 of 100 left"
    lines = notice.body.splitlines()
    assert lines[1] == "34 more alerts of the same cause: BTC, ETH and 32 more"
    assert lines[-2] == "all alerts: https://books.example.com/#/smart-money"


def test_the_longest_message_of_many_alerts_is_whole() -> None:
    figures = {f"figure {number}": "9" * 200 for number in range(100)}
    subjects = tuple("0x" + f"{number:040x}" for number in range(5))
    alert = told(
        figures=figures, reason="long " * 500, others=99, other_subjects=subjects, type="data_gap"
    )
    notice = notice_of(alert, page="https://" + "x" * 150)
    assert len(notice.body) <= BODY_CHARS_MAX
    assert "key: 17:tgram:1f0c93aa" in notice.body
    assert all(subject in notice.body for subject in subjects)


def test_a_retracted_alert_is_told_as_wrong() -> None:
    notice = notice_of(told(to_state="retracted", reason="the period was computed again"))
    assert notice.title == "[retracted] exit_cluster HYPE: the period was computed again"
    assert notice.level == "retracted"
    assert "An earlier message of this alert was wrong: take it back." in notice.body
