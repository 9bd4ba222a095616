"""The plan counts every purpose, is in plain figures, and refuses what it cannot plan."""

import json
import re
from typing import Any

import pytest
from click.testing import CliRunner

from hypertally.cli.plan import PLANNED_WALLETS_MAX, plan_command
from hypertally.jobs.request_plan.costs import PURPOSES
from hypertally.jobs.worker import ASKING_KINDS, HANDLERS

# They ask nobody of the exchange's info endpoint: a store of files, and the leaderboard's own host.
ASK_ELSEWHERE = {"ingest_twap_source"}


def plan(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(plan_command, arguments)
    return done.exit_code, done.output


def plan_of(wallets: int, *, weight: int, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("HYPERTALLY_WEIGHT_PER_MINUTE", str(weight))
    code, output = plan("--wallets", str(wallets), "--json")
    assert code == 0
    return json.loads(output)


@pytest.fixture(autouse=True)
def usual_allowance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HYPERTALLY_WEIGHT_PER_MINUTE", raising=False)


@pytest.mark.parametrize("wallets", [1, 60, 10_000, PLANNED_WALLETS_MAX])
def test_figures_are_plain_however_many_wallets(wallets: int) -> None:
    code, output = plan("--wallets", str(wallets))
    assert code == 0
    assert output.startswith("1 wallet, " if wallets == 1 else f"{wallets:,} wallets, ")
    assert "pulls of TWAPs" in output
    assert not re.search(r"\d[eE][+-]?\d", output)


def test_every_job_that_asks_the_exchange_has_a_purpose() -> None:
    planned = {kind.name for kind in PURPOSES}
    assert {kind.name for kind in HANDLERS} >= planned
    assert ASKING_KINDS - planned - ASK_ELSEWHERE == {"pull_prices"}  # once, with a first history


def test_more_wallets_need_more_and_are_granted_no_more_than_the_allowance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = plan_of(100, weight=1200, monkeypatch=monkeypatch)
    many = plan_of(10_000, weight=1200, monkeypatch=monkeypatch)
    roomy = plan_of(10_000, weight=100_000, monkeypatch=monkeypatch)
    assert float(few["needed"]) == float(few["granted"]) < float(many["needed"])
    assert float(many["granted"]) <= 1200
    assert float(roomy["granted"]) == float(roomy["needed"]) == float(many["needed"])
    assert float(roomy["minutes_to_fills"]) < float(many["minutes_to_fills"])


@pytest.mark.parametrize("wallets", [0, PLANNED_WALLETS_MAX + 1, 10**400, "1e9"])
def test_a_number_that_cannot_be_planned_is_refused(wallets: int | str) -> None:
    code, output = plan("--wallets", str(wallets))
    assert code == 2
    assert "Invalid value for '--wallets'" in output
    assert "Traceback" not in output
