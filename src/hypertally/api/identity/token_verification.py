"""Tokens checked: the algorithm is fixed by the kind of key, never by the token alone."""

import asyncio
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import jwt
import msgspec
from jwt.exceptions import InvalidSubjectError

from hypertally.api.http.limits import (
    CLOCK_LEEWAY_SECONDS,
    JWKS_FETCH_SECONDS_MAX,
    JWKS_KEPT_SECONDS,
    JWKS_RETRY_SECONDS,
    SECRET_BYTES_MIN,
    TOKEN_BYTES_MAX,
)
from hypertally.api.http.options import ApiOptions
from hypertally.api.http.problems import Problem
from hypertally.errors import Refused, TryLater
from hypertally.records import Record, is_object

SYMMETRIC: Final = "HS256"
OWN_CLAIMS: Final = ("sub", "exp", "iat", "purpose", "jti")
ASYMMETRIC: Final = frozenset({"ES256", "RS256"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a verified token says."""

    sub: str
    exp: float  # Unix seconds
    iat: float | None = None
    purpose: str | None = None  # None: an access token of an identity provider
    jti: str | None = None
    org: str | None = None  # as the identity provider's claim names it; None: no rule, no claim
    role: str = "viewer"  # the same
    token_id: str  # what the database knows the token by
    signed_here: bool  # with our own secret, not by an identity provider


class _Header(Record, frozen=True, kw_only=True):
    """What a token says of its key; nothing of it is trusted."""

    alg: str
    kid: str = ""


# Deep nesting, infinite numbers, lists where names belong.
_HOSTILE_JSON: Final = (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError)


def unauthorised(detail: str) -> Problem:
    """Return the problem of a caller who has not proved who they are."""
    return Problem(
        status=401,
        detail=detail,
        headers={"WWW-Authenticate": 'Bearer realm="hypertally"'},
    )


@dataclass(frozen=True, slots=True)
class MemberRule:
    """Which claims of an identity provider name a user's org and role; a dot leads inside."""

    org_claim: str | None
    role_claim: str | None

    def read(self, claims: Mapping[str, object]) -> dict[str, str]:
        """Return what the claims say; nothing where no rule or no claim is."""
        stated = {
            "org": _claim(claims, self.org_claim),
            "role": _claim(claims, self.role_claim),
        }
        return {name: value for name, value in stated.items() if isinstance(value, str)}


def _claim(claims: object, path: str | None) -> object:
    if not path:
        return None
    for name in path.split("."):
        claims = claims.get(name) if is_object(claims) else None
    return claims


class ProviderKeys:
    """Public keys of an identity provider, fetched off the event loop and seldom."""

    def __init__(self, url: str) -> None:
        self._client = jwt.PyJWKClient(
            url, cache_keys=False, cache_jwk_set=False, timeout=JWKS_FETCH_SECONDS_MAX
        )
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._fetching = asyncio.Lock()

    async def find(self, kid: str) -> jwt.PyJWK | None:
        """Return the key named `kid`; asks the provider again for names it has not told yet."""
        if self._due(kid):
            async with self._fetching:
                if self._due(kid):
                    await self._fetch()
        return self._keys.get(kid)

    def _due(self, kid: str) -> bool:
        age = time.monotonic() - self._fetched_at
        return age > (JWKS_KEPT_SECONDS if kid in self._keys else JWKS_RETRY_SECONDS)

    async def _fetch(self) -> None:
        # Counted before the answer: a provider that is away must not be asked by every request.
        self._fetched_at = time.monotonic()
        try:
            keys = await asyncio.to_thread(self._client.get_signing_keys, refresh=True)
        except jwt.PyJWTError as error:
            self._keys = {}
            raise TryLater(f"the identity provider's keys cannot be read: {error}") from error
        self._keys = {key.key_id: key for key in keys if key.key_id}


class TokenVerifier:
    """Checks signature, expiry, audience and issuer of bearer tokens."""

    def __init__(self, options: ApiOptions) -> None:
        if options.jwt_secret is None and options.jwks_url is None:
            raise Refused("nobody could sign in: set HYPERTALLY_JWT_SECRET or HYPERTALLY_JWKS_URL")
        secret = options.jwt_secret
        if secret is not None and len(secret.encode()) < SECRET_BYTES_MIN:
            raise Refused(f"HYPERTALLY_JWT_SECRET is shorter than {SECRET_BYTES_MIN} bytes")
        self._secret = secret
        self._secret_earlier = options.jwt_secret_earlier
        self._keys = ProviderKeys(options.jwks_url) if options.jwks_url else None
        self._audience = options.jwt_audience
        self._issuer = options.jwt_issuer
        self._rule = MemberRule(options.jwt_org_claim, options.jwt_role_claim)

    async def verify(self, token: str) -> Claims:
        """Return the claims of a token that holds in every respect.

        Errors: `Problem` 401 that says what is wrong, never what would be right.
        """
        if not token:
            raise unauthorised("no token: send 'Authorization: Bearer <token>', or use /sign-in")
        if len(token) > TOKEN_BYTES_MAX:
            raise unauthorised(f"the token is longer than {TOKEN_BYTES_MAX} bytes")
        try:
            header = msgspec.convert(jwt.get_unverified_header(token), _Header)
            key = await self._key_for(header)
            try:
                return self._decode(token, key)
            except jwt.InvalidSignatureError:
                if not isinstance(key, str) or self._secret_earlier is None:
                    raise
                return self._decode(token, self._secret_earlier)
        except jwt.ExpiredSignatureError as error:
            raise unauthorised("the token has expired: sign in again") from error
        except jwt.InvalidAudienceError as error:
            raise unauthorised("the token is for another audience") from error
        except (jwt.PyJWTError, msgspec.ValidationError, *_HOSTILE_JSON) as error:
            raise unauthorised("the token is not valid: sign in again") from error

    async def _key_for(self, header: _Header) -> str | jwt.PyJWK:
        if header.alg == SYMMETRIC and self._secret is not None:
            return self._secret
        if header.alg in ASYMMETRIC and self._keys is not None:
            key = await self._keys.find(header.kid)
            if key is not None and key.algorithm_name == header.alg:
                return key
        raise jwt.InvalidAlgorithmError

    def _decode(self, token: str, key: str | jwt.PyJWK) -> Claims:
        signed_here = isinstance(key, str)
        claims = jwt.decode(
            token,
            key,
            algorithms=[SYMMETRIC if signed_here else key.algorithm_name],
            audience=self._audience,
            issuer=self._issuer,
            leeway=CLOCK_LEEWAY_SECONDS,
            options={"require": ["exp", "sub", "aud"]},
        )
        if not claims["sub"]:
            raise InvalidSubjectError
        own = {name: claims[name] for name in OWN_CLAIMS if claims.get(name) is not None}
        token_id = own.get("jti") or hashlib.sha256(token.encode()).hexdigest()
        member = {} if signed_here else self._rule.read(claims)
        return msgspec.convert(
            {**own, **member, "token_id": token_id, "signed_here": signed_here}, Claims
        )
