"""The system as `hypertally up --sandbox` starts it, in a home of its own."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import stamina
from tests.browser.archive import write_statuses
from tests.browser.service.late_fills import write_late_fills
from tests.browser.watched import write_signals

ANSWER_SECONDS_MAX = 20
STOP_SECONDS_MAX = 30
FIRST_BOOKS_SECONDS_MAX = 180  # on a machine with other work
LINK = re.compile(r"(http\S+)/sign-in\?token=\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningStack:
    """A system with fills in it: where it is, and how to get in."""

    home: Path
    url: str
    sign_in_url: str
    token: str

    def get(self, path: str) -> Any:
        """Answer of the API for the bearer of the token."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx2.get(self.url + path, headers=headers, timeout=ANSWER_SECONDS_MAX)
        answer.raise_for_status()
        return json.loads(answer.content)

    def run(self, *arguments: str) -> str:
        """Run a command of the program on this system; what it printed."""
        environment = os.environ | {"HYPERTALLY_HOME": str(self.home.parent)}
        command = Path(sys.executable).with_name("hypertally")
        return subprocess.check_output(
            [command, *arguments, "--sandbox"], env=environment, text=True
        )


class NotYet(Exception):
    """The first pull of the wallets is not over, or its figures are not computed."""


def _wait_for_books(stack: RunningStack) -> None:
    """Wait until every wallet was pulled once and its days are computed."""
    for attempt in stamina.retry_context(
        on=NotYet, attempts=None, timeout=FIRST_BOOKS_SECONDS_MAX, wait_max=1
    ):
        with attempt:
            summary = stack.get("/api/v1/dashboard/summary")
            if not summary["proven_until"] or not summary["ranges"]["30d"]["fills"]:
                raise NotYet


def _read_archive(stack: RunningStack, command: Path, environment: dict[str, str]) -> None:
    """Let the system read an archive's object, and wait until TWAPs of both kinds are shown."""
    archive = Path(environment["HYPERTALLY_HOME"]) / "archive.parquet"
    write_statuses(archive)
    subprocess.run(
        [command, "twap", "ingest", "--local-file", archive, "--sandbox"],
        env=environment,
        check=True,
    )
    for attempt in stamina.retry_context(
        on=NotYet, attempts=None, timeout=FIRST_BOOKS_SECONDS_MAX, wait_max=1
    ):
        with attempt:
            running = stack.get("/api/v1/twaps/pressure")["running"]
            if {row["basis"] for row in running} != {"slices", "schedule"}:
                raise NotYet
            twaps = stack.get("/api/v1/twaps?status=activated")["twaps"]
            if not any(twap["arrival_slippage_bps"] for twap in twaps):
                raise NotYet


@contextmanager
def started(home: Path) -> Iterator[RunningStack]:
    """Start everything, and stop it at the end."""
    command = Path(sys.executable).with_name("hypertally")
    environment = os.environ | {"HYPERTALLY_HOME": str(home), "HYPERTALLY_PORT": "0"}
    # What wallets hold is written by hand, and must not go on while it is looked at.
    environment["HYPERTALLY_SMART_MONEY"] = "off"
    with subprocess.Popen(
        [command, "up", "--sandbox", "--world", "small"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as up:
        try:
            assert up.stdout is not None
            link = next(found for line in up.stdout if (found := LINK.search(line)))
            token = subprocess.check_output(
                [command, "token", "--org", "default", "--role", "analyst", "--sandbox"],
                env=environment,
                text=True,
            )
            books = home / "sandbox"
            stack = RunningStack(home=books, url=link[1], sign_in_url=link[0], token=token.strip())
            _wait_for_books(stack)
            _read_archive(stack, command, environment)
            write_signals(books)
            write_late_fills(books)
            yield stack
        finally:
            up.terminate()
            up.wait(STOP_SECONDS_MAX)
