"""Who gets in, and what they may see: not one byte of data for anyone else."""

import base64
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx2
import jwt
import psycopg
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.identity_provider import KEYS, claims, provider_token

from hypertally.api.app import ApiOptions
from hypertally.api.identity.tokens import mint

from .conftest import SECRET, run_server

A1 = "0x" + "a1" * 20
B1 = "0x" + "b2" * 20
DAY = (datetime.now(UTC) - timedelta(days=1)).date()

WALLET_PATHS = (
    "/api/v1/wallets/{wallet}",
    "/api/v1/wallets/{wallet}/days",
    "/api/v1/wallets/{wallet}/fills",
    f"/api/v1/explain/wallet_day_metrics/{{wallet}}/{DAY}",
)
ORG_PATHS = (
    "/api/v1/session",
    "/api/v1/dashboard/summary",
    "/api/v1/progress",
    "/api/v1/stories",
    "/api/v1/metrics/global?range=7d",
    "/api/v1/wallets/top",
    "/api/v1/wallets",
    "/api/v1/coverage",
    "/api/v1/system",
    f"/api/v1/explain/global_day_metrics/{DAY}",
    "/api/v1/twaps",
    "/api/v1/twaps/pressure",
    "/api/v1/twaps/summary?by=wallet",
    "/api/v1/twaps/5001",
    "/api/v1/twaps/5001/slices",
    "/api/v1/explain/twaps/5001",
)
ALL_PATHS = (*ORG_PATHS, *(path.format(wallet=A1) for path in WALLET_PATHS))


def signed(key: object = SECRET, algorithm: str | None = "HS256", **changed: object) -> str:
    return jwt.encode(claims(**changed), key, algorithm=algorithm)  # type: ignore[arg-type]


def tampered() -> str:
    head, body, mark = signed().split(".")
    content = json.loads(base64.urlsafe_b64decode(body + "=="))
    forged = base64.urlsafe_b64encode(json.dumps(content | {"sub": "bob"}).encode())
    return f"{head}.{forged.decode().rstrip('=')}.{mark}"


NOW = datetime.now(UTC)
BAD_TOKENS = {
    "garbage": "garbage",
    "three parts of garbage": "a.b.c",
    "a header that is deep": base64.urlsafe_b64encode(b"[" * 4000).decode() + ".e30.e30",
    "expired": signed(exp=NOW - timedelta(minutes=1)),
    "not yet valid": signed(nbf=NOW + timedelta(minutes=5)),
    "unsigned": signed(key=None, algorithm="none"),
    "unsigned, cut": signed(key=None, algorithm="none").rstrip("."),
    "another audience": signed(aud="someone-else"),
    "no audience": signed(aud=...),
    "no expiry": signed(exp=...),
    "no user": signed(sub=...),
    "an empty user": signed(sub=""),
    "a user that is no text": jwt.encode(claims(sub=7), SECRET, algorithm="HS256"),
    "another key": signed(key="another secret, also longer than 32 bytes"),
    "another hash": signed(key=SECRET * 2, algorithm="HS512"),
    "another hash, our key": signed(algorithm="HS384", key=SECRET.ljust(64, "x")),
    "changed after signing": tampered(),
    "for signing in": mint(SECRET, "alice", purpose="sign-in", seconds=60),
    "an unknown purpose": signed(purpose="refresh"),
    "too long": signed(padding="x" * 9000),
}


def assert_no_data(answer: httpx2.Response, status: int) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) <= {"type", "title", "status", "detail", "field"}
    for secret in ("271828", "314159", "577215", "org_", "a1a1", "b2b2"):
        assert secret not in answer.text.replace(A1, "").replace(B1, "")


