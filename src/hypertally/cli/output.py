"""Where commands print: a reader who has gone is no error, any other failure is one line."""

import io
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from hypertally.errors import HypertallyError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

FAILED_CODE = 1


class OutputLost(HypertallyError):
    """What the command prints cannot be written."""


class _Output(io.FileIO):
    """Standard output; what nobody reads any more goes nowhere, and the command ends as ever.

    Its exit code is then the same however much of its output was read: `head` closes early.
    """

    def write(self, data: "ReadableBuffer", /) -> int | None:
        """Write bytes; how many.

        Errors: `OutputLost`.
        """
        try:
            return super().write(data)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return memoryview(data).nbytes
        except OSError as error:
            raise OutputLost(
                f"standard output cannot be written ({error.strerror}): print to a file or a pipe "
                "that can be"
            ) from error


def guard_output() -> None:
    """Let every command print by `_Output`."""
    stdout = sys.stdout
    # A closed one is None: what is written to a file that is open for reading fails as it would.
    number = stdout.fileno() if stdout else os.open(os.devnull, os.O_RDONLY)
    raw = _Output(number, "w", closefd=False)
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stdout.encoding if stdout else "utf-8",
        errors=stdout.errors if stdout else "strict",
        line_buffering=raw.isatty(),
    )


def flush_output(code: int) -> int:
    """Write what is still to be printed; the exit code, which is a failure where that fails."""
    try:
        sys.stdout.flush()
    except OutputLost as problem:
        if code == 0:
            click.echo(f"hypertally: {problem}", err=True)
            code = FAILED_CODE
    with suppress(OSError, AttributeError):  # nobody reads it, or it is closed
        sys.stderr.flush()
    return code
