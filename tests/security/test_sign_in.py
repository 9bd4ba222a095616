"""Links, sessions and tokens end when they are ended: after a restart, on every server, at once."""

import re

import httpx2
import jwt
import psycopg
import pytest
from tests.db.api.conftest import SECRET, run_server
from tests.db.api.test_aging import MovedClock
from tests.security.browsers import link, run, session_of, sign_in, status

from hypertally.api.http.limits import PROFILE_SECONDS_MAX
from hypertally.api.http.options import ApiOptions
from hypertally.api.identity.tokens import mint
from hypertally.errors import Refused


def test_a_link_is_used_once_on_all_servers_and_after_a_restart(
    servers: list[httpx2.Client], books: str
) -> None:
    """Each process remembered by itself, until it ended."""
    first, second = servers
    token = link()
    assert sign_in(first, token).status_code == 303
    for client in (second, first):
        answer = client.get(f"/sign-in?token={token}")
        assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)
    for url in run_server(ApiOptions(database_url=books, version="1", jwt_secret=SECRET)):
        with httpx2.Client(base_url=url) as restarted:
            assert sign_in(restarted, token).status_code == 401


def test_the_form_posts_its_token(servers: list[httpx2.Client]) -> None:
    """It was sent in the address, which browsers keep."""
    (client, _) = servers
    page = client.get("/sign-in").text
    assert re.search(r'<form action="/sign-in" method="post"', page)
    answer = sign_in(client, f" {link()} ")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert status(client, session_of(answer)) == 200
    elsewhere = sign_in(client, link(), **{"Sec-Fetch-Site": "cross-site"})
    assert (elsewhere.status_code, "set-cookie" in elsewhere.headers) == (403, False)
    # What is refused unread ends its connection.
    for path, size, status_code in (("/sign-in", 30_000, 413), ("/api/v1/session", 10, 405)):
        answer = client.post(path, content=b"x" * size, headers={"Connection": "close"})
        assert answer.status_code == status_code


def test_signing_out_ends_the_session_at_once(
    servers: list[httpx2.Client], clock: MovedClock
) -> None:
    """The cookie was forgotten by the browser, and served whoever had kept it."""
    first, second = servers
    session = session_of(sign_in(first, link()))
    assert [status(client, session) for client in servers] == [200, 200]
    assert first.get("/sign-out", headers=session).status_code == 303
    assert status(first, session) == 401
    clock.now += PROFILE_SECONDS_MAX + 0.1
    assert status(second, session) == 401
    assert sign_in(second, session["Cookie"].partition("=")[2]).status_code == 401
    # Of another session nothing ends.
    other = session_of(sign_in(first, link()))
    first.get("/sign-out", headers={"Cookie": "hypertally_session=x"})
    assert status(first, other) == 200


def test_a_person_has_tokens_that_can_be_listed_and_revoked(
    servers: list[httpx2.Client], clock: MovedClock
) -> None:
    (client, _) = servers
    org = ("--org", "org")
    assert run("users", "add", "dora@fund.example", *org, "--role", "analyst").exit_code == 0
    token = run("token", "--user", "dora@fund.example", *org).output.strip()
    bearer = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/v1/session", headers=bearer).json()["role"] == "analyst"
    (row,) = [line for line in run("tokens", "list", *org).output.splitlines() if "dora" in line]
    assert token not in row
    token_id = row.split()[0]
    with pytest.raises(Refused, match="no token nonsense"):
        run("tokens", "revoke", "nonsense", *org)
    assert run("tokens", "revoke", token_id, *org).output == "1 ended\n"
    clock.now += PROFILE_SECONDS_MAX + 0.1
    assert status(client, bearer) == 401
    assert "revoked" in run("tokens", "list", "--all", *org).output

    renewed = run("token", "--user", "dora@fund.example", *org).output.strip()
    again = {"Authorization": f"Bearer {renewed}"}
    assert status(client, again) == 200
    run("users", "set-role", "dora@fund.example", "viewer", *org)
    clock.now += PROFILE_SECONDS_MAX + 0.1
    assert client.get("/api/v1/session", headers=again).json()["role"] == "viewer"
    assert "dora@fund.example removed" in run("users", "remove", "dora@fund.example", *org).output
    clock.now += PROFILE_SECONDS_MAX + 0.1
    assert status(client, again) == 401
    assert "dora" not in run("users", "list", *org).output
    # Nor does it open an org that adds the user later.
    run("users", "add", "dora@fund.example", "--org", "default")
    clock.now += PROFILE_SECONDS_MAX + 0.1
    assert status(client, again) == 401


