"""Wallet addresses as people write them: on the command line and in files."""

import re

from hypertally.errors import Refused

WRONG_LINES_SHOWN_MAX = 5
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def read_address(text: str) -> str:
    """An address in lower case.

    Errors: `Refused` that quotes a text that is no address.
    """
    if not _ADDRESS.fullmatch(text):
        raise Refused(f"{text!r} is not an address: expected 0x and 40 hex digits")
    return text.lower()


def read_addresses(text: str, *, name: str) -> list[str]:
    """The addresses of a file with one address a line; empty lines and comments (#) are skipped.

    Errors: `Refused` that quotes the first wrong lines; no address is taken then.
    """
    addresses: list[str] = []
    wrong_lines: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        entry = line.partition("#")[0].strip()
        if entry and _ADDRESS.fullmatch(entry):
            addresses.append(entry.lower())
        elif entry:
            wrong_lines.append(f"line {number}: {entry[:60]!r}")
    if wrong_lines:
        more = "; ..." if len(wrong_lines) > WRONG_LINES_SHOWN_MAX else ""
        shown = "; ".join(wrong_lines[:WRONG_LINES_SHOWN_MAX]) + more
        raise Refused(
            f"{name} holds {len(wrong_lines)} lines that are not addresses (0x and 40 hex digits), "
            f"nothing was imported: {shown}"
        )
    if not addresses:
        raise Refused(f"{name} holds no address: expected one address a line")
    return list(dict.fromkeys(addresses))
