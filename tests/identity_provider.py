"""An identity provider that publishes its keys, and tokens as it and the program sign them."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa


def claims(**changed: object) -> dict[str, object]:
    now = datetime.now(UTC)
    ordinary = {
        "sub": "alice",
        "aud": "authenticated",
        "iat": now,
        "exp": now + timedelta(minutes=5),
    }
    return {name: value for name, value in (ordinary | changed).items() if value is not ...}


KEYS = {
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "RS256": rsa.generate_private_key(65537, 2048),
}


@pytest.fixture(scope="module")
def jwks_url() -> Iterator[str]:
    """An identity provider that publishes one key of each kind, and one for encryption."""
    published = [
        jwt.algorithms.get_default_algorithms()[name].to_jwk(key.public_key(), as_dict=True)
        | {"kid": name, "alg": name, "use": "sig"}
        for name, key in KEYS.items()
    ]

    class Provider(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"keys": published}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Provider)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/keys"
    server.shutdown()
    thread.join()
    server.server_close()


def provider_token(algorithm: str, *, kid: str | None = None, **changed: object) -> str:
    content = claims(**({"iss": "https://issuer.example"} | changed))
    headers = {"kid": kid or algorithm}
    return jwt.encode(content, KEYS[algorithm], algorithm=algorithm, headers=headers)
