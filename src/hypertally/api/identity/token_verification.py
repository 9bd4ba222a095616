"""Tokens checked: the algorithm is fixed by the kind of key, never by the token alone."""

import asyncio
import time
from typing import Final

import jwt
import msgspec

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
from hypertally.api.identity.claims import Claims, InvalidClaim, MemberRule, read_claims
from hypertally.errors import Refused, TryLater
from hypertally.records import Record

SYMMETRIC: Final = "HS256"
ASYMMETRIC: Final = frozenset({"ES256", "RS256"})


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
        except InvalidClaim as error:
            raise unauthorised(f"the token's claim `{error}` cannot be read") from error
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
        content = jwt.decode(
            token,
            key,
            algorithms=[SYMMETRIC if signed_here else key.algorithm_name],
            audience=self._audience,
            issuer=self._issuer,
            leeway=CLOCK_LEEWAY_SECONDS,
            options={"require": ["exp", "sub", "aud"]},
        )
        return read_claims(content, token=token, signed_here=signed_here, rule=self._rule)
