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
