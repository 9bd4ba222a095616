"""The plan is in whole figures, however many wallets, and refuses what it cannot plan."""

import re

import pytest
from click.testing import CliRunner

from hypertally.cli.status import PLANNED_WALLETS_MAX, plan_command


def plan(wallets: int | str) -> tuple[int, str]:
    done = CliRunner().invoke(plan_command, ["--wallets", str(wallets)])
    return done.exit_code, done.output


@pytest.fixture(autouse=True)
def usual_allowance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HYPERTALLY_WEIGHT_PER_MINUTE", raising=False)


@pytest.mark.parametrize(
    ("wallets", "minutes"),
    [(1, "0.1"), (60, "1.0"), (61, "1.1"), (10_000, "166.7"), (10**9, "16,666,666.7")],
)
def test_a_round_of_all_wallets_is_told_rounded_up(wallets: int, minutes: str) -> None:
    code, output = plan(wallets)
    assert code == 0
    assert output.startswith(
        f"{wallets:,} wallets at 1,200 weight a minute: 60 looks a minute, each wallet every "
        f"{minutes} minutes if all are alike\n"
    )
    assert not re.search(r"\d[eE][+-]?\d", output)


@pytest.mark.parametrize("weight", ["120", "1000000"])
def test_rooms_are_whole_numbers(monkeypatch: pytest.MonkeyPatch, weight: str) -> None:
    monkeypatch.setenv("HYPERTALLY_WEIGHT_PER_MINUTE", weight)
    _, output = plan(PLANNED_WALLETS_MAX)
    rooms = re.findall(r"room for (.*) such wallets", output)
    hot = int(weight) // 20
    assert rooms == [f"{hot:,}", f"{15 * hot:,}", f"{60 * hot:,}"]


@pytest.mark.parametrize("wallets", [0, PLANNED_WALLETS_MAX + 1, 10**400, "1e9"])
def test_a_number_that_cannot_be_planned_is_refused(wallets: int | str) -> None:
    code, output = plan(wallets)
    assert code == 2
    assert "Invalid value for '--wallets'" in output
    assert "Traceback" not in output
