"""The edges: problems, headers, limits, signing in, and what is open to everyone."""

import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from hypertally.api.app import ApiOptions
from hypertally.api.identity.tokens import mint

from .conftest import SECRET, run_server

A1 = "0x" + "a1" * 20
OPEN_PATHS = (
    "/", "/healthz", "/readyz", "/metrics", "/docs", "/docs/style.css", "/openapi.json",
    "/ui/app.mjs", "/ui/index.html", "/sign-in", "/sign-out", "/nowhere", "/ui/nowhere.js",
)  # fmt: skip
GUARDED_PATHS = ("/api/v1/session", "/api/v1/wallets/top", "/api/v1/nowhere", "/api/v1/wallets/0x1")


@pytest.mark.parametrize("path", [*OPEN_PATHS, *GUARDED_PATHS])
def test_every_answer_carries_the_security_headers(client, get, path: str) -> None:
    for answer in (client.get(path), get(path, "alice"), client.head(path), client.post(path)):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "permissions-policy" in answer.headers
        assert "strict-transport-security" not in answer.headers
        assert answer.headers["server"] == "hypertally"  # not which server it is, nor its version


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/v1/wallets/0x1/days", "address"),
        (f"/api/v1/wallets/{A1}00/days", "address"),
        (f"/api/v1/wallets/{A1[2:]}/days", "address"),
        (f"/api/v1/wallets/{A1}/days?limit=0", "limit"),
        (f"/api/v1/wallets/{A1}/days?limit=1001", "limit"),
        (f"/api/v1/wallets/{A1}/days?limit=ten", "limit"),
        (f"/api/v1/wallets/{A1}/days?from=2026-02-30", "from"),
        (f"/api/v1/wallets/{A1}/days?from=20260201", "from"),
        (f"/api/v1/wallets/{A1}/days?form=2026-02-01", "form"),
        (f"/api/v1/wallets/{A1}/fills?to=yesterday", "to"),
        (f"/api/v1/wallets/{A1}/fills?coin=", "coin"),
        (f"/api/v1/wallets/{A1}/fills?coin=%00", "coin"),
        ("/api/v1/metrics/global?range=8d", "range"),
        ("/api/v1/wallets/top?by=luck", "by"),
        ("/api/v1/wallets/top?window=2d", "window"),
        (f"/api/v1/wallets?query={'x' * 65}", "query"),
        ("/api/v1/wallets?tag=a;b", "tag"),
        ("/api/v1/wallets/top?group=", "group"),
        ("/api/v1/wallets?cursor=!", "cursor"),
        ("/api/v1/smart-money/alerts?type=A", "type"),
        ("/api/v1/smart-money/alerts?subject=%20", "subject"),
        ("/api/v1/explain/global_day_metrics/2026-13-01", "day"),
    ],
)
def test_a_bad_parameter_is_named_with_its_value_and_remedy(get, path: str, field: str) -> None:
    answer = get(path, "alice")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail", "field"}
    assert (problem["status"], problem["field"]) == (400, field)
    assert problem["detail"].startswith(f"{field} is ")
    assert "pattern" not in problem["detail"]  # a regular expression is no remedy


@pytest.mark.parametrize(
    "path", ["/nowhere", "/api/v1/nowhere", "/api/v2/session", "/api/", "/ui/x"]
)
def test_an_unknown_path_is_a_problem_404(get, path: str) -> None:
    answer = get(path, "alice")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", ["/api/v1/session", "/", "/sign-out", "/healthz", "/ui/app.mjs"])
def test_any_other_method_is_405(client, method: str, path: str) -> None:
    answer = client.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_is_too_long_or_has_a_body_is_refused(client, get) -> None:
    for path in ("/api/v1/session", "/healthz"):
        assert get(f"{path}?x={'y' * 2048}", "alice").status_code == 414
        assert get(path, "alice", **{"X-Long": "y" * 16_384}).status_code == 431
        assert client.request("GET", path, content=b"{}").status_code == 413


def test_a_body_is_refused_even_for_what_is_in_memory(client) -> None:
    token = {"Authorization": f"Bearer {mint(SECRET, 'alice', seconds=60)}"}
    assert client.get("/api/v1/wallets/top", headers=token).status_code == 200
    answer = client.request("GET", "/api/v1/wallets/top", headers=token, content=b"{}")
    assert answer.status_code == 413


