"""`hypertally archive` as a user has it, and as it is killed."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from tests import hour
from tests.flow.archive.vaults import DAY, ROWS

COMMAND = Path(sys.executable).with_name("hypertally")
COMMAND_SECONDS_MAX = 60
ROWS_OF_THE_HOUR = 12 * 300


@dataclass(frozen=True)
class Shell:
    """A user with a home and a database."""

    home: Path
    database_url: str

    def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, "archive", *arguments],
            env=self.environment | settings,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS_MAX,
            check=False,
        )

    def kill_after(self, lines: int, *arguments: str) -> int:
        """Run until so many steps were told, then kill; how many lines there were."""
        command = [COMMAND, "archive", *arguments]
        with subprocess.Popen(
            command, env=self.environment, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            told = 0
            for told, _ in enumerate(process.stderr, start=1):
                if told == lines:
                    process.send_signal(signal.SIGKILL)
            return told

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "HYPERTALLY_HOME": str(self.home),
            "HYPERTALLY_DATABASE_URL": self.database_url,
        }

    def rows(self) -> list[str]:
        with psycopg.connect(self.database_url, options="-c timezone=UTC") as connection:
            return [row for (row,) in connection.execute(ROWS).fetchall()]


@pytest.fixture
def shell(tmp_path: Path, database_url: str) -> Shell:
    hour.record(database_url)
    return Shell(tmp_path / "home", database_url)


def test_a_user_seals_lists_proves_and_brings_back(shell: Shell) -> None:
    rows = shell.rows()
    done = shell.run("seal", "--release")
    assert done.returncode == 0, done.stderr
    assert f"{DAY}: 3,600 rows sealed in" in done.stdout
    assert f"{DAY}: released" in done.stdout
    assert shell.run("seal").stdout == "nothing to do: every closed day is sealed\n"
    (told,) = map(json.loads, shell.run("list", "--json").stdout.splitlines())
    assert (told["day"], told["rows"], told["number"]) == (str(DAY), ROWS_OF_THE_HOUR, 1)
    assert told["released_at"]
    assert str(DAY) in shell.run("list").stdout
    assert "1 manifests and 3 files are right: 3,600 rows" in shell.run("verify").stdout
    assert shell.run("restore", "--from", str(DAY), "--to", str(DAY)).returncode == 0
    assert shell.rows() == rows


def test_what_is_wrong_is_one_line_and_an_exit_code(shell: Shell) -> None:
    assert shell.run("seal").returncode == 0
    home = shell.home / "archive"
    (path,) = home.glob("wallet_snapshots/*/*-ETH-*.parquet")
    path.write_bytes(path.read_bytes()[::-1])
    found = shell.run("verify", "--day", str(DAY))
    assert (found.returncode, found.stderr.count("\n")) == (1, 1)
    assert path.name in found.stderr
    refused = shell.run("verify", "--day", str(DAY + timedelta(days=1)))
    assert refused.returncode == 2
    assert f"nothing of {DAY + timedelta(days=1)} is sealed" in refused.stderr
    for arguments, words in (
        (("seal", "--before", "2999-01-01"), "--before 2999-01-01"),
        (("seal", "--before", "yesterday"), "yesterday"),
        (("restore", "--from", str(DAY), "--to", "2026-05-03"), "--to 2026-05-03 lies before"),
    ):
        done = shell.run(*arguments)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert words in done.stderr
    nowhere = shell.run("seal", HYPERTALLY_SEAL_URL="file:///no/such/folder")
    assert nowhere.returncode == 2
    assert "there is no such folder" in nowhere.stderr


@pytest.mark.parametrize("lines", [1, 4, 6, 7, 8, 9])
def test_a_killed_run_has_lost_nothing_and_the_next_goes_on(shell: Shell, lines: int) -> None:
    rows = shell.rows()
    assert shell.kill_after(lines, "seal", "--release") >= lines
    assert shell.rows() in (rows, [])
    assert shell.run("seal", "--release").returncode == 0
    assert shell.rows() == []
    proof = shell.run("verify")
    assert "1 manifests and 3 files are right: 3,600 rows" in proof.stdout, proof.stderr
    shell.kill_after(2, "restore", "--from", str(DAY), "--to", str(DAY))
    shell.run("restore", "--from", str(DAY), "--to", str(DAY))
    assert shell.rows() == rows
