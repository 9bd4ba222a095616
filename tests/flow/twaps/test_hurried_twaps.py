"""A slice of a TWAP hurries the pull of its wallet's TWAPs, whichever reading stores it first."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.flow.books import Books, milliseconds, serving
from tests.flow.handmade import ALICE, fill, world

from hypertally.clock import system_clock

MINUTE_MS = 60_000


@pytest.mark.parametrize("kind", ["read_again", "confirm_fills", "repair_gap"])
async def test_a_slice_that_another_reading_stores_hurries_the_wallets_twaps(
    books: Books, tmp_path: Path, kind: str
) -> None:
    first_ms = milliseconds(system_clock()) - 180 * MINUTE_MS
    row = fill(first_ms)
    piece = fill(first_ms + MINUTE_MS, startPosition="1.0", twapId=7)
    last = fill(first_ms + 2 * MINUTE_MS, startPosition="2.0")
    async with serving(world(tmp_path / "before", {ALICE: [row, last]})) as exchange:
        await books.track([ALICE])
        await books.settle(exchange)
        await books.execute(
            "update ops.jobs set run_at = now() + interval '1 day' "
            "where kind = 'ingest_twaps' and status = 'queued'"
        )
    async with serving(world(tmp_path / "after", {ALICE: [row, piece, last]})) as exchange:
        books.later += timedelta(minutes=70 if kind == "confirm_fills" else 3)
        hurried = "update ops.jobs set run_at = now() where status = 'queued' and kind = %s"
        await books.execute(hurried, kind)
        await books.work(exchange)
    assert (await books.facts_digest())[0] == 3
    waits = (
        "select extract(epoch from run_at - now()) from ops.jobs "
        "where kind = 'ingest_twaps' and status = 'queued'"
    )
    assert await books.value(waits) <= 60
