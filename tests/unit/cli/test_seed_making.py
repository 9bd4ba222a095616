"""`sandbox seed` ends when its sandbox does, and leaves nothing behind."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from hypertally.cli import cli
from hypertally.cli.exchange.seed_file import SEED_FILE
from hypertally.cli.exchange.seed_making import alone, require_running
from hypertally.errors import Refused, TryLater

COMMAND = Path(sys.executable).with_name("hypertally")
START_SECONDS_MAX = 60


def make_seed(home: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    monkeypatch.setenv("HYPERTALLY_HOME", str(home))
    command = ["sandbox", "seed", "--world", "tiny", *arguments]
    return CliRunner().invoke(cli, command, catch_exceptions=False).output


async def test_a_wait_ends_with_the_process_that_it_rests_on() -> None:
    process = await asyncio.create_subprocess_exec("sleep", "60")
    waiting = asyncio.create_task(require_running(process, asyncio.sleep(60)))
    await asyncio.sleep(0)
    process.kill()
    with pytest.raises(TryLater, match=r"ended \(code -9\) before .*: no seed was made"):
        await asyncio.wait_for(waiting, timeout=10)


async def test_a_wait_that_fails_says_why() -> None:
    async def fail() -> None:
        raise Refused("no database")

    process = await asyncio.create_subprocess_exec("sleep", "60")
    with pytest.raises(Refused, match="no database"):
        await require_running(process, fail())
    process.kill()
    await process.wait()


def test_a_second_seed_in_a_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        alone(tmp_path),
        pytest.raises(Refused, match=f"another process makes a seed in {tmp_path}"),
    ):
        make_seed(tmp_path, monkeypatch)


def test_no_seed_is_prepared_for_a_database_that_would_not_load_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYPERTALLY_DATABASE_URL", "postgresql://127.0.0.1:1/none")
    with alone(tmp_path):  # a seed would be refused
        assert make_seed(tmp_path, monkeypatch, "--if-missing") == ""


def test_a_command_that_is_stopped_removes_the_home_of_its_world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYPERTALLY_HOME", str(tmp_path))
    with subprocess.Popen(
        [COMMAND, "sandbox", "seed", "--world", "tiny"], stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + START_SECONDS_MAX
        while not (tmp_path / f"{SEED_FILE}.making").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.terminate()
        assert process.wait() == 1
        assert process.stderr is not None
        assert process.stderr.read().endswith("hypertally: stopped before the seed was made\n")
    assert list(tmp_path.iterdir()) == []
