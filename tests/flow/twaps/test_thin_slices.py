"""Whether answers lack a known slice of a TWAP shows at the end of a sweep, and not before."""

from datetime import timedelta

import pytest
from tests.flow.books import Books, milliseconds
from tests.flow.handmade import ALICE, Row, fill, ms
from tests.flow.scripted import Scripted, scripted
from tests.flow.twaps.scripted_twap import one_twap

from hypertally.errors import SourceDown
from hypertally.jobs.activity import tracked_wallets
from hypertally.jobs.twaps.pull_twaps import pull_twaps

START = ms("2025-10-04T12:00")
PAGE_ROWS = 100


async def pull(books: Books, exchange: Scripted, slices: list[Row]) -> int:
    """Pull the TWAPs of a wallet of these slices; where its cursor is."""
    exchange.script = one_twap(slices, start_ms=START, size=250, minutes=60, page_rows=PAGE_ROWS)
    (wallet,) = await tracked_wallets.list_tracked(books.pool, [ALICE])
    async with books._info(exchange.exchange) as info:
        await pull_twaps(books.pool, info, wallet, clock=books.clock, page_rows=PAGE_ROWS)
    return await books.value("select slices_ms from ops.twap_cursors")


async def test_a_known_slice_is_looked_for_in_the_whole_sweep(books: Books) -> None:
    slices = [fill(START + number * 10_000, startPosition=f"{number}.0") for number in range(251)]
    with scripted() as exchange:
        await books.track([ALICE])
        assert await pull(books, exchange, slices[:250]) == slices[249]["time"]
        books.later += timedelta(days=1)  # two days back are asked for: three pages
        assert await pull(books, exchange, slices) == slices[250]["time"]
        assert await books.value("select last_error from ops.twap_cursors") is None
        books.later += timedelta(days=1)
        with pytest.raises(SourceDown, match="does not hold the known fill"):
            await pull(books, exchange, slices[:250])
    assert await books.value("select slices_ms from ops.twap_cursors") == slices[250]["time"]


async def test_a_slice_shown_before_the_fills_is_no_gap_until_they_were_read(books: Books) -> None:
    """Wallets that trade beside a TWAP had a gap, and a high alert, about every hour."""
    gaps = "select count(*) from metrics.fill_gaps where kind = 'position_break'"
    with scripted() as exchange:
        await books.track([ALICE])
        now_ms = milliseconds(books.clock())
        first, between, last = (
            fill(now_ms + after_ms, startPosition=start)
            for after_ms, start in ((-60_000, "0.0"), (20_000, "1.0"), (30_000, "2.0"))
        )
        exchange.fills = [first]
        await books.settle(exchange.exchange)
        books.later += timedelta(seconds=40)
        await pull(books, exchange, [last])
        await books.run_kind(exchange.exchange, "rollup_wallet_day")
        assert (await books.facts_digest())[0] == 2
        assert await books.value(gaps) == 0
        exchange.script, exchange.fills = None, [first, last]
        await books.pull(exchange.exchange)
        assert await books.value(gaps) == 1
        exchange.fills = [first, between, last]
        await books.pull(exchange.exchange)
        assert await books.value(gaps) == 0
