"""The parts of `hypertally up`: what a part refuses, `up` refuses in one line."""

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner

from hypertally.cli import cli
from hypertally.cli.processes.parts import start_parts
from hypertally.errors import Refused
from hypertally.settings import Settings


async def test_a_part_that_is_refused_stops_all_of_them(tmp_path: Path) -> None:
    elsewhere = {"home": str(tmp_path), "database_url": "postgresql://127.0.0.1:9/none"}
    stopping = asyncio.Event()
    with pytest.raises(Refused, match="the api could not start: see the line above"):
        await start_two(Settings.model_validate(elsewhere), stopping)
    assert stopping.is_set()


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("nosuch.invalid", "--host 'nosuch.invalid' is not known here: name an address"),
        ("x" * 64, "is not known here"),
        ("192.0.2.1", "--host 192.0.2.1 is no address of this machine: try 127.0.0.1"),
    ],
)
def test_a_host_that_is_not_ours_is_said_and_no_port_is_blamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, reason: str
) -> None:
    monkeypatch.setenv("HYPERTALLY_HOME", str(tmp_path))
    with pytest.raises(Refused) as refused:
        CliRunner().invoke(
            cli, ["up", "--host", host], standalone_mode=False, catch_exceptions=False
        )
    assert reason in str(refused.value)
    assert "PORT" not in str(refused.value)


async def start_two(settings: Settings, stopping: asyncio.Event) -> None:
    async with start_parts(settings, {}, stopping) as parts:
        parts.start("worker", ["sandbox", "--port", "0", "--wallets", "1", "--fills", "1"])
        parts.start("api", ["no-such-command"])
        await asyncio.Event().wait()
