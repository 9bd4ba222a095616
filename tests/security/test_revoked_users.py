"""A revocation of a user ends every token issued until then, whoever signed it."""

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx2
import jwt
import psycopg
import pytest
from tests.db.api.conftest import SECRET
from tests.db.api.test_aging import MovedClock
from tests.db.store.earlier_release import make_books
from tests.identity_provider import provider_token
from tests.security.browsers import link, run, session_of, sign_in, status
from tests.security.servers import two_servers
from tests.security.test_sign_in_edges import wait_until_something_waits

from hypertally.api.http.limits import PROFILE_SECONDS_MAX
from hypertally.api.http.options import ApiOptions
from hypertally.api.identity.tokens import mint, unix_now
from hypertally.cli.database import bring_up_to_date

LISTED = "insert into tenancy.tokens (id, user_id, purpose, expires_at) values"
LAST_MIGRATION = "0044"  # of the last release in which a revocation ended listed tokens alone


@pytest.fixture
def servers(books: str, clock: MovedClock, jwks_url: str) -> Iterator[list[httpx2.Client]]:
    """Clients of two servers that take our tokens and a provider's."""
    options = ApiOptions(
        database_url=books, version="1", jwks_url=jwks_url, jwt_secret=SECRET, seconds=clock
    )
    with two_servers(options) as clients:
        yield clients


def own_token(**changed: object) -> str:
    """A token that our secret signed and no list has."""
    content = {"sub": "ann", "aud": "authenticated", "exp": unix_now() + 300, "iat": unix_now()}
    content = {name: value for name, value in (content | changed).items() if value is not ...}
    return jwt.encode(content, SECRET, algorithm="HS256")


def of_provider(**changed: object) -> str:
    return provider_token("ES256", **({"sub": "ann", "iss": ...} | changed))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def revoke(user: str = "ann", *options: str) -> str:
    return run("tokens", "revoke", "--user", user, "--org", "org", *options).output


def test_every_token_of_a_user_ends_on_every_server(
    servers: list[httpx2.Client], clock: MovedClock
) -> None:
    """Those that no list has went on: a provider's, and those of us without an id."""
    unused_link = link()
    before = {
        "a provider's": bearer(of_provider()),
        "a provider's with an id": bearer(of_provider(jti="7")),
        "a provider's of no time": bearer(of_provider(iat=...)),
        "ours": bearer(mint(SECRET, "ann", seconds=60)),
        "ours without an id": bearer(own_token()),
        "ours of no time": bearer(own_token(iat=..., jti="8")),
        "listed": bearer(run("token", "--user", "ann", "--org", "org").output.strip()),
        "a session": session_of(sign_in(servers[0], link())),
    }
    of_bob = bearer(run("token", "--org", "org", "--role", "viewer").output.strip())
    for client in servers:
        assert {name: status(client, token) for name, token in before.items()} == dict.fromkeys(
            before, 200
        )
    until = datetime.fromisoformat(json.loads(revoke("ann", "--json"))["issued_until"])
    of_that_second = int(until.timestamp())
    clock.now += PROFILE_SECONDS_MAX + 0.1
    for client in servers:
        assert {name: status(client, token) for name, token in before.items()} == dict.fromkeys(
            before, 401
        )
        assert sign_in(client, unused_link).status_code == 401
        assert status(client, bearer(of_provider(iat=of_that_second))) == 401
        assert sign_in(client, own_token(iat=of_that_second)).status_code == 401
        assert status(client, of_bob) == 200
    issued_after = [
        mint(SECRET, "ann", seconds=60),
        run("token", "--user", "ann", "--org", "org").output.strip(),
        session_of(sign_in(servers[1], link()))["Cookie"].partition("=")[2],
        of_provider(iat=of_that_second + 1),
    ]
    assert [status(servers[0], bearer(token)) for token in issued_after] == [200] * 4


def test_a_server_that_learns_of_it_forgets_at_once(servers: list[httpx2.Client]) -> None:
    """What one request was told, another one need not wait two seconds for."""
    token = of_provider()
    assert status(servers[0], bearer(token)) == 200
    revoke()
    assert sign_in(servers[0], token).status_code == 401
    assert status(servers[0], bearer(token)) == 401


def test_what_was_read_before_a_revocation_is_kept_for_two_seconds_from_then(
    servers: list[httpx2.Client], books: str, clock: MovedClock
) -> None:
    """The two seconds began when the reading ended, however long the database took."""
    token, statuses = bearer(of_provider()), list[int]()
    with psycopg.connect(books) as connection:
        connection.execute("lock table tenancy.org_revisions in access exclusive mode")
        reading = threading.Thread(target=lambda: statuses.append(status(servers[0], token)))
        reading.start()
        wait_until_something_waits(books)
        revoke()
        clock.now += PROFILE_SECONDS_MAX - 0.5
        connection.rollback()
        reading.join(timeout=10)
    clock.now += 0.6
    assert (statuses, status(servers[0], token)) == ([200], 401)