@pytest.mark.parametrize("path", ALL_PATHS)
def test_no_token_gets_401_and_no_data(client, path: str) -> None:
    answer = client.get(path)
    assert_no_data(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("name", BAD_TOKENS)
def test_a_bad_token_gets_401_and_no_data(client, name: str) -> None:
    for path in ("/api/v1/session", "/api/v1/metrics/global?range=7d"):
        for headers in (
            {"Authorization": f"Bearer {BAD_TOKENS[name]}"},
            {"Cookie": f"hypertally_session={BAD_TOKENS[name]}"},
        ):
            assert_no_data(client.get(path, headers=headers), 401)


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", signed(), "bearer\t x"])
def test_an_authorization_that_is_no_bearer_token_gets_401(client, header: str) -> None:
    assert_no_data(client.get("/api/v1/session", headers={"Authorization": header}), 401)


def test_a_bad_token_gets_401_also_for_what_is_in_memory(client, get) -> None:
    path = "/api/v1/metrics/global?range=30d"
    assert get(path, "alice").status_code == 200
    assert get(path, "alice").status_code == 200
    assert_no_data(client.get(path), 401)
    bad = {"Authorization": f"Bearer {BAD_TOKENS['expired']}"}
    assert_no_data(client.get(path, headers=bad), 401)


def test_a_token_that_expires_stops_at_once(client) -> None:
    # Ten seconds of leeway for clocks that differ; this one lies beyond it in three.
    token = signed(exp=datetime.now(UTC) - timedelta(seconds=8))
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/v1/session", headers=headers).status_code == 200
    threading.Event().wait(3.2)
    assert_no_data(client.get("/api/v1/session", headers=headers), 401)


@pytest.mark.parametrize("path", ALL_PATHS)
def test_a_user_without_profile_gets_403_and_no_data(get, path: str) -> None:
    assert_no_data(get(path, "nobody"), 403)


@pytest.mark.parametrize("path", WALLET_PATHS)
def test_another_orgs_wallet_is_the_same_404_as_one_nobody_has(get, path: str) -> None:
    theirs = get(path.format(wallet=B1), "alice")
    assert_no_data(theirs, 404)
    nowhere = "0x" + "ee" * 20
    assert theirs.text.replace(B1, nowhere) == get(path.format(wallet=nowhere), "alice").text


@pytest.mark.parametrize("path", ORG_PATHS)
def test_an_org_sees_no_digit_of_another(get, path: str) -> None:
    for user, foreign in (
        ("alice", ("314159", "b2b2", "org_b")),
        ("bob", ("271828", "a1a1", "org_a")),
    ):
        answer = get(path, user)
        assert answer.status_code == 200
        for mark in foreign:
            assert mark not in answer.text


def test_bytes_in_memory_never_cross_orgs(get) -> None:
    for _ in range(3):
        seen = {user: get("/api/v1/wallets/top", user).text for user in ("alice", "bob", "eve")}
        assert "a1a1" in seen["alice"]
        assert "b2b2" in seen["bob"]
        assert "a1a1" not in seen["bob"] + seen["eve"]
        assert "b2b2" not in seen["alice"] + seen["eve"]


def test_the_session_of_one_user_is_never_answered_to_another(get) -> None:
    for user in ("alice", "ann", "amy", "ann", "vic", "alice"):
        assert get("/api/v1/session", user).json()["user_id"] == user


@pytest.mark.parametrize(
    ("path", "least"),
    [
        (f"/api/v1/explain/wallet_day_metrics/{A1}/{DAY}", "analyst"),
        (f"/api/v1/explain/global_day_metrics/{DAY}", "analyst"),
        ("/api/v1/explain/twaps/5001", "analyst"),
        ("/api/v1/system", "admin"),
    ],
)
def test_a_role_below_gets_403_even_when_the_answer_is_in_memory(get, path, least) -> None:
    ranks = ["viewer", "analyst", "admin"]
    for user, role in (("alice", "admin"), ("ann", "analyst"), ("vic", "viewer")):
        answer = get(path, user)
        if ranks.index(role) >= ranks.index(least):
            assert answer.status_code == 200
        else:
            assert_no_data(answer, 403)


def test_a_changed_role_counts_after_the_profile_is_forgotten(world, client) -> None:
    with psycopg.connect(world, autocommit=True) as connection:
        connection.execute(
            "insert into tenancy.user_profiles select 'temp', org_id, 'admin' "
            "from tenancy.user_profiles where user_id = 'alice'"
        )
        first = {"Authorization": f"Bearer {mint(SECRET, 'temp', seconds=60)}"}
        assert client.get("/api/v1/system", headers=first).status_code == 200
        connection.execute("delete from tenancy.user_profiles where user_id = 'temp'")
    # Another token of the same user is not known yet, so the profile is read again.
    second = {"Authorization": f"Bearer {mint(SECRET, 'temp', seconds=61)}"}
    assert_no_data(client.get("/api/v1/system", headers=second), 403)


@pytest.fixture(scope="module")
def provider_client(world: str, jwks_url: str) -> Iterator[httpx2.Client]:
    options = ApiOptions(
        database_url=world, version="1", jwks_url=jwks_url, jwt_issuer="https://issuer.example"
    )
    for url in run_server(options):
        with httpx2.Client(base_url=url) as client:
            yield client


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_token_of_the_identity_provider_is_accepted(provider_client, algorithm: str) -> None:
    headers = {"Authorization": f"Bearer {provider_token(algorithm)}"}
    answer = provider_client.get("/api/v1/session", headers=headers)
    assert answer.json()["user_id"] == "alice"


@pytest.fixture(scope="module")
def claims_client(world: str, jwks_url: str) -> Iterator[httpx2.Client]:
    options = ApiOptions(
        database_url=world, version="1", jwks_url=jwks_url, jwt_secret=SECRET,
        jwt_org_claim="app_metadata.org", jwt_role_claim="app_metadata.role",
    )  # fmt: skip
    for url in run_server(options):
        with httpx2.Client(base_url=url) as client:
            yield client


CLAIMED = [
    ({"org": "org_b", "role": "analyst"}, 200, "analyst"),
    ({"org": "org_b"}, 200, "viewer"),
    ({"org": "org_b", "role": "root"}, 403, "'root'"),
    ({"org": "org_b", "role": None}, 200, "viewer"),
    ({"org": "org_b", "role": ["admin"]}, 403, "['admin']"),
    ({"org": "nowhere", "role": "admin"}, 403, "belongs to no org"),
    ({"org": ["org_b"]}, 403, "belongs to no org"),
    ("org_b", 403, "belongs to no org"),
    (None, 403, "belongs to no org"),
]


@pytest.mark.parametrize(("stated", "status", "words"), CLAIMED)
def test_a_user_of_the_provider_is_admitted_by_a_claim(
    claims_client: httpx2.Client, stated: object, status: int, words: str
) -> None:
    user = f"new-{CLAIMED.index((stated, status, words))}"
    content = {"sub": user, "app_metadata": stated}
    bearer = {"Authorization": f"Bearer {provider_token('ES256', iss=..., **content)}"}
    answer = claims_client.get("/api/v1/session", headers=bearer)
    assert (answer.status_code, words in answer.text) == (status, True)
    # Whoever can sign with our own secret admits nobody by a claim.
    own = {"Authorization": f"Bearer {signed(**content | {'sub': f'{user}-own'})}"}
    assert claims_client.get("/api/v1/session", headers=own).status_code == 403


def test_a_claim_changes_nobody_who_has_an_org(claims_client: httpx2.Client) -> None:
    stated = {"org": "org_b", "role": "viewer"}
    bearer = {"Authorization": f"Bearer {provider_token('ES256', iss=..., app_metadata=stated)}"}
    answer = claims_client.get("/api/v1/session", headers=bearer).json()
    assert (answer["user_id"], answer["org"], answer["role"]) == ("alice", "org_a", "admin")


def confused() -> str:
    # The public key, known to all, used as the secret of a symmetric signature.
    public = (
        KEYS["RS256"]
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    # Signed by hand: the library refuses to take part.
    content = jwt.encode(
        claims(iss="https://issuer.example"), SECRET, algorithm="HS256", headers={"kid": "RS256"}
    ).rpartition(".")[0]
    mark = hmac.digest(public, content.encode(), "sha256")
    return f"{content}.{base64.urlsafe_b64encode(mark).decode().rstrip('=')}"


def of_another_provider() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    content = claims(iss="https://issuer.example")
    return jwt.encode(content, key, algorithm="ES256", headers={"kid": "ES256"})


@pytest.mark.parametrize(
    "token",
    [
        confused(),
        of_another_provider(),
        provider_token("ES256", kid="RS256"),
        provider_token("ES256", kid="unknown"),
        provider_token("ES256", iss="https://other.example"),
        provider_token("ES256", aud="other"),
        signed(iss="https://issuer.example"),
        provider_token("RS256", purpose="sign-in"),
    ],
    ids=["confused", "other key", "wrong kid", "no kid", "issuer", "audience", "secret", "purpose"],
)
def test_a_token_the_provider_did_not_sign_for_us_gets_401(provider_client, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    assert_no_data(provider_client.get("/api/v1/session", headers=headers), 401)


def test_a_provider_that_is_away_gets_503_with_retry_after(world: str) -> None:
    options = ApiOptions(database_url=world, version="1", jwks_url="http://127.0.0.1:9/keys")
    for url in run_server(options):
        with httpx2.Client(base_url=url) as client:
            headers = {"Authorization": f"Bearer {provider_token('ES256')}"}
            answer = client.get("/api/v1/session", headers=headers)
            assert_no_data(answer, 503)
            assert int(answer.headers["retry-after"]) > 0
