"""Wallet addresses as people write them: on the command line and in files."""

import re

from hypertally.errors import Refused

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def read_address(text: str) -> str:
    """An address in lower case.

    Errors: `Refused` that quotes a text that is no address.
    """
    if not _ADDRESS.fullmatch(text):
        raise Refused(f"{text!r} is not an address: expected 0x and 40 hex digits")
    return text.lower()
