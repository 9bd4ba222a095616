"""`hypertally alerts test` says of each channel what became of a message, and its exit code too."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.flow.alerts.receivers import closed_port, mail_server, webhook

COMMAND = Path(sys.executable).with_name("hypertally")
SECRET = "s3cret-of-the-house"


async def trial(urls: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command with these channels set, beside what receives."""
    return await run(urls, "alerts", "test", *arguments)


async def run(urls: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run,
        [COMMAND, *arguments],
        env=os.environ | {"HYPERTALLY_ALERT_URLS": urls},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_every_channel_is_tried_and_named() -> None:
    async with webhook() as hook, mail_server() as mail:
        done = await trial(
            f"json://me:{SECRET}@127.0.0.1:{hook.port}/a, "
            f"mailto://127.0.0.1:{mail.port}?from=books@example.com&to=night@example.com"
        )
    assert (done.returncode, done.stderr) == (0, "")
    first, second = sorted(done.stdout.splitlines())
    assert first.startswith("json:")
    assert second.startswith("mailto:")
    assert first.endswith(": taken")
    assert second.endswith(": taken")
    assert [body["type"] for body in hook.bodies] == ["info"]
    assert "Nothing has happened" in hook.messages[0]
    assert "Nothing has happened" in mail.texts[0]


async def test_one_that_fails_is_an_exit_code_and_a_line_without_secrets() -> None:
    port = await closed_port()
    async with webhook() as hook:
        done = await trial(
            f"json://127.0.0.1:{hook.port}/ json://me:{SECRET}@127.0.0.1:{port}/", "--json"
        )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [row["error"] is None for row in rows] == [True, False]
    assert "onnection error" in rows[1]["error"]
    assert done.stderr == "", "what apprise logs is not printed"
    assert SECRET not in done.stdout


async def test_without_a_channel_the_remedy_is_said() -> None:
    done = await trial("")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(
        "hypertally: alerts are sent to no channel: set HYPERTALLY_ALERT_URLS"
    )


@pytest.mark.parametrize("command", ["alerts test", "worker", "smart-money", "up"])
async def test_a_bad_address_is_refused_by_its_place(command: str) -> None:
    done = await run(f"json://host slack://{SECRET}", *command.split())
    assert done.returncode == 2
    assert done.stderr.startswith(
        "hypertally: bad settings: HYPERTALLY_ALERT_URLS: address 2 of 2 (slack://) cannot be used"
    )
    assert done.stderr.count("\n") == 1
    assert SECRET not in done.stderr
