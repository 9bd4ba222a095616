"""The edges of coming in and going out: several cookies, races, other sites, odd bodies."""

import json
import re
import socket
import threading
from urllib.parse import urlsplit

import httpx2
import jwt
import psycopg
import pytest
from tests.db.api.conftest import SECRET, run_server
from tests.security.browsers import link, run, session_of, sign_in, status

from hypertally.api.http.options import ApiOptions
from hypertally.api.http.problems import logged_lately
from hypertally.api.identity import sign_in_form
from hypertally.api.identity.tokens import mint, unix_now

FORM = "application/x-www-form-urlencoded"
LONG_ID = "x" * 255


def test_signing_out_ends_every_session_of_the_browser(servers: list[httpx2.Client]) -> None:
    """The first of two cookies was read and the last one ended, so signing out ended nothing."""
    (client, _) = servers
    cookies = [session_of(sign_in(client, link()))["Cookie"] for _ in range(2)]
    both = {"Cookie": "; ".join(cookies)}
    assert status(client, both) == 200
    client.get("/sign-out", headers=both)
    assert [status(client, {"Cookie": cookie}) for cookie in cookies] == [401, 401]
    assert status(client, both) == 401


def test_a_request_under_way_brings_no_ended_session_back(
    servers: list[httpx2.Client], books: str
) -> None:
    """It had been read before the sign-out, and was kept for two seconds after it."""
    (client, other) = servers[0], httpx2.Client(base_url=servers[0].base_url)
    session = session_of(sign_in(client, link()))
    statuses: list[int] = []
    with psycopg.connect(books) as connection, other:
        connection.execute("lock table tenancy.orgs in access exclusive mode")
        reading = threading.Thread(target=lambda: statuses.append(status(other, session)))
        reading.start()
        wait_until_something_waits(books)
        assert client.get("/sign-out", headers=session).status_code == 303
        joining = threading.Thread(target=lambda: statuses.append(status(client, session)))
        joining.start()
        joining.join(timeout=10)
        assert statuses == [401]  # it does not join what began before
        connection.rollback()
        reading.join(timeout=10)
    assert statuses == [401, 200]  # asked before the sign-out
    assert status(client, session) == 401


def wait_until_something_waits(books: str) -> None:
    waiting = "select count(*) > 0 from pg_locks where not granted"
    with psycopg.connect(books, autocommit=True) as connection:
        while connection.execute(waiting).fetchone() != (True,):
            pass


def test_a_user_without_an_org_gets_no_cookie_and_fills_no_log(
    servers: list[httpx2.Client], books: str
) -> None:
    (client, _) = servers
    tokens = [link("nobody"), mint(SECRET, "nobody", seconds=60)]
    for token in tokens * 5:
        answer = sign_in(client, token)
        assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
    token = mint(SECRET, "ann", seconds=60)
    for _ in range(5):
        assert sign_in(client, token).status_code == 303
    with psycopg.connect(books) as connection:
        rows = connection.execute("select user_id, event from tenancy.sign_ins").fetchall()
        connection.execute("update tenancy.sign_ins set at = at - interval '61 minutes'")
    assert rows == [("ann", "opened")]
    sign_in(client, token)
    assert len(run("users", "sign-ins", "--org", "org", "--json").output.splitlines()) == 2
    # The link was not used up, and opens what an operator gives the user.
    run("users", "add", "nobody", "--org", "org")
    assert sign_in(client, tokens[0]).status_code == 303


def test_a_token_in_its_last_seconds_opens_no_session(servers: list[httpx2.Client]) -> None:
    """Clocks may differ by ten seconds; the cookie had Max-Age=0, which forgets it."""
    (client, _) = servers
    token = mint(SECRET, "ann", seconds=60)
    content = jwt.decode(token, options={"verify_signature": False})
    late = jwt.encode(content | {"exp": unix_now() - 3}, SECRET, algorithm="HS256")
    assert status(client, {"Authorization": f"Bearer {late}"}) == 200
    answer = sign_in(client, late)
    assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)


