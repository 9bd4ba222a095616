"""Each import contract is shown to hold a wall: one forbidden import breaks it, and only it."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

PROJECT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "importlinter"
]["contracts"]
NAMES = [contract["name"] for contract in CONTRACTS]
LINTER = Path(sys.executable).parent / "lint-imports"
LINTER_SECONDS_MAX = 60

LAYERS = "Data flows one way: sources -> facts -> metrics -> api"
NETWORK = "Only sources and the command line talk to the network"
DATABASES = "Only store knows the databases"
API_WALL = "The API imports no source, no fact and not flow"
METRICS_WALL = "Metrics import no source"
TENANCY_WALL = "Tenancy imports no source"
SANDBOX_WALL = "The sandbox knows nothing of the program"
FACTS = "Subjects of facts: smart_money | twaps -> market -> activity -> pages"
METRICS = "Subjects of metrics are independent"
JOBS = (
    "Jobs: worker -> periodic | alerts | membership -> wallet_pulls -> paces -> subjects -> runtime"
)
API = "API: app -> gateway -> subjects -> resource -> identity -> http"
SANDBOX = "Sandbox: launch -> oracles | regimes | replay -> exchange -> population"


class Probe(NamedTuple):
    """A forbidden import: the contract that forbids it, the folder it stands in, its target."""

    contract: str
    folder: str
    target: str


# A probe is a new module that nothing imports, so that no longer chain of imports breaks a second
# contract. `hypertally` as the target adds a module that no layer names: only where every module
# must have its layer.
PROBES = [
    Probe(LAYERS, "sources", "hypertally.store.queries"),
    Probe(LAYERS, "store", "hypertally.sources.weights"),
    Probe(LAYERS, "facts/activity", "hypertally.metrics.definitions"),
    Probe(LAYERS, "metrics/activity", "hypertally.facts.fact"),
    Probe(LAYERS, "metrics/activity", "hypertally.tenancy.wallets"),
    Probe(LAYERS, "jobs/activity", "hypertally.api.http.limits"),
    Probe(LAYERS, "jobs/activity", "hypertally.cli.runtime"),
    Probe(LAYERS, ".", "hypertally"),
    Probe(NETWORK, "jobs/activity", "httpx2"),
    Probe(NETWORK, "metrics/activity", "obstore"),
    Probe(DATABASES, "jobs/activity", "psycopg"),
    Probe(DATABASES, "sandbox/exchange", "adbc_driver_postgresql"),
    Probe(API_WALL, "api/activity", "hypertally.sources.weights"),
    Probe(API_WALL, "api/twaps", "hypertally.facts.pages"),
    Probe(API_WALL, "api/smart_money", "hypertally.flow"),
    Probe(METRICS_WALL, "metrics/activity", "hypertally.sources.weights"),
    Probe(TENANCY_WALL, "tenancy", "hypertally.sources.weights"),
    Probe(SANDBOX_WALL, "sandbox/exchange", "hypertally.records"),
    Probe(SANDBOX_WALL, "sandbox/oracles", "hypertally.metrics.definitions"),
    Probe(FACTS, "facts/twaps", "hypertally.facts.smart_money.leaderboard"),
    Probe(FACTS, "facts/market", "hypertally.facts.twaps.statuses"),
    Probe(FACTS, "facts/activity", "hypertally.facts.market.mids"),
    Probe(FACTS, "facts", "hypertally"),
    Probe(METRICS, "metrics/twaps", "hypertally.metrics.activity.wallet_days"),
    Probe(METRICS, "metrics/activity", "hypertally.metrics.smart_money.signals"),
    Probe(METRICS, "metrics/lp", "hypertally.metrics.twaps.orders"),
    Probe(JOBS, "jobs/runtime", "hypertally.jobs.activity.rollup"),
    Probe(JOBS, "jobs/market", "hypertally.jobs.paces"),
    Probe(JOBS, "jobs/smart_money", "hypertally.jobs.rebuild.rebuild"),
    Probe(JOBS, "jobs/alerts", "hypertally.jobs.worker"),
    Probe(API, "api/http", "hypertally.api.identity.auth"),
    Probe(API, "api/resource", "hypertally.api.activity.fills"),
    Probe(API, "api/activity", "hypertally.api.gateway"),
    Probe(API, "api/twaps", "hypertally.api.activity.fills"),
    Probe(API, "api/smart_money", "hypertally.api.alerts.alerts"),
    Probe(API, "api/twaps", "hypertally.api.explain.catalogue"),
    Probe(API, "api", "hypertally"),
    Probe(JOBS, "jobs", "hypertally"),
    Probe(SANDBOX, "sandbox/population", "hypertally.sandbox.exchange.server"),
    Probe(SANDBOX, "sandbox/replay", "hypertally.sandbox.regimes.script"),
]


@pytest.fixture(scope="module")
def package_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python modules of the package beside the project's contracts."""
    copy = tmp_path_factory.mktemp("contracts")
    shutil.copy(PROJECT / "pyproject.toml", copy)
    package = PROJECT / "src" / "hypertally"
    for module in package.rglob("*.py"):
        target = copy / "hypertally" / module.relative_to(package)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(module, target)
    return copy


@contextmanager
def probe_module(copy: Path, probe: Probe) -> Iterator[None]:
    """The probe as a module of the copy, for as long as the linter reads it."""
    module = copy / "hypertally" / probe.folder / "probe_of_contract.py"
    module.write_text(f"import {probe.target}\n", encoding="utf-8")
    try:
        yield
    finally:
        module.unlink()


def contract_states(copy: Path) -> dict[str, str]:
    """KEPT or BROKEN for each contract, as import-linter reports them."""
    finished = subprocess.run(
        [LINTER, "--no-cache", "--no-logo"],
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=LINTER_SECONDS_MAX,
        check=False,
        env={"COLUMNS": "200"},
    )
    states = dict(re.findall(r"^(.+) (KEPT|BROKEN)$", finished.stdout, re.MULTILINE))
    assert list(states) == NAMES, finished.stdout + finished.stderr
    return states


def broken_contracts(copy: Path) -> list[str]:
    return [name for name, state in contract_states(copy).items() if state == "BROKEN"]


def test_the_copy_without_a_probe_keeps_every_contract(package_copy: Path) -> None:
    assert broken_contracts(package_copy) == []


def test_every_contract_has_a_probe() -> None:
    assert {probe.contract for probe in PROBES} == set(NAMES)
    assert len(NAMES) == len(set(NAMES))


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: f"{probe.folder} to {probe.target}")
def test_a_probe_breaks_its_contract_alone(package_copy: Path, probe: Probe) -> None:
    with probe_module(package_copy, probe):
        assert broken_contracts(package_copy) == [probe.contract]
