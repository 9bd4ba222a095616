"""`hypertally smart-money` as an operator has it: once, again, for good, and stopped."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import pytest
from tests.flow.books import Exchange, serving, small_population

COMMAND = str(Path(sys.executable).with_name("hypertally"))
STOP_SECONDS_MAX = 10
PATIENCE_SECONDS = 90


class Operator:
    """Runs the command on a database of its own, against a made-up exchange."""

    def __init__(self, url: str, home: Path, exchange: Exchange) -> None:
        self.exchange = exchange
        self._environment = os.environ | {
            "HYPERTALLY_HOME": str(home),
            "HYPERTALLY_DATABASE_URL": url,
            "HYPERTALLY_INFO_URL": f"{exchange.url}/info",
            "HYPERTALLY_LEADERBOARD_URL": f"{exchange.url}/leaderboard",
            "HYPERTALLY_TWAP_URL": home.as_uri(),
            "HYPERTALLY_UNIVERSE_SIZE": "7",
        }

    async def start(self, *options: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            COMMAND,
            "smart-money",
            *options,
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def run(self, *options: str) -> tuple[int | None, str, str]:
        """Exit code, what it printed, what it said beside."""
        process = await self.start(*options)
        async with asyncio.timeout(PATIENCE_SECONDS):
            out, err = await process.communicate()
        return process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def operating(url: str, home: Path) -> AsyncGenerator[Operator]:
    async with serving(
        small_population(7, wallets=6, days=3, fills=300), leaderboard_rows=9
    ) as exchange:
        yield Operator(url, home, exchange)


async def test_once_chooses_a_universe_and_records_the_minute(
    database_url: str, tmp_path: Path
) -> None:
    async with operating(database_url, tmp_path) as operator:
        code, out, err = await operator.run("--once")
        assert code == 0, err
        assert "success, 7 of 7 wallets answered, 21 rows" in out
        assert out.strip().endswith("healthy")
        asked = (await operator.exchange.stats())["requests"]
        code, _, err = await operator.run("--once", "--refresh-universe")
        assert code == 0, err
        assert err.count("universe chosen") == 1
        assert asked.get("userFillsByTime", 0) == 0


async def test_a_minute_in_which_nobody_answers_is_a_failure(
    database_url: str, tmp_path: Path
) -> None:
    async with operating(database_url, tmp_path) as operator:
        await operator.exchange.set_faults(
            http_5xx={"types": ["clearinghouseState"], "max_count": 10_000}
        )
        code, out, err = await operator.run("--once")
    assert (code, "failed, 0 of 7" in out) == (1, True)
    assert "no wallet answered" in err


async def test_it_runs_until_it_is_told_to_stop_and_then_stops_soon(
    database_url: str, tmp_path: Path
) -> None:
    async with operating(database_url, tmp_path) as operator:
        process = await operator.start()
        assert process.stderr is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            while b"universe chosen" not in await process.stderr.readline():
                assert process.returncode is None
        began = monotonic()
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOP_SECONDS_MAX):
            await process.communicate()
    assert process.returncode == 0
    assert monotonic() - began < STOP_SECONDS_MAX


@pytest.mark.parametrize("option", ["--once", "--refresh-universe"])
async def test_what_only_prints_does_nothing_else(
    database_url: str, tmp_path: Path, option: str
) -> None:
    async with operating(database_url, tmp_path) as operator:
        code, _, err = await operator.run("--survivors", option)
    assert (code, "--survivors only prints" in err) == (2, True)


async def test_who_left_is_printed_a_line_each(database_url: str, tmp_path: Path) -> None:
    async with operating(database_url, tmp_path) as operator:
        assert (await operator.run("--survivors"))[:2] == (0, "")
