"""A definition whose meaning changes is refused; another wording of the same meaning is not."""

import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from shutil import copytree, ignore_patterns

import psycopg
import pytest

from hypertally.errors import Refused
from hypertally.flow import DEFINITIONS
from hypertally.metrics.definition_form import Form, form_of, hash_statement
from hypertally.metrics.definitions import accepted_forms, register, require_registered
from hypertally.store.postgres import Pool, open_pool, transaction

SECONDS_MAX = 60
WALLET_DAYS = "wallet_day_metrics/3"
FORMULAS = "metrics/smart_money/formulas"
DAYS = "metrics/activity/wallet_days"
# A file of the program, what stands there, and what is written instead.
OTHER_MEANING = [
    (f"{FORMULAS}/thresholds.py", "Decimal(15), Decimal(25)", "Decimal(15), Decimal(26)"),
    ("metrics/smart_money/signals.sql", "limit 1", "limit 2"),
    (f"{DAYS}.sql", "'Net Child Vaults') then 'event'", "'x') then 'event'"),
    ("metrics/activity/wallet_walk.sql", "order by w.id", "order by w.id limit 3"),
    (
        "metrics/activity/fill_gaps.py",
        "rebuild=rebuild_unit",
        "rebuild=lambda *_: rebuild_unit(*_)",
    ),
    ("metrics/activity/position_chain.py", "if leg.start != position:", "if leg.start > position:"),
]
SAME_MEANING = [
    (f"{FORMULAS}/exits.py", '"""', '"""In other words. '),
    (f"{FORMULAS}/thresholds.py", ", Decimal(25)", ", Decimal(25)  # another comment"),
    (f"{DAYS}.sql", "-- Reads: ", "-- A comment that was not there.\n-- Reads: "),
    (f"{DAYS}.py", "WORDS = (", 'WORDS = "Other words. " + ('),
]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A copy of the program that may be changed."""
    source = str(files("hypertally"))
    return Path(copytree(source, tmp_path / "hypertally", ignore=ignore_patterns("ui")))


def change(program: Path, name: str, old: str, new: str) -> None:
    path = program / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def start(program: Path, url: str) -> subprocess.CompletedProcess[str]:
    """What every start does first: migrate, and register the definitions."""
    return subprocess.run(
        [sys.executable, "-m", "hypertally", "migrate"],
        env=os.environ | {"PYTHONPATH": str(program.parent), "HYPERTALLY_DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )


@pytest.mark.parametrize(("name", "old", "new"), OTHER_MEANING)
def test_another_meaning_under_the_same_version_stops_the_start(
    program: Path, database_url: str, name: str, old: str, new: str
) -> None:
    change(program, name, old, new)
    started = start(program, database_url)
    assert started.returncode == 2
    assert "raise its version" in started.stderr
    assert len(started.stderr.splitlines()) == 1


@pytest.mark.parametrize(("name", "old", "new"), SAME_MEANING)
def test_other_words_for_the_same_meaning_start(
    program: Path, database_url: str, name: str, old: str, new: str
) -> None:
    change(program, name, old, new)
    started = start(program, database_url)
    assert started.returncode == 0, started.stderr


def test_every_definition_has_the_form_that_is_listed_last() -> None:
    assert len(DEFINITIONS) >= 10
    listed = {name: forms[-1] for name, forms in accepted_forms().items()}
    today = {definition.definition: form_of(definition) for definition in DEFINITIONS}
    assert today == {name: listed[name] for name in today}


def stored(url: str) -> tuple[str, str | None]:
    """The statement and the form of a definition as a database holds them."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select sql, form from metrics.definitions where definition = %s", [WALLET_DAYS]
        ).fetchone()
    assert row is not None
    return row


def store(url: str, change: str, *values: str) -> None:
    """Change all that a database holds of the definition."""
    with psycopg.connect(url) as connection:
        connection.execute(
            f"update metrics.definitions set {change} where definition = '{WALLET_DAYS}'".encode(),
            values,
        )


async def put(pool: Pool) -> None:
    async with transaction(pool) as connection:
        await register(connection, DEFINITIONS)


async def test_what_an_earlier_release_stored_is_compared_by_its_statement(
    worker_pool: Pool, database_url: str
) -> None:
    before = stored(database_url)
    store(database_url, "form = null, sql = %s || sql", "-- as it was said then\n")
    await put(worker_pool)
    assert stored(database_url) == before
    store(database_url, "form = null, sql = sql || %s", " limit 0")
    with pytest.raises(Refused, match=WALLET_DAYS):
        await put(worker_pool)


async def test_any_form_that_was_shown_to_mean_the_same_is_taken_over(
    worker_pool: Pool, database_url: str
) -> None:
    today = stored(database_url)
    assert len(accepted_forms()[WALLET_DAYS]) >= 1
    for form in accepted_forms()[WALLET_DAYS]:
        store(database_url, "form = %s", str(form))
        await put(worker_pool)
        assert stored(database_url) == today
    store(database_url, "form = %s", str(Form(statement="0", code="0")))
    with pytest.raises(Refused, match=WALLET_DAYS):
        await put(worker_pool)


async def test_who_may_not_register_compares(database_url: str) -> None:
    async with open_pool(database_url, role="hypertally_jobs", size=1) as pool:
        await require_registered(pool, DEFINITIONS)
        store(database_url, "form = %s", str(Form(statement="0", code="0")))
        with pytest.raises(Refused, match=WALLET_DAYS):
            await require_registered(pool, DEFINITIONS)
        with psycopg.connect(database_url) as connection:
            connection.execute("delete from metrics.definitions")
        with pytest.raises(Refused, match=r"does not know .*/.*: run `hypertally migrate`"):
            await require_registered(pool, DEFINITIONS)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("select 1", "select 1 -- one", True),
        ("select 1", "  select\n  1", True),
        ("select '--'", "select '--' -- two dashes", True),
        ("select '-- a'", "select '-- b'", False),
        ("select 'it''s -- a'", "select 'it''s -- b'", False),
        ("select 1", "select 2", False),
        ("select 'a b'", "select 'a  b'", False),
        ("select /* one */ 1", "select 1", True),
    ],
)
def test_a_comment_is_no_part_of_a_statement(one: str, other: str, *, same: bool) -> None:
    assert (hash_statement(one) == hash_statement(other)) is same
