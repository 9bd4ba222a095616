"""The framework as a function: a request in, a whole response out."""

from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Receive, Scope

from hypertally.api.http.request_target import Target
from hypertally.api.http.response_cache import Headers, Message


@dataclass(slots=True, kw_only=True)
class FrameworkResponse:
    """A whole response of the framework."""

    status: int = 500
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""


def scope_for(scope: Scope, target: Target, **extra: Any) -> Scope:
    """Return the request in the one spelling: what was guarded is what the framework answers.

    `extra` are entries for our own routes. The server's offer to send files itself is left out:
    only whole responses can be kept, counted and given their headers. Since 2.4 a response need
    not listen for a client that hangs up, for which there is nothing to listen to here.
    """
    return {
        **scope,
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "method": "GET",
        "path": target.path,
        "raw_path": target.raw_path,
        "query_string": target.query,
        "extensions": {},
        **extra,
    }


async def run_framework(
    app: ASGIApp, scope: Scope, receive: Receive | None = None
) -> FrameworkResponse:
    """Return what the framework answers; the scope has the route afterwards.

    `receive` gives the body of a form; nothing else brings one.
    """
    response = FrameworkResponse()
    parts: list[bytes] = []
    started = False

    async def send(message: Message) -> None:
        nonlocal started
        if message["type"] == "http.response.start":
            started = True
            response.status = message["status"]
            response.headers = list(message["headers"])
        else:
            parts.append(message.get("body", b""))

    try:
        await app(scope, receive or _receive_nothing, send)
    except Exception:
        # The framework raises again what its handlers have logged and answered.
        if not started:
            raise
    response.body = b"".join(parts)
    return response


async def _receive_nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
