"""A signature proves who wrote a token; whatever it says, the answer is never a failure."""

import base64
import hmac
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import jwt
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.db.api.conftest import SECRET, run_server
from tests.identity_provider import KEYS, provider_token

from hypertally.api.http.options import ApiOptions
from hypertally.api.identity.tokens import unix_now

EXAMPLES = 60  # tokens, each brought to every door
HOUR = 3600


@pytest.fixture(scope="module")
def doors(world: str, jwks_url: str) -> Iterator[httpx2.Client]:
    """A server that takes our tokens and a provider's, and admits users by a claim."""
    options = ApiOptions(
        database_url=world, version="1", jwks_url=jwks_url, jwt_secret=SECRET,
        jwt_org_claim="org", jwt_role_claim="role",
    )  # fmt: skip
    for url in run_server(options):
        with httpx2.Client(base_url=url) as client:
            yield client


def signed(**changed: object) -> str:
    """A token of any content, which the library would not sign."""
    content = {"sub": "alice", "aud": "authenticated", "exp": unix_now() + HOUR} | changed
    content = {name: value for name, value in content.items() if value is not ...}
    parts = [{"alg": "HS256", "typ": "JWT"}, content]
    text = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
                     for part in parts)  # fmt: skip
    mark = base64.urlsafe_b64encode(hmac.digest(SECRET.encode(), text, "sha256")).rstrip(b"=")
    return b".".join((text, mark)).decode()


def knock(client: httpx2.Client, token: str) -> dict[str, int]:
    """What each door answers to a token."""
    bearer = {"Authorization": f"Bearer {token}"}
    cookie = {"Cookie": f"hypertally_session={token}"}
    answers = {
        "read": client.get("/api/v1/session", headers=bearer),
        "read by cookie": client.get("/api/v1/session", headers=cookie),
        "sign in by header": client.get("/sign-in", headers=bearer),
        "sign in by form": client.post("/sign-in", data={"token": token}),
        "sign out": client.get("/sign-out", headers=cookie),
    }
    client.cookies.clear()
    return {door: answer.status_code for door, answer in answers.items()}


UNUSABLE: dict[str, dict[str, object]] = {
    "a user with NUL": {"sub": "a\0b"},
    "a user of a surrogate": {"sub": "\ud800"},
    "a user of escape sequences": {"sub": "\x1b[2Jalice"},
    "a user of 4,000 letters": {"sub": "x" * 4000},
    "a user with blanks around": {"sub": " alice"},
    "an id with NUL": {"jti": "a\0b"},
    "an id of a surrogate": {"jti": "\udfff"},
    "an id of 4,000 letters": {"jti": "x" * 4000},
    "an id that is empty": {"jti": ""},
    "an expiry of no clock": {"exp": 10**18},
    "an expiry without end": {"exp": 10**400},
    "a negative expiry": {"exp": -1},
    "an expiry that is true": {"exp": True},
    "an expiry in letters": {"exp": str(unix_now() + HOUR)},
    "a begin that is true": {"iat": True},
    "another purpose": {"purpose": "admin"},
    "a purpose that is no text": {"purpose": ["session"]},
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_signed_claims_that_cannot_be_used_are_401_at_every_door(
    doors: httpx2.Client, name: str
) -> None:
    """Each gave 500 or 503 at one of them."""
    statuses = knock(doors, signed(**UNUSABLE[name]))
    assert statuses.pop("sign out") == 303  # whoever signs out is out
    assert set(statuses.values()) == {401}


def test_a_time_with_a_fraction_is_a_time(doors: httpx2.Client) -> None:
    token = signed(exp=unix_now() + HOUR + 0.5, iat=unix_now() - 0.5)
    assert set(knock(doors, token).values()) == {200, 303}


ODD_TEXT = st.text(max_size=8) | st.sampled_from(
    ["alice", "a\0", "\ud800x", "x" * 256, "x" * 3000, "\x1b[31m", "local:default:admin:root",
     "access", "session", "sign-in", "admin", "org_a", "org_b", "viewer"]
)  # fmt: skip
ODD_NUMBER = st.integers() | st.floats() | st.sampled_from(
    [unix_now() + HOUR, unix_now() + HOUR + 0.5, unix_now() + 3, 10**12, 10**18, -1, 2**63]
)  # fmt: skip
ODD_JSON = st.recursive(
    st.none() | st.booleans() | ODD_NUMBER | ODD_TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(ODD_TEXT, inner, max_size=2),
    max_leaves=3,
)
NAMES = ("sub", "exp", "iat", "nbf", "jti", "purpose", "iss", "org", "role")


@settings(max_examples=EXAMPLES)
@given(changed=st.dictionaries(st.sampled_from(NAMES), ODD_JSON, max_size=3))
def test_no_signed_claims_make_an_answer_fail(
    doors: httpx2.Client, changed: dict[str, Any]
) -> None:
    for token in (signed(**changed), of_provider(changed)):
        assert {door: code for door, code in knock(doors, token).items() if code >= 500} == {}


def of_provider(changed: dict[str, Any]) -> str:
    content = {"sub": "new", "aud": "authenticated", "exp": unix_now() + HOUR, "org": "org_a"}
    text = json.dumps(content | changed).encode()
    return jwt.api_jws.encode(text, KEYS["ES256"], algorithm="ES256", headers={"kid": "ES256"})


@pytest.mark.parametrize("user", ["local:default:admin:root", "local:", "local:org_a:viewer:x"])
def test_no_user_of_a_provider_is_a_person_of_this_machine(
    doors: httpx2.Client, world: str, user: str
) -> None:
    with psycopg.connect(world) as connection:
        connection.execute(
            "insert into tenancy.user_profiles (user_id, org_id, role) "
            "select %s, id, 'admin' from tenancy.orgs where name = 'org_a' on conflict do nothing",
            [user],
        )
    statuses = knock(doors, provider_token("ES256", sub=user, iss=..., org="org_a"))
    assert (statuses["read"], statuses["sign in by form"]) == (401, 401)
    assert knock(doors, signed(sub=user))["read"] == 200


def test_a_token_without_an_id_ends_in_every_spelling(doors: httpx2.Client) -> None:
    """A signature can be written in several ways; the id was of the writing."""
    token = signed()
    bearers = [{"Authorization": f"Bearer {spelled}"} for spelled in (token, f"{token}=")]
    for bearer in bearers:
        assert doors.get("/api/v1/session", headers=bearer).status_code == 200
    doors.get("/sign-out", headers={"Cookie": f"hypertally_session={token}"})
    for bearer in bearers:
        assert doors.get("/api/v1/session", headers=bearer).status_code == 401


def test_an_id_of_one_users_token_ends_nothing_of_another(doors: httpx2.Client) -> None:
    """Providers number tokens as they like."""
    tokens = {user: signed(sub=user, jti="7") for user in ("alice", "bob")}
    doors.get("/sign-out", headers={"Cookie": f"hypertally_session={tokens['alice']}"})
    statuses = {
        user: doors.get("/api/v1/session", headers={"Authorization": f"Bearer {token}"}).status_code
        for user, token in tokens.items()
    }
    assert statuses == {"alice": 401, "bob": 200}