def test_requests_sent_together_are_answered_in_order(base_url: str) -> None:
    # Pipelined on one connection: an answer from memory must not overtake one that is computed.
    token = mint(SECRET, "alice", seconds=60)
    paths = ["/api/v1/wallets?limit=3", "/api/v1/wallets/top?limit=4", "/healthz"] * 3
    ask = "".join(
        f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n" for path in paths
    )
    address = urlsplit(base_url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(ask.encode())
        received = b""
        while received.count(b"HTTP/1.1 200 OK") < len(paths) or not received.endswith(b"}"):
            received += connection.recv(65_536)
    bodies = re.findall(rb'\r\n\r\n\{"(\w+)"', received)
    assert bodies == [b"wallets", b"by", b"status"] * 3


@pytest.mark.parametrize("request_line", ["HTTP/1.0\r\n", "HTTP/1.1\r\nConnection: close\r\n"])
def test_a_connection_is_closed_for_who_asks_for_that(base_url: str, client, request_line) -> None:
    path = "/api/v1/wallets?limit=3"
    token = mint(SECRET, "alice", seconds=60)
    # The token is known and the answer in memory: this is the shortest way through.
    assert client.get(path, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    address = urlsplit(base_url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        ask = f"GET {path} {request_line}Host: x\r\nAuthorization: Bearer {token}\r\n\r\n"
        connection.sendall(ask.encode())
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(f"{request_line[:8]} 200 OK\r\n".encode())
    assert b"HTTP/1" not in body


def test_a_sign_in_link_works_once_and_sets_a_cookie_scripts_cannot_read(client) -> None:
    token = mint(SECRET, "alice", purpose="sign-in", seconds=60)
    # A program that only looks at links must not use one up.
    assert client.head(f"/sign-in?token={token}").status_code == 200
    answer = client.get(f"/sign-in?token={token}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    for part in ("hypertally_session=", "HttpOnly", "SameSite=strict", "Path=/"):
        assert part in cookie
    assert "Secure" not in cookie
    assert token not in cookie
    again = client.get(f"/sign-in?token={token}")
    assert again.status_code == 401
    assert "set-cookie" not in again.headers
    session = {"Cookie": cookie.partition(";")[0]}
    assert client.get("/api/v1/session", headers=session).json()["user_id"] == "alice"


@pytest.mark.parametrize("purpose", ["session", "sign-in"])
def test_a_token_for_one_purpose_serves_no_other(client, purpose: str) -> None:
    token = mint(SECRET, "alice", purpose=purpose, seconds=60)
    wrong = f"/sign-in?token={token}" if purpose == "session" else "/api/v1/session"
    answer = client.get(wrong, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


@pytest.mark.parametrize("token", ["x", mint(SECRET, "alice", purpose="sign-in", seconds=7200)])
def test_a_bad_or_long_lived_sign_in_token_is_refused(client, token: str) -> None:
    answer = client.get(f"/sign-in?token={token}")
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_a_browser_with_a_refused_link_is_sent_where_the_page_says_so(client) -> None:
    answer = client.get("/sign-in?token=x", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/?refused=1")
    assert "set-cookie" not in answer.headers


def test_an_access_token_signs_in_until_it_expires(client) -> None:
    token = mint(SECRET, "vic", seconds=500)
    for answer in (
        client.get(f"/sign-in?token={token}"),
        client.get("/sign-in", headers={"Authorization": f"Bearer {token}"}),
    ):
        assert answer.status_code == 303
        cookie = answer.headers["set-cookie"]
        assert f"hypertally_session={token}" in cookie
        age = re.search(r"Max-Age=(\d+)", cookie)
        assert age is not None
        assert 490 <= int(age[1]) <= 500


def test_signing_out_forgets_the_cookie(client) -> None:
    answer = client.get("/sign-out", headers={"Cookie": "hypertally_session=x"})
    assert answer.status_code == 303
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert answer.headers["clear-site-data"] == '"cache"', "nor its answers"


def test_behind_https_cookies_are_secure_and_browsers_stay_on_it(world: str) -> None:
    options = ApiOptions(database_url=world, version="1", jwt_secret=SECRET, secure_cookie=True)
    for url in run_server(options):
        with httpx2.Client(base_url=url) as client:
            token = mint(SECRET, "alice", purpose="sign-in", seconds=60)
            answer = client.get(f"/sign-in?token={token}")
            assert "Secure" in answer.headers["set-cookie"]
            assert "max-age=" in answer.headers["strict-transport-security"]


def test_the_root_is_a_page_to_a_browser_and_names_doors_to_others(client) -> None:
    page = client.get("/", headers={"Accept": "text/html,application/xhtml+xml"})
    assert page.headers["content-type"].startswith("text/html")
    assert "<title>page</title>" in page.text
    for accept in ("application/json", "*/*"):
        doors = client.get("/", headers={"Accept": accept}).json()
        endpoints = doors.pop("endpoints")
        assert endpoints == sorted(client.get("/openapi.json").json()["paths"])
        assert {"/api/v1/twaps", "/api/v1/twaps/{twap_id}"} <= set(endpoints)
        assert doors == {
            "name": "hypertally",
            "version": "1.2.3",
            "docs": "/docs",
            "openapi": "/openapi.json",
            "health": "/healthz",
        }


def test_modules_are_served_as_javascript_and_checked_again(client) -> None:
    answer = client.get("/ui/app.mjs", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-encoding"] == "gzip"
    again = client.get("/ui/app.mjs", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path",
    ["/ui/../conftest.py", "/ui/%2e%2e/x", "/ui/..%2fx", "/ui//etc/passwd", "/ui/%00", "/ui/"],
)
def test_no_file_outside_the_folder_is_served(base_url: str, ui_dir: Path, path: str) -> None:
    (ui_dir.parent / "x").write_text("outside")
    address = urlsplit(base_url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
    assert received.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400"))
    assert b"outside" not in received


def test_alive_and_ready(client, options: ApiOptions) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}
    ready = client.get("/readyz").json()
    assert (ready["status"], ready["version"]) == ("ready", options.version)


def test_without_its_database_the_api_is_alive_and_not_ready() -> None:
    options = ApiOptions(
        database_url="postgresql://nobody@127.0.0.1:9/none", version="1", jwt_secret=SECRET
    )
    for url in run_server(options):
        with httpx2.Client(base_url=url, timeout=60) as client:
            assert client.get("/healthz").status_code == 200
            ready = client.get("/readyz")
            assert ready.status_code == 503
            assert ready.json()["problems"] == ["the database does not answer"]
            token = {"Authorization": f"Bearer {mint(SECRET, 'alice', seconds=60)}"}
            answer = client.get("/api/v1/session", headers=token)
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
            assert "127.0.0.1" not in answer.text


def test_metrics_count_answers_and_name_no_wallet(client, get) -> None:
    get(f"/api/v1/wallets/{A1}/days", "alice")
    seen = client.get("/metrics")
    assert seen.headers["content-type"].startswith("text/plain")
    assert 'route="/api/v1/wallets/{address}/days",status="200"' in seen.text
    for secret in ("a1a1", "271828", "alice", "org_a"):
        assert secret not in re.sub(r"[0-9.e+]+$", "", seen.text, flags=re.MULTILINE)


def test_docs_need_nothing_from_elsewhere(client) -> None:
    page = client.get("/docs").text
    assert not re.search(r"(src|href)=\"(?!/)", page)
    assert "<script" not in page
    assert "<style" not in page
    assert "style=" not in page
    for path in client.get("/openapi.json").json()["paths"]:
        assert path in page


def test_no_secret_is_logged(base_url: str, client, capfd: pytest.CaptureFixture[str]) -> None:
    token = mint(SECRET, "alice", purpose="sign-in", seconds=60)
    client.get(f"/sign-in?token={token}")
    client.get(f"/sign-in?token={token}")
    client.get("/api/v1/session", headers={"Authorization": f"Bearer {token}"})
    said = "".join(capfd.readouterr())
    assert token not in said
    assert SECRET not in said


def test_options_never_show_their_secrets(options: ApiOptions) -> None:
    assert SECRET not in repr(options)
    assert options.database_url not in repr(options)