def test_the_default_token_opens_every_proof(servers: list[httpx2.Client]) -> None:
    """A viewer's, it was answered 403 at every explanation."""
    token = run("token", "--org", "org").output.strip()
    answer = servers[0].get(
        "/api/v1/explain/global_day_metrics", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 200


def test_who_signed_in_is_noted(servers: list[httpx2.Client]) -> None:
    (client, _) = servers
    token = link()
    session = session_of(sign_in(client, token))
    sign_in(client, token)
    client.get("/sign-out", headers=session)
    output = run("users", "sign-ins", "--org", "org").output
    events = [line.split()[3] for line in output.splitlines() if " ann " in line]
    assert events == ["closed", "refused", "opened"]
    assert token not in output


def test_a_secret_that_changed_reads_with_the_earlier_one(books: str) -> None:
    """Rotate, verify, sign in again: tokens in use go on, new ones are signed with the new one."""
    new = "a new secret, which is also longer than 32 bytes"
    options = ApiOptions(database_url=books, version="1", jwt_secret=new, jwt_secret_earlier=SECRET)
    for url in run_server(options):
        with httpx2.Client(base_url=url) as client:
            old = {"Authorization": f"Bearer {mint(SECRET, 'ann', seconds=60)}"}
            assert status(client, old) == 200
            session = session_of(sign_in(client, link()))["Cookie"].partition("=")[2]
            assert jwt.decode(session, new, algorithms=["HS256"], audience="authenticated")
            other = {"Authorization": f"Bearer {mint('x' * 40, 'ann', seconds=60)}"}
            assert status(client, other) == 401


CALLS = {
    "select tenancy.open_session('x', 'sign-in', now(), 'y', now())",
    "select tenancy.close_session('x', 'session', now())",
    "select tenancy.admit_member('default', 'admin', null, 'x')",
}


@pytest.mark.parametrize("call", sorted(CALLS))
def test_nobody_opens_or_closes_a_session(books: str, call: str) -> None:
    with psycopg.connect(books) as connection:
        connection.execute("set role hypertally_api")
        with pytest.raises(psycopg.errors.RaiseException, match="user"):
            connection.execute(call.encode())


def test_nobody_closes_the_session_of_another(books: str) -> None:
    with psycopg.connect(books) as connection:
        connection.execute("insert into tenancy.tokens (id, user_id, purpose, expires_at) "
                           "values ('of-bob', 'bob', 'session', now())")  # fmt: skip
        connection.execute("set role hypertally_api")
        connection.execute("select set_config('hypertally.user_id', 'alice', true)")
        connection.execute("select tenancy.close_session('of-bob', 'session', now())")
        assert connection.execute("select tenancy.is_ended('of-bob')").fetchone() == (True,)
        connection.execute("reset role")
        rows = connection.execute("select user_id, ended_how from tenancy.tokens order by 1")
        # A token of her own that has the same id: providers number tokens as they like.
        assert rows.fetchall() == [("alice", "signed out"), ("bob", None)]
        connection.rollback()


def test_the_login_of_the_api_can_do_what_operations_md_says(books: str) -> None:
    """It acts for whom it names; it moves no member and brings back nobody."""
    with psycopg.connect(books) as connection:
        connection.execute("insert into tenancy.removed_users (user_id, org_id) "
                           "select 'gone', id from tenancy.orgs where name = 'org'")  # fmt: skip
        connection.execute("set role hypertally_api")
        shown_orgs = list[tuple[str]]()
        for org in connection.execute("select generate_series(1, 9)::text").fetchall():
            connection.execute("select set_config('hypertally.org_id', %s, true)", org)
            shown_orgs += connection.execute("select name from tenancy.orgs").fetchall()
        assert ("org",) in shown_orgs
        assert ("default",) in shown_orgs
        for user in ("new", "ann", "gone"):
            connection.execute("select set_config('hypertally.user_id', %s, true)", [user])
            connection.execute("select tenancy.admit_member('default', 'admin', null, 'x')")
        for statement in ("select from tenancy.tokens", "select from tenancy.sign_ins"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(statement.encode())
        connection.execute("reset role")
        members = connection.execute(
            "select u.user_id, o.name, u.role from tenancy.user_profiles as u "
            "join tenancy.orgs as o on o.id = u.org_id order by 1"
        )
        assert members.fetchall() == [("ann", "org", "analyst"), ("new", "default", "admin")]
        connection.rollback()
