"""`hypertally up` whose output cannot be written ends at once and says why in one line."""

import os
import signal
import subprocess
import sys
from pathlib import Path

SECONDS_MAX = 120  # its parts start and stop meanwhile


def test_up_says_that_its_output_is_lost_and_fails(database_url: str, tmp_path: Path) -> None:
    environment = os.environ | {
        "HYPERTALLY_DATABASE_URL": database_url,
        "HYPERTALLY_HOME": str(tmp_path / "home"),
        "HYPERTALLY_SMART_MONEY": "false",
    }
    with Path("/dev/full").open("wb") as full:
        up = subprocess.Popen(
            [sys.executable, "-m", "hypertally", "up", "--port", "0"],
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            _, errors = up.communicate(timeout=SECONDS_MAX)
        finally:
            if up.poll() is None:
                up.send_signal(signal.SIGINT)
                up.wait()
    assert up.returncode == 1
    about = [line for line in errors.splitlines() if "standard output" in line]
    (line,) = about
    assert line.startswith(
        "hypertally: standard output cannot be written (No space left on device)"
    )
    assert "Traceback" not in errors
