"""Tokens: what is minted is accepted, for its purpose, by who holds the secret."""

import asyncio
import hmac
import json
from base64 import urlsafe_b64encode
from typing import Any

import jwt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hypertally.api.http.options import ApiOptions
from hypertally.api.http.problems import Problem
from hypertally.api.identity.token_verification import TokenVerifier
from hypertally.api.identity.tokens import mint
from hypertally.errors import Refused

SECRET = "a secret of the tests, longer than 32 bytes"


def verifier(**changed: str) -> TokenVerifier:
    return TokenVerifier(options(**changed))


def options(**changed: str) -> ApiOptions:
    return ApiOptions(database_url="postgresql://x", version="1", jwt_secret=SECRET, **changed)


@pytest.mark.parametrize("purpose", ["access", "session", "sign-in"])
async def test_a_minted_token_says_who_for_what_and_until_when(purpose) -> None:
    claims = await verifier().verify(mint(SECRET, "ann", purpose=purpose, seconds=60))
    assert (claims.sub, claims.purpose, claims.signed_here) == ("ann", purpose, True)
    assert claims.iat is not None
    assert 59 < claims.exp - claims.iat <= 60


def test_no_two_tokens_are_equal() -> None:
    assert mint(SECRET, "ann", seconds=60) != mint(SECRET, "ann", seconds=60)


@pytest.mark.parametrize(
    ("secret", "sub", "seconds"), [("short", "ann", 60), (SECRET, "", 60), (SECRET, "ann", 0)]
)
def test_a_token_nobody_could_use_is_refused(secret: str, sub: str, seconds: int) -> None:
    with pytest.raises(Refused):
        mint(secret, sub, seconds=seconds)


@pytest.mark.parametrize("changed", [{"jwt_audience": "other"}, {"jwt_issuer": "https://x"}])
async def test_audience_and_issuer_are_as_configured(changed) -> None:
    token = mint(SECRET, "ann", seconds=60)
    with pytest.raises(Problem) as caught:
        await verifier(**changed).verify(token)
    assert caught.value.status == 401
    own = mint(
        SECRET,
        "ann",
        seconds=60,
        audience=changed.get("jwt_audience", "authenticated"),
        issuer=changed.get("jwt_issuer"),
    )
    assert (await verifier(**changed).verify(own)).sub == "ann"


@pytest.mark.parametrize("algorithm", ["HS384", "HS512", "none"])
async def test_only_the_configured_algorithm_is_accepted(algorithm: str) -> None:
    key = None if algorithm == "none" else SECRET.ljust(64, "x")
    token = jwt.encode({"sub": "a", "aud": "authenticated", "exp": 2**40}, key, algorithm=algorithm)
    with pytest.raises(Problem) as caught:
        await verifier().verify(token)
    assert caught.value.status == 401


@pytest.mark.parametrize("exp", ["Infinity", "1e999", '"soon"', "null", "[]"])
async def test_an_expiry_that_is_no_time_is_refused_not_failed_on(exp: str) -> None:
    token = jwt.api_jws.encode(
        f'{{"sub": "a", "aud": "authenticated", "exp": {exp}}}'.encode(), SECRET, algorithm="HS256"
    )
    with pytest.raises(Problem) as caught:
        await verifier().verify(token)
    assert caught.value.status == 401


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["HS256", "RS256", "none", "authenticated", "access"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)  # fmt: skip


@given(
    header=st.dictionaries(st.sampled_from(["alg", "kid", "typ", "b64", "crit"]), JSON),
    claims=st.dictionaries(
        st.sampled_from(["sub", "aud", "exp", "iat", "nbf", "iss", "jti", "purpose"]), JSON
    ),
)
@example(header={"alg": ["HS256"]}, claims={})  # gave 500 and a traceback of 4 KB
@example(header={}, claims={"jti": [], "exp": 2**40, "sub": "a", "aud": "authenticated"})
def test_any_malformed_token_is_401(header: dict[str, Any], claims: dict[str, Any]) -> None:
    content = {"alg": "HS256", "typ": "JWT", **header}
    signed = b".".join(
        urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (content, claims)
    )
    signature = urlsafe_b64encode(hmac.digest(SECRET.encode(), signed, "sha256")).rstrip(b"=")
    try:
        read = asyncio.run(verifier().verify(b".".join((signed, signature)).decode()))
    except Problem as problem:
        assert problem.status == 401  # noqa: PT017 - most are refused
    else:
        assert (read.sub, content["alg"]) == (claims["sub"], "HS256")


def test_an_api_without_any_key_does_not_start() -> None:
    with pytest.raises(Refused, match="nobody could sign in"):
        TokenVerifier(ApiOptions(database_url="postgresql://x", version="1"))


def test_a_short_secret_does_not_start() -> None:
    with pytest.raises(Refused, match="shorter than 32 bytes"):
        TokenVerifier(ApiOptions(database_url="postgresql://x", version="1", jwt_secret="short"))
