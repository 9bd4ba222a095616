"""Tokens of the program itself: HS256 JWTs with the claims the identity provider's have."""

import secrets
import time
from typing import Final, Literal, TypeAlias

import jwt

from hypertally.api.http.limits import SECRET_BYTES_MIN
from hypertally.errors import Refused

Purpose: TypeAlias = Literal["access", "session", "sign-in"]

AUDIENCE: Final = "authenticated"


def unix_now() -> int:
    """Return the machine's clock in whole seconds: tokens expire by it, no figure depends on it."""
    return int(time.time())  # noqa: TID251 - see above


def _exact_now() -> float:
    """Return the same with its fraction: a token may follow a revocation within a second."""
    return time.time()  # noqa: TID251 - as above


def new_token_id() -> str:
    """Return an id that no other token has, and nobody guesses."""
    return secrets.token_hex(16)


def mint(
    secret: str,
    sub: str,
    *,
    purpose: Purpose = "access",
    seconds: int,
    audience: str = AUDIENCE,
    issuer: str | None = None,
    token_id: str | None = None,
    issued_at: float | None = None,
) -> str:
    """Sign a token for the user `sub`, valid from now for `seconds`.

    A `sign-in` token only opens a session, once; the others only read. `token_id`: a new one where
    none is given. `issued_at`, in Unix seconds, now where none is given: what later ends all tokens
    of the user ends this one.
    Errors: `Refused` for a secret too short to sign with, an empty user, or no lifetime.
    """
    if len(secret.encode()) < SECRET_BYTES_MIN:
        raise Refused(f"the JWT secret is shorter than {SECRET_BYTES_MIN} bytes: use a longer one")
    if not sub or seconds <= 0:
        raise Refused(f"a token needs a user and a lifetime, not {sub!r} for {seconds} seconds")
    now = unix_now()
    claims = {
        "sub": sub,
        "aud": audience,
        "iat": _exact_now() if issued_at is None else issued_at,
        "exp": now + seconds,
        "jti": token_id or new_token_id(),
        "purpose": purpose,
    }
    if issuer:
        claims["iss"] = issuer
    return jwt.encode(claims, secret, algorithm="HS256")
