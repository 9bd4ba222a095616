"""Who was removed stays out until an operator adds them, and each org's log is its own."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from tests.db.api.conftest import SECRET, run_server
from tests.db.api.test_aging import MovedClock
from tests.db.store.earlier_release import make_books
from tests.identity_provider import provider_token
from tests.security.browsers import link, run, session_of, sign_in, status

from hypertally.api.http.limits import PROFILE_SECONDS_MAX
from hypertally.api.http.options import ApiOptions
from hypertally.api.identity.tokens import unix_now
from hypertally.cli.database import bring_up_to_date
from hypertally.errors import Refused

DORA = "dora@fund.example"
LAST_MIGRATION = "0039"  # of the last release whose sign-ins named no org


@pytest.fixture
def provider_server(books: str, clock: MovedClock, jwks_url: str) -> Iterator[httpx2.Client]:
    """A server that admits users of a provider to the org that a claim names."""
    options = ApiOptions(
        database_url=books, version="1", jwks_url=jwks_url, jwt_secret=SECRET, seconds=clock,
        jwt_org_claim="org", jwt_role_claim="role",
    )  # fmt: skip
    for url in run_server(options):
        with httpx2.Client(base_url=url) as client:
            yield client


def bearer(user: str, **changed: object) -> dict[str, str]:
    token = provider_token("ES256", **({"sub": user, "iss": ...} | changed))
    return {"Authorization": f"Bearer {token}"}


def log_of(org: str) -> list[dict[str, Any]]:
    """An org's sign-ins, oldest first."""
    lines = run("users", "sign-ins", "--org", org, "--json").output.splitlines()
    return [json.loads(line) for line in reversed(lines)]


def events(org: str) -> list[tuple[str, str, str | None]]:
    return [(row["user_id"], row["event"], row["reason"]) for row in log_of(org)]


def test_a_removed_user_stays_out_until_added_again(
    provider_server: httpx2.Client, clock: MovedClock
) -> None:
    """The claim of the provider's next token brought the user back."""
    assert status(provider_server, bearer(DORA, org="org")) == 200
    run("users", "remove", DORA, "--org", "org")
    run("orgs", "add", "other")
    clock.now += PROFILE_SECONDS_MAX + 0.1
    for org in ("org", "other"):
        for token in (bearer(DORA, org=org), bearer(DORA, org=org, jti="later")):
            answer = provider_server.get("/api/v1/session", headers=token)
            assert (answer.status_code, "the user was removed" in answer.text) == (403, True)
            assert provider_server.get("/sign-in", headers=token).status_code == 403
    assert DORA not in run("users", "list", "--org", "org").output
    assert (DORA, "refused", "the user was removed") in events("org")
    run("users", "add", DORA, "--org", "other")
    clock.now += PROFILE_SECONDS_MAX + 0.1
    later = bearer(DORA, org="org", iat=unix_now() + 1)  # than the removal, by a second
    answer = provider_server.get("/api/v1/session", headers=later).json()
    assert (answer["org"], answer["role"]) == ("other", "viewer")


REFUSED_CLAIMS: list[tuple[object, str]] = [
    (["admin"], "the claim names the role ['admin']: one of viewer, analyst, admin"),
    ("root", "the claim names the role 'root': one of viewer, analyst, admin"),
    ("\x1b[2J", r"the claim names the role '\x1b[2J': one of viewer, analyst, admin"),
]


@pytest.mark.parametrize(("role", "reason"), REFUSED_CLAIMS)
def test_a_role_that_cannot_be_read_admits_nobody(
    provider_server: httpx2.Client, role: object, reason: str
) -> None:
    """A role that was no text became viewer; a refusal stood in no log."""
    claimed = bearer("eve", org="org", role=role)
    for _ in range(3):
        answer = provider_server.get("/api/v1/session", headers=claimed)
        assert (answer.status_code, answer.json()["detail"].count(reason)) == (403, 1)
    assert events("org") == [("eve", "refused", reason)]  # the same token is noted once an hour
    assert "\x1b" not in run("users", "sign-ins", "--org", "org").output
    assert status(provider_server, bearer("eve", org="org", role="viewer")) == 200


