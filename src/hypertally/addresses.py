"""Addresses in settings: what is none is refused at the start, not when somebody waits for it.

Each check returns the address as written, or raises `ValueError` that says what is expected,
without any part of the address: it may hold a password.
"""

import re
from typing import TypeVar
from urllib.parse import urlsplit

from pydantic import ValidationError
from pydantic_core import MultiHostUrl, Url

ParsedT = TypeVar("ParsedT", Url, MultiHostUrl)
LOOPBACK = ("localhost", "127.0.0.1", "::1")
WITH_HOST = frozenset({"http", "https", "ws", "wss", "s3"})


def check_address(value: str, *schemes: str) -> str:
    """An address of a server or a bucket."""
    _require_scheme(value, schemes)
    if not value.isascii():  # parsers differ in which other letters a host may have
        raise ValueError("an address is plain ASCII: a host of other letters is written xn--...")
    address = _parse(Url, value)
    if address.port == 0:
        raise ValueError("port 0 is no port to connect to: it must be from 1 to 65535")
    return value


def check_keys_address(value: str) -> str:
    """An address of the keys of tokens: who changes its answer may sign some."""
    parts = urlsplit(check_address(value, "http", "https"))
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise ValueError("https:// is needed: the keys decide who may enter")
    return value


def check_folder_or_bucket(value: str) -> str:
    """An address of an object store."""
    _require_scheme(value, ("s3", "file"))
    # A blank may stand in the name of a folder.
    address = _parse(Url, value.replace(" ", "%20") if value.lower().startswith("file:") else value)
    if address.scheme == "s3":
        if address.port or address.username or address.query:
            raise ValueError("expected s3://bucket/prefix and nothing else")
    elif address.host or not urlsplit(value).path.startswith("/"):
        raise ValueError("expected a whole path after file://, as in file:///folder")
    return value


def check_database(value: str) -> str:
    """An address of a PostgreSQL database; it may name several hosts, or a socket's folder."""
    _require_scheme(value, ("postgresql", "postgres"))
    address = _parse(MultiHostUrl, value)
    if any(host["port"] == 0 for host in address.hosts()):
        raise ValueError("port 0 is no port to connect to: it must be from 1 to 65535")
    return value


def without_password(value: str) -> str:
    """An address, of use or not, less what may be a name and a password."""
    return re.sub(r"^([^:/]*://)?.*@", r"\1***@", value, flags=re.DOTALL)


def _require_scheme(value: str, schemes: tuple[str, ...]) -> None:
    scheme, _, rest = value.partition("://")
    lacks_host = scheme.lower() in WITH_HOST and rest[:1] in ("", "/", "?", "#")
    if scheme.lower() not in schemes or lacks_host:
        expected = " or ".join(f"{name}://" for name in schemes)
        raise ValueError(f"expected an address that begins with {expected}, and then what it names")


def _parse(kind: type[ParsedT], value: str) -> ParsedT:
    # Parsers pass over blanks and turn backslashes, each in its own way.
    if not value.isprintable() or re.search(r"[\s\\]", value):
        raise ValueError("an address holds no blank, no backslash and no control character")
    try:
        return kind(value)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Input should be a valid URL, ")
        raise ValueError(
            f"{reason}: expected an address like {value.partition('://')[0]}://host:8443/path, "
            "the port from 1 to 65535, special characters of a password as in %40"
        ) from None
