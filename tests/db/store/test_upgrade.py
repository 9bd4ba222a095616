"""Books of an earlier release migrate to today's, are read, computed again, and verified."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from tests.conftest import EXCHANGE
from tests.db.store.earlier_release import make_books

from hypertally.api.explain.catalogue import Catalogue
from hypertally.api.identity.auth import connect_as, read_identity
from hypertally.api.identity.claims import Claims
from hypertally.api.resource.answers import encode
from hypertally.api.resource.parameters import PageParameters
from hypertally.cli.database import bring_up_to_date
from hypertally.cli.tenancy.user_tokens import require_own_user
from hypertally.flow import METRICS
from hypertally.jobs.rebuild.rebuild import rebuild
from hypertally.jobs.rebuild.verify import verify
from hypertally.store.postgres import open_pool

RELEASE = Path(__file__).parent / "releases" / "0014.sql"
LAST_MIGRATION = "0014"
KEYS: Mapping[str, Sequence[str]] = {
    "wallet_day_metrics": ("wallet_id", "day"),
    "global_day_metrics": ("org_id", "day"),
    "twap_slices": ("wallet_id", "twap_id", "at", "oid"),
    "twaps": ("twap_id", "wallet"),
    "twap_executions": ("wallet_id", "twap_id"),
}
# How sure a figure is, and what it rests on: no figure itself.
OF_BOOKKEEPING = {
    "completeness", "closed", "gap_ms", "unpriced", "unknown",
    "definition", "digest", "reference_digest",
}  # fmt: skip
Rows = dict[str, dict[tuple[Any, ...], dict[str, Any]]]


@pytest.fixture
def old_books(server_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Rows]:
    """A database as the earlier release left it, brought up to date, and its rows of before."""
    url = make_books(server_url, tmp_path, monkeypatch, last_migration=LAST_MIGRATION)
    with psycopg.connect(url) as connection:
        connection.execute(RELEASE.read_bytes())
    before = read_rows(url)
    assert asyncio.run(bring_up_to_date(url)) != []
    return url, before


def read_rows(url: str) -> Rows:
    """Every row of the metrics, by its key."""
    with psycopg.connect(url, row_factory=dict_row, options="-c timezone=UTC") as connection:
        return {
            name: {
                tuple(row[part] for part in key): row
                for row in connection.execute(f"select * from metrics.{name}".encode())
            }
            for name, key in KEYS.items()
        }


def changed_columns(before: Rows, after: Rows) -> dict[str, set[str]]:
    """The columns of each metric whose values moved, among those that the earlier rows had."""
    return {
        name: {
            column
            for key, row in rows.items()
            for column in row
            if after[name][key][column] != row[column]
        }
        for name, rows in before.items()
    }


async def compute_again(url: str) -> dict[str, int]:
    """Rebuild everything; then how many rows of each metric differ from a second computation."""
    async with open_pool(url, role="hypertally_worker", size=4) as pool:
        async for _ in rebuild(pool, METRICS, from_day=None, to_day=None):
            pass
    async with open_pool(url, role="hypertally_worker", size=1) as pool:
        return {compared.metric: compared.differing for compared in await verify(pool, METRICS)}


async def explain(url: str, metric: str, *key: str) -> bytes:
    user = await require_own_user(url, org="default", role="analyst")
    async with open_pool(url, role="hypertally_api", size=1) as pool:
        claims = Claims(sub=user, exp=float("inf"), token_id="", signed_here=True)
        caller = await read_identity(pool, claims)
        async with connect_as(pool, caller) as connection:
            content = await Catalogue(METRICS).explain(
                connection, caller, metric, key=key, page=PageParameters()
            )
            return encode(content)


def test_the_migrations_leave_the_earlier_rows_as_they_were(old_books: tuple[str, Rows]) -> None:
    url, before = old_books
    assert {name: len(rows) for name, rows in before.items()} == {
        "wallet_day_metrics": 14,
        "global_day_metrics": 10,
        "twap_slices": 28,
        "twaps": 4,
        "twap_executions": 4,
    }
    assert changed_columns(before, read_rows(url)) == {name: set() for name in KEYS}


def test_the_earlier_rows_are_answered(old_books: tuple[str, Rows]) -> None:
    url, before = old_books
    wallet_id, day = min(before["wallet_day_metrics"])
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select '0x' || encode(address, 'hex') from tenancy.wallets where id = %s", [wallet_id]
        ).fetchone()
    assert row is not None
    answer = asyncio.run(explain(url, "wallet_day_metrics", row[0], str(day)))
    assert b'"wallet_day_metrics/2"' in answer
    twap_id, wallet = min(before["twaps"])
    answer = asyncio.run(explain(url, "twaps", str(twap_id)))
    assert wallet.encode() in answer


def test_computed_again_every_figure_stands_and_nothing_differs(
    old_books: tuple[str, Rows],
) -> None:
    url, before = old_books
    assert set(asyncio.run(compute_again(url)).values()) == {0}
    after = read_rows(url)
    assert {name: rows.keys() for name, rows in after.items()} == {
        name: rows.keys() for name, rows in before.items()
    }
    # What the new versions say otherwise: how sure a figure is, and unknown arrival prices.
    moved = changed_columns(before, after)
    assert {name: columns - OF_BOOKKEEPING for name, columns in moved.items()} == {
        **{name: set() for name in KEYS},
        "twap_executions": {"arrival_price", "arrival_source"},
    }
    assert {row["arrival_price"] for row in before["twap_executions"].values()} == {None}
    for name in ("wallet_day_metrics", "global_day_metrics"):
        for key, row in after[name].items():
            assert row["completeness"] <= before[name][key]["completeness"]
            assert (row["completeness"] == 1) == (row["reasons"] == [])


def run(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("hypertally"), *arguments],
        env=os.environ | {"HYPERTALLY_DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_rebuild_prints_which_published_figures_a_new_version_changed(
    old_books: tuple[str, Rows],
) -> None:
    url, _ = old_books
    with psycopg.connect(url) as connection:
        connection.execute(
            "update metrics.wallet_day_metrics set closed = true, fees_usd = fees_usd + 1.25 "
            "where fees_usd is not null and (wallet_id, day) in (select wallet_id, day "
            "from metrics.wallet_day_metrics where fees_usd is not null order by 1, 2 limit 1)"
        )
    assert run(url, "adopt", "--exchange", EXCHANGE).returncode == 0
    done = run(url, "rebuild", "wallet_day_metrics")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "wallet_day_metrics: 14 rows rebuilt on postgres"
    change = next(line for line in lines if "published fees_usd" in line)
    assert change == "  published fees_usd changed in 1 row, by at most 1.25 (definition)"