def test_a_command_changes_no_user_whom_an_operator_changed(
    books: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`token` and `explain` gave back the org and the role, also to who had been removed."""
    monkeypatch.setenv("LOGNAME", "rita")
    user = "local:org:analyst:rita"
    assert run("token", "--org", "org").exit_code == 0
    run("users", "set-role", user, "viewer", "--org", "org")
    with pytest.raises(Refused, match=rf"{user} is viewer of org: .*`hypertally users set-role`"):
        run("token", "--org", "org")
    assert run("token", "--org", "org", "--user", user).exit_code == 0

    run("users", "remove", user, "--org", "org")
    with pytest.raises(Refused, match=f"{user} was removed: `hypertally users add {user} --org"):
        run("token", "--org", "org")
    assert run("explain", "global_day_metrics", "2026-01-01", "--org", "org").exit_code == 0
    run("users", "add", user, "--org", "default", "--role", "admin")
    with pytest.raises(Refused, match=f"{user} is admin of default"):
        run("token", "--org", "org")
    with psycopg.connect(books) as connection:
        row = connection.execute(
            "select o.name, u.role from tenancy.user_profiles as u "
            "join tenancy.orgs as o on o.id = u.org_id where u.user_id = %s",
            [user],
        ).fetchone()
    assert row == ("default", "admin")
    monkeypatch.setenv("LOGNAME", "\x1b[2J")
    with pytest.raises(Refused, match="cannot be a user"):
        run("token", "--org", "org")


def test_the_log_of_an_org_is_of_its_users_then(servers: list[httpx2.Client], books: str) -> None:
    """It was of today's users: it went with them to another org, and lost the removed."""
    (client, _) = servers
    run("orgs", "add", "other")
    session = session_of(sign_in(client, link()))
    run("users", "remove", "ann", "--org", "org")
    run("users", "add", "ann", "--org", "other")
    sign_in(client, link())
    assert [row[1] for row in events("org")] == ["opened"]
    assert [row[1] for row in events("other")] == ["opened"]
    assert log_of("org")[0]["at"] < log_of("other")[0]["at"]
    run("users", "remove", "ann", "--org", "other")
    client.get("/sign-out", headers=session)
    # The tokens of one org are no subject of the other.
    listed = run("tokens", "list", "--all", "--org", "org").output
    assert "ann" not in listed
    run("users", "add", "ann", "--org", "org")
    assert "ann" not in run("tokens", "list", "--all", "--org", "org").output


def test_rows_of_an_earlier_release_are_shown_where_they_belong_for_certain(
    server_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "migrations").mkdir()
    url = make_books(
        server_url, tmp_path / "migrations", monkeypatch, last_migration=LAST_MIGRATION
    )
    with psycopg.connect(url) as connection:
        connection.execute("""
            insert into tenancy.orgs (name) values ('org');
            insert into tenancy.user_profiles (user_id, org_id, role, created_at)
            select 'ann', id, 'analyst', '2026-11-10' from tenancy.orgs where name = 'org';
            insert into tenancy.tokens (id, user_id, purpose, expires_at, ended_at, ended_how)
            values ('9', 'ann', 'session', '2030-01-01', '2026-11-12', 'signed out');
            insert into tenancy.sign_ins (at, user_id, event, token_id) values
                ('2026-11-09', 'ann', 'opened', '8'), ('2026-11-11', 'ann', 'opened', '9'),
                ('2026-11-11', 'gone', 'opened', '7');
        """)
        before = connection.execute("select * from tenancy.sign_ins order by id").fetchall()
    assert asyncio.run(bring_up_to_date(url)) != []
    monkeypatch.setenv("HYPERTALLY_DATABASE_URL", url)
    assert [row["token_id"] for row in log_of("org")] == ["9"]
    with psycopg.connect(url) as connection:
        after = connection.execute("select * from tenancy.sign_ins order by id").fetchall()
        connection.execute("select set_config('hypertally.user_id', 'ann', true)")
        is_ended = connection.execute("select tenancy.is_ended('9')").fetchone()
    assert after == [(*row, None, None) for row in before]
    assert is_ended == (True,)
