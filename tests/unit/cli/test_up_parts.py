"""The parts of `hypertally up`: what a part refuses, `up` refuses in one line."""

import asyncio
from pathlib import Path

import pytest

from hypertally.cli.up import start_parts
from hypertally.errors import Refused
from hypertally.settings import Settings


async def test_a_part_that_is_refused_stops_all_of_them(tmp_path: Path) -> None:
    elsewhere = {"home": str(tmp_path), "database_url": "postgresql://127.0.0.1:9/none"}
    stopping = asyncio.Event()
    with pytest.raises(Refused, match="the api could not start: see the line above"):
        await start_two(Settings.model_validate(elsewhere), stopping)
    assert stopping.is_set()


async def start_two(settings: Settings, stopping: asyncio.Event) -> None:
    async with start_parts(settings, {}, stopping) as parts:
        parts.start("worker", ["sandbox", "--port", "0", "--wallets", "1", "--fills", "1"])
        parts.start("api", ["no-such-command"])
        await asyncio.Event().wait()