def test_a_session_is_as_old_as_its_link(servers: list[httpx2.Client], books: str) -> None:
    """One that is opened while the user is revoked outlived the link that opened it."""
    token = link()
    session = session_of(sign_in(servers[0], token))["Cookie"].partition("=")[2]
    issued = [
        jwt.decode(each, options={"verify_signature": False})["iat"] for each in (token, session)
    ]
    assert issued[0] == issued[1]
    with psycopg.connect(books) as connection:  # as if the session was noted after it
        connection.execute(
            "insert into tenancy.revocations select 'ann', id, to_timestamp(%s) "
            "from tenancy.orgs where name = 'org'",
            [issued[0]],
        )
    assert status(servers[1], bearer(session)) == 401
    assert sign_in(servers[1], own_token(purpose="sign-in", jti="9", iat=...)).status_code == 401


def test_the_answer_says_what_ended(servers: list[httpx2.Client], books: str) -> None:
    """It said how many listed tokens had ended, and was read as all of them."""
    run("token", "--user", "ann", "--org", "org")
    before = datetime.now().astimezone() - timedelta(seconds=1)
    words = revoke()
    assert words.startswith("every token of ann issued until ")
    assert words.endswith(" UTC has ended; listed tokens ended: 1\n")
    said = json.loads(revoke("ann", "--json"))
    assert (said["ended"], said["user_id"]) == (0, "ann")
    assert datetime.fromisoformat(said["issued_until"]) > before
    # One that expired is none that ended now.
    with psycopg.connect(books) as connection:
        connection.execute(
            f"{LISTED} ('old', 'ann', 'access', now() - interval '1 minute')".encode()
        )
    assert json.loads(revoke("ann", "--json"))["ended"] == 0


def test_who_comes_back_brings_no_token_of_before(
    servers: list[httpx2.Client], clock: MovedClock
) -> None:
    """A removed user's listed tokens stayed ended, and those that no list has began to serve."""
    token = bearer(of_provider())
    run("users", "remove", "ann", "--org", "org")
    assert status(servers[0], token) == 403
    run("users", "add", "ann", "--org", "default")
    clock.now += PROFILE_SECONDS_MAX + 0.1
    assert status(servers[0], token) == 401
    assert status(servers[0], bearer(of_provider(iat=unix_now() + 1))) == 200


def test_the_log_of_revocations_is_only_added_to(books: str) -> None:
    with psycopg.connect(books, autocommit=True) as connection:
        for role, verb in (
            ("hypertally_tenancy", "update tenancy.revocations set revoked_at = now()"),
            ("hypertally_tenancy", "delete from tenancy.revocations"),
            ("hypertally_api", "select from tenancy.revocations"),
            ("hypertally_api", "insert into tenancy.revocations values ('ann', 1)"),
            ("hypertally_jobs", "select from tenancy.revocations"),
        ):
            connection.execute(f"set role {role}".encode())
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(verb.encode())


def test_books_of_an_earlier_release_keep_what_ended(
    server_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process of that release knows no time of issue: what is not listed counts as before."""
    url = make_books(server_url, tmp_path, monkeypatch, last_migration=LAST_MIGRATION)
    with psycopg.connect(url) as connection:
        connection.execute("""
            insert into tenancy.orgs (name) values ('org');
            insert into tenancy.user_profiles (user_id, org_id, role)
            select 'ann', id, 'analyst' from tenancy.orgs where name = 'org';
            insert into tenancy.tokens (id, user_id, purpose, expires_at, ended_at, ended_how)
            values ('gone', 'ann', 'access', '2030-01-01', now(), 'revoked'),
                ('open', 'ann', 'access', '2030-01-01', null, null);
        """)
        tokens = connection.execute("select * from tenancy.tokens order by id").fetchall()
    assert asyncio.run(bring_up_to_date(url)) != []
    monkeypatch.setenv("HYPERTALLY_DATABASE_URL", url)
    with psycopg.connect(url, autocommit=True) as connection:
        assert connection.execute("select * from tenancy.tokens order by id").fetchall() == tokens
        connection.execute("select set_config('hypertally.user_id', 'ann', false)")

        def ask(*calls: str) -> tuple[object, ...] | None:
            called = ", ".join(f"tenancy.{call}" for call in calls)
            return connection.execute(f"select {called}".encode()).fetchone()

        assert ask("is_ended('gone', null)", "is_ended('x', null)", "is_ended('x', now())") == (
            True, False, False,
        )  # fmt: skip
        assert ask("is_ended('gone')", "is_ended('open')", "is_ended('x')") == (True, False, False)
        revoke()
        assert ask("is_ended('x', null)", "is_ended('x', now() + interval '1 hour')") == (
            True, False,
        )  # fmt: skip
        connection.execute(f"{LISTED} ('later', 'ann', 'access', '2030-01-01')".encode())
        assert ask("is_ended('later')", "is_ended('open')", "is_ended('x')") == (False, True, True)
        opened = "open_session('{}', 'access', '2030-01-01', null, null)"
        assert ask(opened.format("later"), opened.format("x")) == (True, False)