SITES: list[tuple[dict[str, str], int]] = [
    ({}, 303),  # no browser
    ({"Sec-Fetch-Site": "same-origin", "Origin": "{own}"}, 303),
    ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 303),  # no referrer, no origin
    ({"Sec-Fetch-Site": "none"}, 303),
    ({"Origin": "{own}"}, 303),
    ({"Origin": "https://books.example"}, 303),  # PUBLIC_URL, before a proxy
    ({"Sec-Fetch-Site": "same-origin", "Origin": "https://books.example"}, 303),
    ({"Origin": "http://books.example"}, 403),
    ({"Origin": "http://books.example", "Host": "books.example"}, 403),  # as a proxy passes it
    ({"Origin": "HTTP://books.example:80", "Host": "books.example:80"}, 403),
    ({"Origin": "https://books.example", "Host": "books.example"}, 303),
    ({"Origin": "http://books.example:8000", "Host": "books.example:8000"}, 403),
    ({"Origin": "http://inside.example", "Host": "inside.example"}, 303),
    ({"Origin": "https://books.example:8443"}, 403),
    ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Origin": "https://[x"}, 403),
    ({"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, 403),
    ({"Sec-Fetch-Site": "same-site", "Origin": "{own}"}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": ""}, 403),
]


def test_only_a_form_of_this_site_signs_in(books: str) -> None:
    """A browser that sends no Sec-Fetch-Site was believed whatever its Origin said."""
    options = ApiOptions(
        database_url=books, version="1", jwt_secret=SECRET, public_url="https://books.example/x"
    )
    for url in run_server(options):
        with httpx2.Client(base_url=url) as client:
            for headers, expected in SITES:
                filled = {name: value.format(own=url) for name, value in headers.items()}
                answer = sign_in(client, link(), **filled)
                assert answer.status_code == expected, filled
                assert ("set-cookie" in answer.headers) == (expected == 303)


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/json", "multipart/form-data; boundary=x", None]
)
def test_a_body_that_no_form_sends_is_415(
    servers: list[httpx2.Client], media_type: str | None
) -> None:
    """JSON and multipart were answered 200, text/plain signed in."""
    headers = {"Content-Type": media_type} if media_type else {}
    answer = servers[0].post("/sign-in", content=f"token={link()}".encode(), headers=headers)
    assert (answer.status_code, "set-cookie" in answer.headers) == (415, False)
    assert FORM in answer.json()["detail"]


def test_a_form_of_unknown_length_is_told_so(servers: list[httpx2.Client]) -> None:
    """The answer was that it is longer than 24,576 bytes."""
    address = urlsplit(str(servers[0].base_url))
    for header in ("Transfer-Encoding: chunked", "X-None: 1"):
        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            head = f"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\n{header}\r\n\r\n"
            connection.sendall(head.encode())
            received = connection.recv(65_536)
        assert received.startswith(b"HTTP/1.1 411 "), received
        assert b"say in Content-Length" in received


def test_half_a_form_is_the_clients_doing(
    servers: list[httpx2.Client],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The answer was 503, as if the database were away, and a line of the log without a reason."""
    monkeypatch.setattr(sign_in_form, "FORM_SECONDS_MAX", 0.1)
    logged_lately.clear()
    address = urlsplit(str(servers[0].base_url))
    head = (
        f"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nContent-Length: 40\r\n\r\n"
    )
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(f"{head}token=ab".encode())
        received = connection.recv(65_536)
    assert received.startswith(b"HTTP/1.1 408 "), received
    assert b"application/problem+json" in received
    assert b"the 40 bytes of the form did not come within" in received
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(f"{head}token=ab".encode())
    # The server is done with the connection that was closed when it has counted it.
    while 'route="/sign-in",status="408"} 2.0' not in servers[0].get("/metrics").text:
        pass
    printed = capfd.readouterr()
    assert "answer_" not in printed.out + printed.err


def test_long_ids_widen_no_listing(servers: list[httpx2.Client]) -> None:
    (client, _) = servers
    run("users", "add", LONG_ID, "--org", "org")
    sign_in(client, link(LONG_ID))
    for command in (("users", "list"), ("users", "sign-ins"), ("tokens", "list")):
        output = run(*command, "--org", "org").output
        assert "xxx…" in output
        assert max(map(len, re.split("\n", output))) < 300
        rows = run(*command, "--org", "org", "--json").output.splitlines()
        assert LONG_ID in {json.loads(row)["user_id"] for row in rows}
