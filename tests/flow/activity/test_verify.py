"""`verify` finds nothing wrong in right books, and names the first digit that is."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from typing import LiteralString

import pytest_asyncio
from tests.flow.books import Books, serving, small_population

from hypertally.flow import METRICS
from hypertally.jobs.rebuild.verify import Comparison, verify
from hypertally.store.postgres import open_pool

COMMAND_SECONDS_MAX = 60


@pytest_asyncio.fixture
async def kept(books: Books) -> AsyncGenerator[Books]:
    """Books with a history in them."""
    async with serving(small_population(8, wallets=5, days=5, fills=250)) as exchange:
        await books.track(await exchange.addresses())
        await books.settle(exchange)
    yield books


async def verdicts(books: Books) -> dict[str, Comparison]:
    async with open_pool(books.url, role="hypertally_worker", size=1) as pool:
        return {verdict.metric: verdict for verdict in await verify(pool, METRICS)}


async def test_books_that_were_kept_hold_what_a_recomputation_gives(kept: Books) -> None:
    found = await verdicts(kept)
    assert found.keys() == {metric.name for metric in METRICS}
    assert {(verdict.differing, verdict.waiting) for verdict in found.values()} == {(0, 0)}
    assert found["wallet_day_metrics"].rows == len(await kept.wallet_days()) > 0
    leftovers = "select count(*) from pg_namespace where nspname like 'verify%%'"
    assert await kept.value(leftovers) == 0


async def test_a_changed_digit_is_named_by_wallet_day_and_field(kept: Books) -> None:
    changed = await kept.read(
        "update metrics.wallet_day_metrics set fees_usd = fees_usd + 0.000000000000000001 "
        "where ctid = "
        "(select ctid from metrics.wallet_day_metrics order by day desc, wallet_id limit 1) "
        "returning day, trim_scale(fees_usd)::text as told, "
        "trim_scale(fees_usd - 0.000000000000000001)::text as true, "
        "(select '0x' || encode(address, 'hex') from tenancy.wallets "
        "where id = wallet_id) as wallet"
    )
    verdict = (await verdicts(kept))["wallet_day_metrics"]
    assert verdict.differing == 1
    assert verdict.first is not None
    assert verdict.first["wallet"] == changed[0]["wallet"]
    assert verdict.first["day"] == changed[0]["day"].isoformat()
    assert verdict.first["fields"] == {"fees_usd": [changed[0]["told"], changed[0]["true"]]}


async def test_any_metric_that_is_not_what_the_facts_say_differs(kept: Books) -> None:
    changes: list[tuple[str, LiteralString]] = [
        (
            "fill_gaps",
            """insert into metrics.fill_gaps
            values (1, 'BTC', 'position_break', '2025-10-01', '2025-10-02', 1, 'fill_gaps/1')""",
        ),
        ("global_day_metrics", "update metrics.global_day_metrics set dau = dau + 1"),
        ("wallet_day_metrics", "update metrics.wallet_day_metrics set digest = '0:0'"),
    ]
    for metric, change in changes:
        assert (await verdicts(kept))[metric].differing == 0, metric
        await kept.execute(change)
        verdict = (await verdicts(kept))[metric]
        assert verdict.differing > 0, metric
        assert verdict.first, metric
    before = (await verdicts(kept))["global_day_metrics"].differing
    await kept.execute("delete from metrics.global_day_metrics where org_id = 0")
    assert (await verdicts(kept))["global_day_metrics"].differing == before


async def test_the_command_exits_with_one_when_a_digit_differs(kept: Books) -> None:
    assert run_verify(kept).returncode == 0
    await kept.execute("update metrics.wallet_day_metrics set perp_volume_usd = 0.1")
    told = run_verify(kept)
    assert told.returncode == 1
    lines = {line["metric"]: line for line in map(json.loads, told.stdout.splitlines())}
    assert lines["wallet_day_metrics"]["differing"] > 0
    assert "perp_volume_usd" in lines["wallet_day_metrics"]["first"]["fields"]


def run_verify(books: Books) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hypertally", "verify", "--json"],
        env=os.environ | {"HYPERTALLY_DATABASE_URL": books.url},
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS_MAX,
        check=False,
    )
