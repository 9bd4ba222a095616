"""A long history begins with its TWAP slices, which go further back than its fills."""

from tests.flow.books import Books
from tests.flow.handmade import ALICE, fill, ms
from tests.flow.scripted import scripted
from tests.flow.twaps.scripted_twap import one_twap

PAGE_ROWS = 2_000  # of the exchange: a longer history may be cut
FIRST = ms("2025-10-04T12:00")
MINUTE_MS = 60_000


async def test_slices_older_than_the_fills_move_no_published_day(books: Books) -> None:
    slices = [fill(FIRST + n * MINUTE_MS, startPosition=f"{n}.0") for n in range(10)]
    later = [
        fill(FIRST + (60 + n) * MINUTE_MS, startPosition=f"{10 + n}.0")
        for n in range(PAGE_ROWS + 1)
    ]

    answer = one_twap(slices, start_ms=FIRST, size=10, minutes=20)
    with scripted() as exchange:
        exchange.fills, exchange.script = later, answer
        await books.track([ALICE])
        await books.execute(
            "update ops.jobs set run_at = now() + interval '1 day' where kind = 'ingest_twaps'"
        )
        await books.work(exchange.exchange)
        await books.run_kind(exchange.exchange, "ingest_twaps")
    assert (await books.facts_digest())[0] == len(slices) + len(later)
    moved = await books.read(
        "select metric, day, changes from metrics.restatements where cause = 'late facts'"
    )
    assert moved == []
    first_day = "select fills from metrics.wallet_day_metrics order by day limit 1"
    assert await books.value(first_day) == 10 + 11 * 60, "slices and fills of the day"
