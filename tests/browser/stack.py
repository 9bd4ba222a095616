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

ANSWER_SECONDS_MAX = 20
STOP_SECONDS_MAX = 30
LINK = re.compile(r"(http\S+)/sign-in\?token=\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningStack:
    """A system with fills in it: where it is, and how to get in."""

    url: str
    sign_in_url: str
    token: str

    def get(self, path: str) -> Any:
        """Answer of the API for the bearer of the token."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx2.get(self.url + path, headers=headers, timeout=ANSWER_SECONDS_MAX)
        answer.raise_for_status()
        return json.loads(answer.content)


@contextmanager
def started(home: Path) -> Iterator[RunningStack]:
    """Start everything, and stop it at the end."""
    command = Path(sys.executable).with_name("hypertally")
    environment = os.environ | {"HYPERTALLY_HOME": str(home), "HYPERTALLY_PORT": "0"}
    with subprocess.Popen(
        [command, "up", "--sandbox"], env=environment, stdout=subprocess.PIPE, text=True
    ) as up:
        try:
            assert up.stdout is not None
            link = next(found for line in up.stdout if (found := LINK.search(line)))
            token = subprocess.check_output(
                [command, "token", "--org", "default", "--role", "analyst"],
                env=environment,
                text=True,
            )
            yield RunningStack(url=link[1], sign_in_url=link[0], token=token.strip())
        finally:
            up.terminate()
            up.wait(STOP_SECONDS_MAX)
