"""TWAPs of tracked wallets: what was executed, in any window, equals the oracle digit for digit."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from random import Random
from typing import Any, LiteralString

import pytest
from tests.flow.books import EPOCH, Books, require_oracle_figures, serving, small_population
from tests.flow.handmade import ALICE, fill, ms
from tests.flow.handmade import world as handmade_world
from tests.flow.twaps.twaps import (
    MANY,
    POPULATION_SIZES,
    executions,
    expected,
    filled,
    has_one_fingerprint,
    pull_again,
    require_twaps,
    tracked,
    twap_texts,
)

from hypertally.clock import system_clock
from hypertally.flow import METRICS
from hypertally.jobs.activity.pull_fills import pull_fills
from hypertally.jobs.rebuild.rebuild import choose, rebuild
from hypertally.jobs.rebuild.verify import verify
from hypertally.jobs.twaps.pull_twaps import pull_twaps
from hypertally.sandbox.oracles.inputs import population_fills, population_usd_prices
from hypertally.store.postgres import open_pool

MoreBooks = Callable[[], AbstractAsyncContextManager[Books]]
MODES = ("with_id", "without_id", "absent")
NAMES = ("twaps", "twap_slices", "twap_executions")
DAY_SECONDS = 86_400
RESTATED = "select count(*) from metrics.restatements where metric = 'twap_executions'"


@pytest.mark.parametrize("mode", MODES)
async def test_what_was_executed_equals_the_oracle_wherever_slices_are_shown(
    books: Books, mode: str
) -> None:
    world = small_population(7, **POPULATION_SIZES)
    async with serving(world, twap_slices_in_fills=mode) as exchange:
        await filled(books, exchange)
    true = await require_twaps(books, world)
    assert len(true) > MANY
    await require_oracle_figures(books, population_fills(world), population_usd_prices(world))
    assert await books.value("select count(*) from facts.conflicts") == 0


async def test_any_window_of_a_twap_holds_the_slices_in_it_and_no_total(books: Books) -> None:
    world = small_population(3, **POPULATION_SIZES)
    async with serving(world) as exchange:
        await filled(books, exchange)
    random = Random(5)
    straddling = 0
    for (twap_id, _), book in expected(world).items():
        if book.state is None:
            continue
        life = (book.state.started_ms, book.state.ends_ms)
        for _ in range(4):
            from_ms, to_ms = sorted(random.sample(range(life[0] - 60_000, life[1] + 60_000), 2))
            (row,) = await books.read(
                "select coalesce(sum(size_coin), 0) as size, "
                "coalesce(sum(notional), 0) as notional, sum(fees_usd) as fees_usd, "
                "count(*) as slices from metrics.twap_slices "
                "where twap_id = %s and at >= %s and at < %s",
                twap_id,
                EPOCH + timedelta(milliseconds=from_ms),
                EPOCH + timedelta(milliseconds=to_ms),
            )
            window = book.executed(from_ms, to_ms)
            assert (row["size"], row["notional"]) == (window.size, window.notional)
            assert (row["slices"], row["fees_usd"] or 0) == (window.slices, window.fees_usd)
            straddling += 0 < window.slices < len(book.slices)
    assert straddling > MANY


@pytest.mark.parametrize("mode", MODES)
async def test_twaps_that_run_go_on_and_end(books: Books, mode: str) -> None:
    world = small_population(7, **POPULATION_SIZES)
    async with serving(world, twap_slices_in_fills=mode) as exchange:
        await filled(books, exchange)
        begun = await require_twaps(books, world)
        running = {key for key, book in begun.items() if book.state and book.state.runs}
        assert running
        for minutes in (4, 9, 120):
            await exchange.advance(timedelta(minutes=minutes))
            await pull_again(books, exchange)
            ended = await require_twaps(books, world)
    assert not any(ended[key].state.runs for key in running)
    more = [key for key in running if len(ended[key].slices) > len(begun[key].slices)]
    assert set(more) == running
    assert await books.value(RESTATED) == 0


@pytest.mark.parametrize("mode", MODES)
async def test_any_page_size_in_either_order_gives_the_same_rows(
    more_books: MoreBooks, mode: str
) -> None:
    world = small_population(7, **POPULATION_SIZES)
    digests = has_one_fingerprint(mode)
    async with serving(world, twap_slices_in_fills=mode) as exchange, more_books() as books:
        await filled(books, exchange)
        rows = await twap_texts(books, digests=digests)
    options = {"twap_slices_in_fills": mode}
    for page_rows, order in ((29, "newest"), (31, "oldest")):
        async with (
            serving(
                world, page_rows_max=page_rows, fills_by_time_order=order, **options
            ) as exchange,
            more_books() as books,
        ):
            await books.track(await exchange.addresses())
            await books.execute("delete from ops.jobs where kind = 'ingest_wallet'")
            async with books._info(exchange) as info:
                for wallet in await tracked(books):
                    await pull_twaps(
                        books.pool, info, wallet, clock=system_clock, page_rows=page_rows
                    )
            await books.pull_by_pages(exchange, page_rows=page_rows)
            assert await twap_texts(books, digests=digests) == rows, (page_rows, order)


@pytest.mark.parametrize("mode", MODES)
async def test_slices_before_fills_or_after_them_give_the_same_rows(
    more_books: MoreBooks, mode: str
) -> None:
    world = small_population(7, **POPULATION_SIZES)
    found = []
    for first, second in ((pull_fills, pull_twaps), (pull_twaps, pull_fills)):
        async with (
            serving(world, twap_slices_in_fills=mode) as exchange,
            more_books() as books,
        ):
            await books.track(await exchange.addresses())
            async with books._info(exchange) as info:
                for wallet in await tracked(books):
                    await first(books.pool, info, wallet, clock=system_clock)
                    await second(books.pool, info, wallet, clock=system_clock)
            await books.settle(exchange)
            await require_twaps(books, world)
            assert await books.value("select count(*) from facts.conflicts") == 0
            found.append(await twap_texts(books, digests=has_one_fingerprint(mode)))
    assert found[0] == found[1]


async def test_pulling_again_stores_and_computes_nothing(books: Books) -> None:
    async with serving(
        small_population(7, **POPULATION_SIZES), twap_slices_in_fills="without_id"
    ) as exchange:
        await filled(books, exchange)
        rows = await twap_texts(books)
        computed_at = await books.value("select max(computed_at) from ops.computations")
        await pull_again(books, exchange)
        await pull_again(books, exchange, deep=True)
        assert await twap_texts(books) == rows
        assert await books.value("select max(computed_at) from ops.computations") == computed_at


@pytest.mark.parametrize("mode", ["with_id", "absent"])
async def test_slices_that_show_late_are_counted_once_they_show(books: Books, mode: str) -> None:
    world = small_population(7, **POPULATION_SIZES)
    hidden = {"probability": 0.5, "max_count": 200, "delay_ms": 40 * 3_600_000}
    async with serving(world, twap_slices_in_fills=mode) as exchange:
        await exchange.set_faults(late=hidden)
        await filled(books, exchange)
        short = [row for row in (await executions(books)).values() if row["completeness"] != 1]
        assert len(short) > 1
        assert any(row["size_residual"] and row["size_residual"] < 0 for row in short)
        await exchange.clear_faults()
        await pull_again(books, exchange, deep=True)
    await require_twaps(books, world)
    assert await books.value(RESTATED) == 0


async def test_markets_and_prices_that_come_later_are_applied(books: Books) -> None:
    world = small_population(7, **POPULATION_SIZES)
    async with serving(world) as exchange:
        await books.track(await exchange.addresses())
        async with books._info(exchange) as info:
            for wallet in await tracked(books):
                await pull_fills(books.pool, info, wallet, clock=system_clock)
                await pull_twaps(books.pool, info, wallet, clock=system_clock)
        async for _ in rebuild(books.pool, choose(NAMES), from_day=None, to_day=None):
            pass
        await books.execute("delete from ops.dirty_twaps")
        unpriced = [row for row in (await executions(books)).values() if row["fees_usd"] is None]
        assert unpriced
        assert all("no stored price" in row["unknown"]["fees_usd"] for row in unpriced)
        await books.settle(exchange)
    await require_twaps(books, world)


async def test_an_execution_that_is_missing_is_computed_at_the_next_look(books: Books) -> None:
    async with serving(small_population(7, **POPULATION_SIZES)) as exchange:
        await filled(books, exchange)
        rows = await twap_texts(books)
        await books.execute("delete from metrics.twap_executions")
        await pull_again(books, exchange)
    assert await twap_texts(books) == rows


async def test_broken_rows_are_kept_and_hide_no_slice(books: Books) -> None:
    world = small_population(7, **POPULATION_SIZES)
    sometimes = {"probability": 0.5, "max_count": 40}
    slices_only = sometimes | {"types": ["userTwapSliceFillsByTime"]}
    async with serving(world, twap_slices_in_fills="absent") as exchange:
        await exchange.set_faults(
            malformed_row=sometimes | {"types": ["userTwapSliceFillsByTime", "twapHistory"]},
            amended=slices_only,
            repeated=sometimes,
            reordered=sometimes,
        )
        await filled(books, exchange)
        for _ in range(3):
            await pull_again(books, exchange, deep=True)
    await require_twaps(books, world)
    sources = await books.read("select source, count(*) from facts.rejects group by 1 order by 1")
    assert [row["source"] for row in sources] == [
        "info.twapHistory",
        "info.userTwapSliceFillsByTime",
    ]
    assert await books.value("select count(*) from facts.conflicts") > 0


async def test_a_rebuild_gives_the_same_rows_and_puts_right_what_was_spoilt(books: Books) -> None:
    async with serving(small_population(7, **POPULATION_SIZES)) as exchange:
        await filled(books, exchange)
    rows = await twap_texts(books)
    spoils: list[LiteralString] = [
        "update metrics.twaps set status = 'finished' where status = 'activated'",
        "delete from metrics.twap_slices where fills = 1",
        """insert into metrics.twap_executions
        select (jsonb_populate_record(e, '{"twap_id": 1}')).*
        from metrics.twap_executions as e limit 1""",
        "select 1",
    ]
    for spoil in spoils:
        await books.execute(spoil)
        async for _ in rebuild(books.pool, METRICS, from_day=None, to_day=None):
            pass
        assert await twap_texts(books) == rows, spoil


async def test_verify_names_the_twap_whose_digit_differs(books: Books) -> None:
    async with serving(small_population(7, **POPULATION_SIZES)) as exchange:
        await filled(books, exchange)

    async def differing() -> dict[str, int]:
        async with open_pool(books.url, role="hypertally_worker", size=1) as pool:
            found = {verdict.metric: verdict for verdict in await verify(pool, choose(NAMES))}
        for verdict in found.values():
            assert verdict.rows > MANY
            assert bool(verdict.first) == bool(verdict.differing)
        if found["twap_executions"].first:
            assert found["twap_executions"].first["fields"].keys() == {"executed_size"}
            assert found["twap_executions"].first["wallet"].startswith("0x")
        return {name: verdict.differing for name, verdict in found.items()}

    assert await differing() == dict.fromkeys(NAMES, 0)
    await books.execute("update metrics.twaps set duration_minutes = duration_minutes + 1")
    await books.execute("delete from metrics.twap_slices where fills > 1")
    await books.execute(
        "update metrics.twap_executions set executed_size = executed_size + 0.000000000000000001 "
        "where ctid = (select ctid from metrics.twap_executions limit 1)"
    )
    found = await differing()
    assert found["twap_executions"] == 1
    assert found["twap_slices"] > 1
    assert found["twaps"] > MANY


async def test_a_wallet_without_twaps_costs_one_question_a_day(books: Books, tmp_path: Any) -> None:
    fills = {ALICE: [fill(ms("2025-10-01T10:00"))]}
    async with serving(handmade_world(tmp_path / "world", fills)) as exchange:
        await books.track([ALICE])
        await books.settle(exchange)
        asked = (await exchange.stats())["requests"]
    assert asked["twapHistory"] == 1
    assert "userTwapSliceFillsByTime" not in asked
    waits = "select extract(epoch from run_at - now()) from ops.jobs where kind = 'ingest_twaps'"
    assert DAY_SECONDS - 60 < await books.value(waits) <= DAY_SECONDS
    weights = await books.read(
        "select weight, closed from facts.pages where source like '%%twap%%'"
    )
    assert weights == [{"weight": 20, "closed": False}]


async def test_a_slice_among_the_fills_hurries_the_wallets_twaps(books: Books) -> None:
    world = small_population(7, **POPULATION_SIZES, live_per_second=0.02)
    async with serving(world) as exchange:
        await filled(books, exchange)
        await books.execute(
            "update ops.jobs set run_at = now() + interval '1 day' where kind = 'ingest_twaps'"
        )
        await exchange.advance(timedelta(minutes=2))
        await books.pull(exchange)
    waits = await books.read(
        "select extract(epoch from run_at - now()) as seconds from ops.jobs "
        "where kind = 'ingest_twaps'"
    )
    assert min(row["seconds"] for row in waits) <= 60


async def test_the_command_rebuilds_twaps_by_name(books: Books) -> None:
    async with serving(small_population(7, **POPULATION_SIZES)) as exchange:
        await filled(books, exchange)
    rows = await twap_texts(books)
    await books.execute("delete from metrics.twap_executions")
    told = run(books, "rebuild", *NAMES)
    assert told.returncode == 0, told.stderr
    assert "twap_executions: " in told.stdout
    assert await twap_texts(books) == rows


async def test_the_command_explains_a_twap_from_its_slices_up(books: Books) -> None:
    world = small_population(7, **POPULATION_SIZES)
    async with serving(world) as exchange:
        await filled(books, exchange)
    (twap_id, wallet), book = next(
        (key, book) for key, book in expected(world).items() if book.residual and book.slices
    )
    told = run(books, "explain", "twaps", str(twap_id))
    assert told.returncode == 0, told.stderr
    proof = json.loads(told.stdout)
    (row,) = await books.read(
        "select digest from metrics.twap_executions where twap_id = %s", twap_id
    )
    assert row["digest"] in told.stdout
    assert wallet in told.stdout
    assert f'"{book.executed().size.normalize():f}"' in told.stdout
    assert proof["definition"]


def run(books: Books, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hypertally", *arguments],
        env=os.environ
        | {"HYPERTALLY_DATABASE_URL": books.url, "HYPERTALLY_JWT_SECRET": "0123456789abcdef" * 4},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
