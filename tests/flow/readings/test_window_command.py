"""`hypertally pull fills --from --to` as a user has it: it asks, computes, and ends."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from tests.flow.books import Books, Exchange, serving
from tests.flow.handmade import ALICE, fill, ms, world

NOON = ms("2025-10-01T12:00")
COMMAND_SECONDS_MAX = 60


async def pull(books: Books, exchange: Exchange, *window: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "hypertally", "pull", "fills", "--wallet", ALICE, *window],
        env=os.environ
        | {"HYPERTALLY_DATABASE_URL": books.url, "HYPERTALLY_INFO_URL": f"{exchange.url}/info"},
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS_MAX,
        check=False,
    )


async def test_a_window_is_asked_for_once_more_and_the_command_ends(
    books: Books, tmp_path: Path
) -> None:
    async with serving(world(tmp_path / "world", {ALICE: [fill(NOON)]})) as exchange:
        await books.track([ALICE])
        ended = await pull(books, exchange, "--from", "2025-10-01", "--to", "2025-10-01")
    assert ended.returncode == 0
    assert ended.stdout == f"{ALICE}: 1 fills shown in 1 pages, 1 new, 0 conflicts, 0 rejects\n"
    assert await books.value("select sum(fills) from metrics.wallet_day_metrics") == 1
