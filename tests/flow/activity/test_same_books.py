"""However the facts come in, the books are the same: facts by digest, metrics byte for byte."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from random import Random
from typing import Any

from tests.flow.books import Books, Exchange, require_oracle_figures, serving, small_population

from hypertally.flow import METRICS
from hypertally.jobs.rebuild.rebuild import rebuild
from hypertally.sandbox.oracles.inputs import population_fills, population_usd_prices

MoreBooks = Callable[[], AbstractAsyncContextManager[Books]]
POPULATION_SIZES = {"wallets": 6, "days": 7, "fills": 400}
LAST_COMPUTED = "select max(computed_at) from ops.computations"


async def filled(books: Books, exchange: Exchange) -> tuple[Any, dict[str, str]]:
    await books.track(await exchange.addresses())
    await books.settle(exchange)
    return await state(books)


async def state(books: Books) -> tuple[Any, dict[str, str]]:
    return await books.facts_digest(), await books.metric_texts()


async def rebuilt(books: Books) -> None:
    async for _ in rebuild(books.pool, METRICS, from_day=None, to_day=None):
        pass


async def test_any_page_size_in_either_order_gives_the_same_books(more_books: MoreBooks) -> None:
    world = small_population(5, wallets=4, days=7, fills=240)
    async with serving(world) as exchange, more_books() as books:
        expected = await filled(books, exchange)
    for page_rows, order in ((2000, "newest"), (29, "newest"), (31, "oldest")):
        async with (
            serving(world, page_rows_max=page_rows, fills_by_time_order=order) as exchange,
            more_books() as books,
        ):
            await books.track(await exchange.addresses())
            await books.execute("delete from ops.jobs where kind = 'ingest_wallet'")
            await books.pull_by_pages(exchange, page_rows=page_rows)
            assert await state(books) == expected, (page_rows, order)


async def test_a_history_of_several_true_pages_is_stored_whole(books: Books) -> None:
    world = small_population(3, wallets=1, days=2, fills=20, whale_fills=2_300)
    async with serving(world) as exchange:
        await filled(books, exchange)
    await require_oracle_figures(books, population_fills(world), population_usd_prices(world))
    pages = await books.read(
        "select row_count, closed from facts.pages where source = 'info.userFillsByTime' "
        "order by row_count desc"
    )
    assert pages[0]["row_count"] == 2000
    assert all(page["closed"] for page in pages)


async def test_pulling_again_stores_and_computes_nothing(books: Books) -> None:
    async with serving(small_population(5, **POPULATION_SIZES)) as exchange:
        expected = await filled(books, exchange)
        computed_at = await books.value(LAST_COMPUTED)
        await books.pull(exchange)
        await books.pull_deep(exchange)
        assert await state(books) == expected
        assert await books.value(LAST_COMPUTED) == computed_at
        assert await books.value("select count(*) from metrics.restatements") == 0


async def test_a_rebuild_gives_the_same_bytes_and_a_pull_after_it_too(books: Books) -> None:
    async with serving(small_population(5, **POPULATION_SIZES)) as exchange:
        expected = await filled(books, exchange)
        await rebuilt(books)
        assert await state(books) == expected
        await books.pull_deep(exchange)
        assert await state(books) == expected


async def test_a_rebuild_puts_right_what_was_deleted_or_added_by_hand(books: Books) -> None:
    async with serving(small_population(5, **POPULATION_SIZES)) as exchange:
        expected = await filled(books, exchange)
    await books.execute("delete from metrics.wallet_day_metrics where day > '2025-10-05'")
    await books.execute("delete from metrics.global_day_metrics where org_id = 0")
    await books.execute(
        "insert into metrics.wallet_day_metrics "
        'select (jsonb_populate_record(m, \'{"day": "2020-02-02"}\')).* '
        "from metrics.wallet_day_metrics as m limit 1"
    )
    await books.execute(
        "insert into metrics.fill_gaps values "
        "(1, 'BTC', 'position_break', '2025-10-01', '2025-10-02', 1, 'fill_gaps/1')"
    )
    assert await books.metric_texts() != expected[1]
    await rebuilt(books)
    assert await state(books) == expected


async def test_wallets_added_one_by_one_in_any_order_give_the_same_books(
    books: Books, more_books: MoreBooks
) -> None:
    async with serving(small_population(5, **POPULATION_SIZES)) as exchange:
        expected = await filled(books, exchange)
        async with more_books() as others:
            addresses = await exchange.addresses()
            Random(11).shuffle(addresses)
            for address in addresses:
                await others.track([address])
                await others.work(exchange)
            await others.settle(exchange)
            assert await state(others) == expected
