"""What a request brings to say who asks: one reading for the gateway, sign-in and sign-out."""

from collections.abc import Iterator, Mapping
from typing import Final

COOKIE_NAME: Final = "hypertally_session"

_COOKIE: Final = f"{COOKIE_NAME}=".encode()


def token_of(headers: Mapping[bytes, bytes]) -> str:
    """Return the token of the Authorization header, else of the first session cookie; or ``""``."""
    if b"authorization" in headers:
        return bearer_of(headers)
    return next(_session_tokens(headers), "")


def bearer_of(headers: Mapping[bytes, bytes]) -> str:
    """Return the token of the Authorization header; empty if it brings none."""
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    return token.strip().decode("latin-1") if scheme.lower() == b"bearer" else ""


def session_tokens(headers: Mapping[bytes, bytes]) -> list[str]:
    """Return the tokens of all session cookies: a browser may hold one for each path and domain."""
    return list(_session_tokens(headers))


def _session_tokens(headers: Mapping[bytes, bytes]) -> Iterator[str]:
    for part in headers.get(b"cookie", b"").split(b";"):
        cookie = part.strip()
        if cookie.startswith(_COOKIE):
            yield cookie.removeprefix(_COOKIE).decode("latin-1")
