"""Every defined type of alert is judged and described, or named as not judged yet, with why."""

import re
from pathlib import Path

from hypertally.jobs.alerts.messages import MEANINGS
from hypertally.jobs.alerts.state_machine import RULES

PROJECT = Path(__file__).parents[4]
# The types that the definitions of the metrics list.
DEFINED = {
    "regime_change",
    "exit_cluster",
    "system_stale",
    "data_gap",
    "reconciliation_break",
    "restatement",
    "universe_churn",
    "lp_out_of_range",
    "delta_drift",
    "budget_infeasible",
    "archive_behind",
    "rejects",
    "twap_large",
    "wallet",
}


def operations() -> str:
    return (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")


def alert_section() -> str:
    return operations().partition("\n## Alerts\n")[2].partition("\n## ")[0]


def test_every_defined_type_is_judged_or_named_as_not_judged_yet() -> None:
    [sentence] = re.findall(r"^Defined, and not judged yet: (.*)$", alert_section(), re.MULTILINE)
    missing = set(re.findall(r"`(\w+)`", sentence))
    assert missing.isdisjoint(RULES)
    assert set(RULES) | missing == DEFINED


def test_every_type_that_is_judged_has_its_row_its_message_and_its_name_on_the_page() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", alert_section(), re.MULTILINE)
    assert sorted(rows) == sorted(RULES)
    assert set(MEANINGS) == set(RULES)
    page = PROJECT / "src" / "hypertally" / "ui" / "vocabulary" / "alerts.js"
    types = page.read_text(encoding="utf-8").partition("const TYPES = {")[2].partition("\n};")[0]
    assert set(re.findall(r"^  (\w+): \[", types, re.MULTILINE)) == set(RULES)


def test_the_levels_of_the_rows_are_those_of_the_rules() -> None:
    for name, level in re.findall(r"^\| `(\w+)` \| (\w+),", alert_section(), re.MULTILINE):
        assert RULES[name].level == level
