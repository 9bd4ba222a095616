"""A history is whole only if it was read from its beginning to now in one piece."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.flow.books import Books, Exchange, serving
from tests.flow.handmade import ALICE, Row, fill, ms, world

START = ms("2025-10-01T06:00")
MINUTE_MS = 60_000
SHOWN_MAX = 10_000
FILLS = ["userFillsByTime"]


def back_and_forth(count: int, *, from_ms: int = START) -> Iterator[Row]:
    """One BTC bought and sold again, over and over, one fill a minute."""
    for number in range(count):
        sale = {"side": "A", "startPosition": "1.0", "dir": "Close Long"}
        yield fill(from_ms + number * MINUTE_MS, **(sale if number % 2 else {}))


async def limits(books: Books) -> list[dict[str, Any]]:
    return await books.read("select kind, from_ms, to_ms from facts.limits_met order by to_ms")


async def first_day(books: Books) -> Any:
    """The completeness of the day on which the record begins."""
    return await books.value(
        "select completeness from metrics.wallet_day_metrics order by day limit 1"
    )


async def interrupt(books: Books, exchange: Exchange, interruption: str) -> None:
    """Begin the first pull, and break it off on its third page."""
    third = {"types": FILLS, "skip": 2, "max_count": 10_000}
    match interruption:
        case "500":
            await exchange.set_faults(http_5xx=third)
            await books.work(exchange)
        case "429":
            await exchange.set_faults(http_429=third)
            await books.work(exchange)
        case _:
            await exchange.set_faults(slow=third | {"delay_ms": 60_000})
            working = asyncio.create_task(books.work(exchange))
            stored = "select count(*) from facts.pages where source = 'info.userFillsByTime'"
            async with asyncio.timeout(30):
                while await books.value(stored) < 1:  # noqa: ASYNC110 - of a database
                    await asyncio.sleep(0.02)
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            await books.execute("update ops.jobs set lease_until = now() where status = 'running'")
    assert 0 < (await books.facts_digest())[0] < SHOWN_MAX
    await exchange.clear_faults()


@pytest.mark.parametrize("interruption", ["500", "429", "killed"])
async def test_an_interrupted_first_pull_keeps_the_horizon(
    books: Books, tmp_path: Path, interruption: str
) -> None:
    rows = list(back_and_forth(12_000))
    async with serving(world(tmp_path / "world", {ALICE: rows})) as exchange:
        await books.track([ALICE])
        await interrupt(books, exchange, interruption)
        await books.settle(exchange)
    assert (await books.facts_digest())[0] == SHOWN_MAX
    begins = rows[2_000]["time"]
    assert await limits(books) == [{"kind": "history_begins", "from_ms": 0, "to_ms": begins}]
    assert await first_day(books) < 1


async def test_rejects_count_among_the_rows_the_exchange_shows(
    books: Books, tmp_path: Path
) -> None:
    rows = list(back_and_forth(12_000))
    for row in rows[5_000:5_500]:
        row["side"] = "unknown"
    async with serving(world(tmp_path / "world", {ALICE: rows})) as exchange:
        await books.track([ALICE])
        await books.settle(exchange)
    assert (await books.facts_digest())[0] == SHOWN_MAX - 500
    assert [limit["kind"] for limit in await limits(books)] == ["history_begins"]


async def test_a_history_in_pieces_is_cut_until_a_reading_from_the_beginning_ran_whole(
    books: Books, tmp_path: Path
) -> None:
    rows = list(back_and_forth(5_000))
    async with serving(world(tmp_path / "world", {ALICE: rows})) as exchange:
        await books.track([ALICE])
        await interrupt(books, exchange, "429")
        await books.execute("update ops.jobs set run_at = now() where kind like 'rollup_%%'")
        await books.execute(
            "update ops.jobs set run_at = now() + interval '1 hour' where kind = 'ingest_wallet'"
        )
        await books.work(exchange)
        gaps = "select kind from metrics.fill_gaps"
        assert await books.read(gaps) == [{"kind": "history_begins"}]
        assert await first_day(books) < 1

        await books.settle(exchange)
        assert await books.read(gaps) == []
    assert await limits(books) == []
    shown = await books.read("select rows_shown, first_ms from facts.history_readings")
    assert shown == [{"rows_shown": 5_000, "first_ms": START}]


async def test_a_history_of_an_exchange_that_gives_500_rows_at_once_is_whole(
    books: Books, tmp_path: Path
) -> None:
    scene = world(tmp_path / "world", {ALICE: list(back_and_forth(1_500))})
    async with serving(scene, page_rows_max=500) as exchange:
        await books.track([ALICE])
        await books.settle(exchange)
    assert (await books.facts_digest())[0] == 1_500
