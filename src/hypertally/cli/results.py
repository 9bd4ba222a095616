"""How results are printed: tables, words, or JSON a row a line."""

from collections.abc import Iterable

import click
import msgspec
from rich.console import Console

PIPE_WIDTH = 1000  # lines of a file or a pipe stay whole, so that they can be searched


def open_console() -> Console:
    """The console that tables are printed on, with text as it is.

    Reasons and errors hold text of others: `[/b]` in it is no markup.
    """
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    return console


def echo_result(words: str, row: object, *, as_json: bool) -> None:
    """Print a result: in words, or as one line of JSON."""
    click.echo(msgspec.json.encode(row).decode() if as_json else words)


def echo_json_lines(rows: Iterable[object]) -> None:
    """Print each row as one line of JSON; decimals and times as strings."""
    for row in rows:
        click.echo(msgspec.json.encode(row).decode())
