"""What cannot be printed: one line and exit code 1; a reader who has gone changes nothing."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("hypertally")
VERSION = [str(COMMAND), "--version"]
# A command that found something: its exit code says so.
FOUND = """
import click
from hypertally import cli

@click.command()
def found():
    for _ in range(3):
        click.echo("a difference")
    raise click.exceptions.Exit(3)

cli.cli = found
cli.main()
"""
VERDICT = [sys.executable, "-c", FOUND]
TABLE = [
    sys.executable,
    "-c",
    FOUND.replace('click.echo("a difference")', 'open_console().print("a difference")').replace(
        "import click", "import click\nfrom hypertally.cli.results import open_console"
    ),
]


@contextmanager
def unread_pipe() -> Iterator[int]:
    """A pipe whose reader has gone."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


@pytest.mark.parametrize("command", [VERSION, TABLE])
def test_a_full_disk_is_one_line(command: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    reason = "hypertally: standard output cannot be written (No space left on device)"
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert done.stderr.startswith(reason)


def test_a_closed_output_is_one_line() -> None:
    closed = ["sh", "-c", 'exec "$@" >&-', "sh", *VERSION]
    done = subprocess.run(closed, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert "standard output cannot be written (Bad file descriptor)" in done.stderr


@pytest.mark.parametrize(("command", "code"), [(VERSION, 0), (VERDICT, 3)])
def test_a_reader_who_has_gone_is_not_mentioned_and_changes_no_code(
    command: list[str], code: int
) -> None:
    with unread_pipe() as pipe:
        done = subprocess.run(command, stdout=pipe, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, "")
