"""The gateway on its own: room for answers, and errors that say nothing of the inside."""

import asyncio
import dataclasses
import json
import time
from typing import Any

import pytest

from hypertally.api.gateway import Gateway
from hypertally.api.http.limits import ANSWERS_IN_FLIGHT_MAX, ANSWERS_IN_FLIGHT_PER_ORG_MAX
from hypertally.api.http.options import ApiOptions
from hypertally.api.http.problems import logged_lately
from hypertally.api.http.telemetry import Telemetry
from hypertally.api.identity.auth import Authenticator, Identity
from hypertally.api.identity.token_verification import TokenVerifier
from hypertally.api.resource.answer_names import NameReader


def make_gateway(app: Any) -> Gateway:
    options = ApiOptions(database_url="postgresql://x", version="1", jwt_secret="x" * 32)
    authenticator = Authenticator(TokenVerifier(options))
    for org_id in range(1, 5):
        authenticator.identities[f"token{org_id}"] = Identity(
            user_id=f"user{org_id}", org_id=org_id, org=f"org{org_id}", role="viewer",
            expires_at=2**40, read_at=time.monotonic(),
        )  # fmt: skip
    return Gateway(
        app, authenticator=authenticator, telemetry=Telemetry(), headers=[], names=NameReader()
    )


async def ask(
    gateway: Gateway, path: str, *, org: int = 1, query: str = ""
) -> tuple[int, dict, bytes]:
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    headers = [(b"authorization", b"Bearer token%d" % org)]
    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(),
        "query_string": query.encode(), "headers": headers, "client": (f"10.0.0.{org}", 40_000),
    }  # fmt: skip
    await gateway(scope, receive, send)
    start, *bodies = messages
    body = b"".join(message["body"] for message in bodies)
    return start["status"], dict(start["headers"]), body


async def answering(send: Any, *, status: int = 200, cache: bytes = b"max-age=60") -> None:
    headers = [(b"cache-control", cache), (b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})


async def test_one_org_cannot_take_all_the_room() -> None:
    release = asyncio.Event()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await release.wait()
        await answering(send)

    tested = make_gateway(app)

    async def fill(org: int, count: int) -> list[asyncio.Task]:
        tasks = [
            asyncio.create_task(ask(tested, "/api/v1/x", org=org, query=f"n={n}"))
            for n in range(count)
        ]
        await asyncio.sleep(0.01)
        return tasks

    waiting = await fill(1, ANSWERS_IN_FLIGHT_PER_ORG_MAX)
    status, headers, body = await ask(tested, "/api/v1/x", query="n=more")
    assert (status, headers[b"retry-after"]) == (429, b"1")
    assert b"your org" in body
    # Who asks for what is under way already needs no room.
    waiting += await fill(1, 3)
    waiting += await fill(2, ANSWERS_IN_FLIGHT_MAX - ANSWERS_IN_FLIGHT_PER_ORG_MAX)
    status, headers, _ = await ask(tested, "/api/v1/x", org=3)
    assert (status, headers[b"retry-after"]) == (503, b"1")
    release.set()
    assert {status for status, _, _ in await asyncio.gather(*waiting)} == {200}
    assert (await ask(tested, "/api/v1/x", org=3))[0] == 200


@pytest.mark.parametrize("path", ["/api/v1/x", "/other"])
async def test_an_error_says_nothing_of_the_inside(path: str, capsys) -> None:
    async def app(*_: Any) -> None:
        raise RuntimeError("the password is swordfish")

    logged_lately.clear()
    status, headers, body = await ask(make_gateway(app), path)
    assert status == 500
    assert headers[b"content-type"] == b"application/problem+json"
    assert b"swordfish" not in body
    assert json.loads(body)["title"] == "Internal Server Error"
    # The log tells what happened, without the caller's token.
    said = capsys.readouterr().out
    assert "swordfish" in said
    assert "token1" not in said


async def test_an_error_of_one_place_is_logged_once_a_minute(capsys) -> None:
    """One that every request met wrote 4 KB for each."""

    async def app(scope: Any, *_: Any) -> None:
        if scope["path"].endswith("x"):
            raise RuntimeError("swordfish")
        raise RuntimeError("trout")

    logged_lately.clear()
    tested = make_gateway(app)
    for path in ["/api/v1/x", "/api/v1/y"] * 3:
        assert (await ask(tested, path))[0] == 500
    lines = capsys.readouterr().out
    assert (lines.count("Error: swordfish"), lines.count("Error: trout")) == (1, 1)


@pytest.mark.parametrize(
    ("status", "cache", "times"),
    [(200, b"max-age=60", 1), (200, b"no-store", 2), (404, b"max-age=60", 2)],
)
async def test_only_a_200_with_an_age_is_kept(status: int, cache: bytes, times: int) -> None:
    computed = 0

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        nonlocal computed
        computed += 1
        await answering(send, status=status, cache=cache)

    tested = make_gateway(app)
    for _ in range(2):
        assert (await ask(tested, "/api/v1/x"))[0] == status
    assert computed == times


async def test_the_session_of_one_user_is_not_the_answer_to_another_who_asks_meanwhile() -> None:
    release = asyncio.Event()

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        await release.wait()
        name = scope["hypertally.identity"].user_id.encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": name})

    tested = make_gateway(app)
    colleague = dataclasses.replace(tested._authenticator.identities["token1"], user_id="colleague")
    tested._authenticator.identities["token9"] = colleague
    asked = [asyncio.create_task(ask(tested, "/api/v1/session", org=number)) for number in (1, 9)]
    await asyncio.sleep(0.01)
    release.set()
    bodies = [body for _, _, body in await asyncio.gather(*asked)]
    assert bodies == [b"user1", b"colleague"]


async def test_an_identity_travels_with_its_request() -> None:
    seen: list[Identity] = []

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        seen.append(scope["hypertally.identity"])
        await answering(send)

    tested = make_gateway(app)
    for org in (1, 2):
        await ask(tested, "/api/v1/x", org=org)
    assert [identity.org_id for identity in seen] == [1, 2]
