"""The API behind nginx, with the configuration that docs/deploy.md gives."""

import datetime as dt
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.db.api.conftest import SECRET, free_port, run_server, wait_for

from hypertally.api.app import ApiOptions
from hypertally.api.identity.tokens import mint

CONFIGURATION = Path(__file__).parents[2] / "docs" / "nginx.conf"
HOST = "hypertally.example"
CLIENTS = 60  # of one address, which may hold 50 connections
MAIN = """daemon off; pid FOLDER/pid; error_log FOLDER/error.log; worker_processes 1;
events {} http { client_body_temp_path FOLDER/body; proxy_temp_path FOLDER/proxy;
fastcgi_temp_path FOLDER/f; uwsgi_temp_path FOLDER/u; scgi_temp_path FOLDER/s;
include FOLDER/hypertally.conf; }"""


def write_certificate(folder: Path) -> ssl.SSLContext:
    """Make a key and its certificate; the context that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    (folder / "hypertally.crt").write_bytes(pem)
    (folder / "hypertally.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return ssl.create_default_context(cadata=pem.decode())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nginx")


@pytest.fixture(scope="module")
def context(folder: Path) -> ssl.SSLContext:
    return write_certificate(folder)


@pytest.fixture(scope="module")
def proxy_url(folder: Path, context: ssl.SSLContext, world: str, ui_dir: Path) -> Iterator[str]:
    """The address of the proxy, in front of an API that trusts it."""
    options = ApiOptions(
        database_url=world, version="1", jwt_secret=SECRET, ui_dir=ui_dir,
        trusted_proxies=("127.0.0.1/32",),
    )  # fmt: skip
    nginx = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    assert nginx, "scripts/system_packages.sh nginx-light installs it"
    for api_url in run_server(options):
        port = free_port()
        text = CONFIGURATION.read_text()
        for old, new in {
            "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
            "127.0.0.1:8000": api_url.removeprefix("http://"),
            "/etc/nginx/": f"{folder}/",
            "/var/log/nginx/": f"{folder}/",
        }.items():
            assert old in text
            text = text.replace(old, new)
        (folder / "hypertally.conf").write_text(text)
        (folder / "nginx.conf").write_text(MAIN.replace("FOLDER", str(folder)))
        command = [nginx, "-p", str(folder), "-e", f"{folder}/error.log", "-c", "nginx.conf"]
        with subprocess.Popen(command) as process:
            wait_for(port)
            yield f"https://localhost:{port}"
            process.terminate()


@pytest.fixture
def through(proxy_url: str, context: ssl.SSLContext) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=proxy_url, verify=context) as client:
        yield client


def bearer(user: str, seconds: int = 600) -> dict[str, str]:
    return {"Authorization": f"Bearer {mint(SECRET, user, seconds=seconds)}"}


def test_each_caller_gets_their_own_answer(through: httpx2.Client) -> None:
    users = ["alice", "bob", "alice", "vic"]
    answers = [through.get("/api/v1/session", headers=bearer(user)).json() for user in users]
    assert [answer["user_id"] for answer in answers] == users
    assert through.get("/api/v1/session").status_code == 401


def test_over_https_the_cookie_is_for_https_and_no_log_holds_the_link(
    through: httpx2.Client, folder: Path
) -> None:
    token = mint(SECRET, "alice", purpose="sign-in", seconds=60)
    cookie = through.get(f"/sign-in?token={token}").headers["set-cookie"]
    assert "Secure" in cookie
    assert through.get("/api/v1/session").json()["user_id"] == "alice"
    log = (folder / "hypertally.log").read_text()
    assert "GET /sign-in 303" in log
    form = {"token": mint(SECRET, "bob", purpose="sign-in", seconds=60)}
    assert through.post("/sign-in", data=form).status_code == 303
    assert through.get("/api/v1/session").json()["user_id"] == "bob"
    through.cookies.clear()
    assert token not in log + (folder / "error.log").read_text()


def test_what_is_too_long_or_has_a_body_is_refused(through: httpx2.Client) -> None:
    assert through.get("/", headers={"X-Long": "y" * 30_000}).status_code == 400
    assert through.get("/", headers={"X-Long": "y" * 8_000, "Y": "y" * 9_000}).status_code == 431
    assert through.request("GET", "/", content=b"{}").status_code == 413
    assert through.post("/", content=b"").status_code == 405
    assert through.post("/sign-in", content=b"x" * 25_000).status_code == 413
    assert through.get("/metrics").status_code == 404
    assert through.get("/readyz").json()["status"] == "ready"


def test_one_address_holds_so_many_connections_and_another_gets_through(
    proxy_url: str, context: ssl.SSLContext, world: str
) -> None:
    def client_from(address: str) -> httpx2.Client:
        transport = httpx2.HTTPTransport(verify=context, local_address=address)
        return httpx2.Client(base_url=proxy_url, transport=transport, timeout=30)

    with (
        psycopg.connect(world) as lock,
        client_from("127.0.0.2") as greedy,
        client_from("127.0.0.3") as other,
        ThreadPoolExecutor(CLIENTS) as threads,
    ):
        # Whom the tokens name cannot be read: every connection waits for it.
        lock.execute("lock table tenancy.user_profiles")
        sessions = [
            threads.submit(greedy.get, "/api/v1/session", headers=bearer("alice", 60 + number))
            for number in range(CLIENTS)
        ]
        deadline = time.monotonic() + 20
        while greedy.get("/docs").status_code != 429:
            assert time.monotonic() < deadline
        assert greedy.get("/healthz").status_code == 200
        assert other.get("/docs").status_code == 200
        lock.rollback()
        assert {session.result().status_code for session in sessions} <= {200, 429}
