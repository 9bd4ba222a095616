"""Following docs/how_to.md alone adds a fact and a metric that take part in everything."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

PROJECT = Path(__file__).parents[2]
COPIED = ("src", "tests", "scripts", "docs", "pyproject.toml", "Makefile")
PLACES_MAX = 6  # of a fact, and of a metric
PLACE = re.compile(r"^\*\*\d\. [^`\n]*`([^`]+)`.*?^```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECONDS_MAX = 120
ADDRESS = "0x" + "ab" * 20
RATES = ("0.00045", "0.00040", "0.00040", "0.00045")


@dataclass(frozen=True, slots=True)
class Place:
    """A file that the how-to names, and what it says to write there."""

    path: str
    text: str


def places(section: str) -> list[Place]:
    """The places of a section of the how-to, in its order."""
    text = (PROJECT / "docs" / "how_to.md").read_text(encoding="utf-8")
    (body,) = re.findall(rf"^## {section}\n(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    return [Place(path=path, text=code) for path, code in PLACE.findall(body)]


def write(tree: Path, place: Place) -> None:
    """Do what a place says: a new file, an addition at the end, or lines of the list."""
    path = tree / place.path
    if not path.exists():
        path.write_text(place.text, encoding="utf-8")
    elif path.name == "flow.py":
        path.write_text(_listed(path.read_text(encoding="utf-8"), place.text), encoding="utf-8")
    else:
        path.write_text(f"{path.read_text(encoding='utf-8')}\n\n{place.text}", encoding="utf-8")


def _listed(flow: str, said: str) -> str:
    imports, name, entries = re.fullmatch(
        r"# with the imports\n(.*?)# in (\w+)\n(.*)", said, re.DOTALL
    ).groups()
    flow = flow.replace("from hypertally.", f"{imports}from hypertally.", 1)
    begin = re.search(rf"^{name}: .* = \($", flow, re.MULTILINE)
    end = flow.index("\n)", begin.end())
    return f"{flow[: end + 1]}{entries}{flow[end + 1 :]}"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which somebody followed the how-to."""
    tree = tmp_path_factory.mktemp("tree")
    ignored = shutil.ignore_patterns("__pycache__")
    for name in COPIED:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=ignored)
        else:
            shutil.copy(source, tree / name)
    for section in ("A fact", "A metric"):
        found = places(section)
        assert 0 < len(found) <= PLACES_MAX, section
        for place in found:
            write(tree, place)
    run(tree, sys.executable, "scripts/definitions.py")
    run(tree, sys.executable, "scripts/schema.py")
    return tree


def run(tree: Path, *command: str, database_url: str | None = None) -> str:
    """Run a command of the copy; what it printed."""
    environment = os.environ | {"PYTHONPATH": str(tree / "src")}
    if database_url:
        environment["HYPERTALLY_DATABASE_URL"] = database_url
    done = subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, check=False,
        timeout=SECONDS_MAX,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def books_url(tree: Path, make_database) -> str:
    """A database of the copy in which a tracked wallet's fee rates are facts."""
    url = make_database()
    run(tree, sys.executable, "-m", "hypertally", "wallets", "add", ADDRESS, database_url=url)
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into facts.fee_rates (wallet_id, at, taker_rate, maker_rate, page_id) "
            "select w.id, '2026-03-01'::timestamptz + r.place * interval '1 hour', r.rate, 0, 1 "
            "from tenancy.wallets as w, "
            "unnest(%s::numeric[]) with ordinality as r (rate, place)",
            [list(RATES)],
        )
    return url


def hypertally(tree: Path, url: str, *arguments: str) -> str:
    return run(tree, sys.executable, "-m", "hypertally", *arguments, database_url=url)


def test_its_own_tests_pass(tree: Path) -> None:
    names = ("fee_rates", "wallet_fee_rates")
    paths = [f"tests/db/activity/test_{name}.py" for name in names]
    output = run(tree, sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", *paths)
    assert "6 passed" in output


def test_the_tests_of_all_facts_and_metrics_pass_with_them(tree: Path) -> None:
    paths = [f"tests/db/store/test_{name}.py" for name in ("append_only", "row_security")]
    output = run(tree, sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", *paths)
    assert " passed" in output


def test_the_style_is_kept_in_every_place(tree: Path) -> None:
    written = [place.path for section in ("A fact", "A metric") for place in places(section)]
    chosen = " or ".join({Path(path).stem for path in written})
    command = ("-m", "pytest", "-v", "-p", "no:cacheprovider", "tests/unit/test_tidy.py")
    assert " passed" in run(tree, sys.executable, *command, "-k", chosen)


def test_the_metric_is_rebuilt_verified_and_explained(tree: Path, books_url: str) -> None:
    assert "wallet_fee_rates: 1 rows" in hypertally(tree, books_url, "rebuild", "wallet_fee_rates")
    assert "wallet_fee_rates: 1 rows, 0 differ" in hypertally(tree, books_url, "verify")
    explained = json.loads(hypertally(tree, books_url, "explain", "wallet_fee_rates", ADDRESS))
    assert explained["definition"]["id"] == "wallet_fee_rates/1"
    (row,) = explained["rows"]
    assert (row["wallet"], row["lowest_taker_rate"], row["changes"]) == (ADDRESS, "0.0004", 2)


def test_verify_names_the_wallet_and_the_digit_that_is_wrong(tree: Path, books_url: str) -> None:
    hypertally(tree, books_url, "rebuild", "wallet_fee_rates")
    with psycopg.connect(books_url) as connection:
        connection.execute("update metrics.wallet_fee_rates set changes = 3")
    command = [sys.executable, "-m", "hypertally", "verify", "wallet_fee_rates", "--json"]
    environment = os.environ | {
        "PYTHONPATH": str(tree / "src"),
        "HYPERTALLY_DATABASE_URL": books_url,
    }
    done = subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, check=False,
        timeout=SECONDS_MAX,
    )  # fmt: skip
    assert done.returncode == 1
    first = {"wallet": ADDRESS, "fields": {"changes": ["3", "2"]}}
    assert json.loads(done.stdout)["first"] == first


def test_the_columns_page_shows_both(tree: Path) -> None:
    text = (tree / "docs" / "columns.md").read_text(encoding="utf-8")
    assert "## facts.fee_rates\n" in text
    assert "Key: `wallet_id`, `at`. From: info.userFees." in text
    assert "## metrics.wallet_fee_rates\n" in text
    assert "Definition: `wallet_fee_rates/1`." in text
