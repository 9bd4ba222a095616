"""The outermost application: limits, identity and finished bytes before the framework runs.

    request -> method, sizes -> who asks (each time) -> finished? -> send the bytes
                                                    -> under way? -> wait for it, send its bytes
                                                    -> the framework computes; kept for its max-age

Only answers with status 200 and a max-age are kept, by (org, role, path and query), so bytes never
reach another org or a lower role. Anything else passes through and gets the security headers.
"""

import asyncio
import re
import time
from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, TypeAlias

from starlette.types import ASGIApp, Receive, Scope, Send

from hypertally.api.http.limits import (
    ANSWER_SECONDS_MAX,
    ANSWERS_IN_FLIGHT_MAX,
    ANSWERS_IN_FLIGHT_PER_ORG_MAX,
    COMPRESSED_INLINE_BYTES_MAX,
    HEADER_BYTES_MAX,
    QUERY_BYTES_MAX,
)
from hypertally.api.http.problems import MEDIA_TYPE, Problem, bad_parameter, from_error
from hypertally.api.http.response_cache import (
    Finished,
    FinishedAnswers,
    Head,
    Headers,
    Key,
    Message,
    Ready,
)
from hypertally.api.http.single_flight import Flights
from hypertally.api.http.telemetry import Telemetry
from hypertally.api.identity.auth import Authenticator, Identity

GUARDED: Final = b"/api/"  # needs an identity
PERSONAL: Final = b"/api/v1/session"  # names the user, so it is nobody else's answer
COOKIE: Final = b"hypertally_session="
UNKNOWN_ROUTE: Final = "other"
READING: Final = ("GET", "HEAD")
_MAX_AGE: Final = re.compile(rb"max-age=(\d+)")
_DROPPED: Final = frozenset({b"content-length", b"etag", b"vary"})  # made anew for each encoding


@dataclass(slots=True, kw_only=True)
class Reply:
    """What the framework answered, whole."""

    status: int
    headers: Headers
    body: bytes


Answer: TypeAlias = Finished | Ready


class Front:
    """ASGI application around the framework's; one to a process."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        authenticator: Authenticator,
        telemetry: Telemetry,
        headers: Headers,
    ) -> None:
        self._app = app
        self._telemetry = telemetry
        self._headers = headers
        self._flights: Flights[tuple[Key, str | None], Answer] = Flights()
        self._under_way: Counter[int] = Counter()  # by org
        self.finished = FinishedAnswers()
        self._authenticator = authenticator
        self._identities = authenticator.identities

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["raw_path"].startswith(GUARDED):
            await self._guarded(scope, send)
        else:
            await self._open(scope, receive, send)

    def ready(self, scope: Scope) -> Ready | None:
        """Return the finished answer to a request of a caller who is known; None: work is needed.

        This is the path of nearly every request: a few look-ups on raw bytes and nothing else.
        """
        if scope["method"] != "GET" or not scope["raw_path"].startswith(GUARDED):
            return None
        headers = dict(scope["headers"])
        if b"content-length" in headers or b"transfer-encoding" in headers:
            return None
        try:  # half the cost of `get`, which looks twice
            identity = self._identities[_token_of(headers)]
            path = self.finished.normal_form(scope["raw_path"], scope["query_string"])
            finished = self.finished.entries[identity.org_id, identity.role, path]
        except KeyError:
            return None
        ready = finished.ready(headers)
        self._telemetry.from_memory += 1
        self._telemetry.answers[finished.route, ready.head.status] += 1
        return ready

    async def _guarded(self, scope: Scope, send: Send) -> None:
        ready = self.ready(scope)
        if ready is None:
            ready = await self._work(scope)
        await send(ready.head.message)
        body = ready.body if scope["method"] != "HEAD" else b""
        await send({"type": "http.response.body", "body": body})

    async def _work(self, scope: Scope) -> Ready:
        headers = dict(scope["headers"])
        try:
            _check_request(scope, headers)
            identity = await self._authenticator.identify(_token_of(headers))
            path = self.finished.normal_form(scope["raw_path"], scope["query_string"])
            key = (identity.org_id, identity.role, path)
            answer = self.finished.entries.get(key) or await self._compute(scope, key, identity)
        except Exception as error:  # noqa: BLE001 - the last handler: no error may leave unshaped
            return self._refusal(from_error(error))
        return answer.ready(headers) if isinstance(answer, Finished) else answer

    async def _compute(self, scope: Scope, key: Key, identity: Identity) -> Answer:
        personal = identity.user_id if scope["raw_path"] == PERSONAL else None
        flight = (key, personal)
        if flight not in self._flights:
            self._check_room(identity.org_id)
        answer = await self._flights.join(flight, lambda: self._answer(scope, key, identity))
        self._telemetry.computed += 1
        if isinstance(answer, Finished):
            self._telemetry.answers[answer.route, 200] += 1
        return answer

    def _check_room(self, org_id: int) -> None:
        retry = {"Retry-After": "1"}
        if self._under_way.total() >= ANSWERS_IN_FLIGHT_MAX:
            detail = "too many answers are being computed: ask again in a second"
            raise Problem(status=503, detail=detail, headers=retry)
        if self._under_way[org_id] >= ANSWERS_IN_FLIGHT_PER_ORG_MAX:
            detail = "your org has too many answers being computed: ask again in a second"
            raise Problem(status=429, detail=detail, headers=retry)

    async def _answer(self, scope: Scope, key: Key, identity: Identity) -> Answer:
        self._under_way[identity.org_id] += 1
        began = time.monotonic()
        inner = {**scope, "method": "GET", "hypertally.identity": identity}
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                reply = await _capture(self._app, inner)
        finally:
            self._under_way[identity.org_id] -= 1
        route = _route_of(inner)
        self._telemetry.seconds.labels(route).observe(time.monotonic() - began)
        return await self._finish(reply, key, route)

    async def _finish(self, reply: Reply, key: Key, route: str) -> Answer:
        # What names the user is kept for nobody, whatever age it claims.
        personal = key[2].startswith(PERSONAL)
        max_age = 0 if personal else _max_age_of(reply)
        if reply.status != HTTPStatus.OK:
            self._telemetry.answers[route, reply.status] += 1
            return self._whole(reply.status, reply.headers, reply.body)
        kept = [header for header in reply.headers if header[0] not in _DROPPED]
        headers = [*kept, *self._headers]

        finished = Finished(reply.body, headers=headers, max_age=max_age, route=route)
        if len(reply.body) > COMPRESSED_INLINE_BYTES_MAX:
            await asyncio.to_thread(finished.compress)
        self.finished.keep(key, finished)
        return finished

    def _refusal(self, problem: Problem) -> Ready:
        self._telemetry.answers[UNKNOWN_ROUTE, problem.status] += 1
        named = [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
        content = (b"content-type", MEDIA_TYPE.encode())
        return self._whole(
            problem.status,
            [content, (b"cache-control", b"no-store"), *named],
            problem.body(),
        )

    def _whole(self, status: int, headers: Headers, body: bytes) -> Ready:
        length = (b"content-length", b"%d" % len(body))
        kept = [header for header in headers if header[0] != b"content-length"]
        return Ready(Head(status, [*kept, *self._headers, length]), body)

    async def _open(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            _check_request(scope, dict(scope["headers"]))
            await self._pass_on(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - as above
            refusal = self._refusal(from_error(error))
            await send(refusal.head.message)
            await send({"type": "http.response.body", "body": refusal.body})

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_head = scope["method"] == "HEAD"
        inner = {**scope, "method": "GET", "hypertally.head": is_head}

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._telemetry.answers[_route_of(inner), message["status"]] += 1
                message = {**message, "headers": [*message["headers"], *self._headers]}
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        await _run(self._app, inner, receive, send_secured)


def _token_of(headers: dict[bytes, bytes]) -> str:
    authorization = headers.get(b"authorization")
    if authorization is not None:
        scheme, _, token = authorization.partition(b" ")
        if scheme.lower() == b"bearer":
            return token.strip().decode("latin-1")
        return ""
    for part in headers.get(b"cookie", b"").split(b";"):
        cookie = part.strip()
        if cookie.startswith(COOKIE):
            return cookie.removeprefix(COOKIE).decode("latin-1")
    return ""


def _check_request(scope: Scope, headers: dict[bytes, bytes]) -> None:
    if scope["method"] not in READING:
        detail = f"{scope['method']} is not allowed: use GET or HEAD, nothing is written here"
        raise Problem(status=405, detail=detail, headers={"Allow": "GET, HEAD"})
    if len(scope["query_string"]) > QUERY_BYTES_MAX:
        raise Problem(status=414, detail=f"the query is longer than {QUERY_BYTES_MAX} bytes")
    if sum(len(name) + len(value) for name, value in scope["headers"]) > HEADER_BYTES_MAX:
        raise Problem(status=431, detail=f"the headers are longer than {HEADER_BYTES_MAX} bytes")
    if headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers:
        raise Problem(status=413, detail="a body is not read here: send the request without one")
    _check_once_each(scope["query_string"])


def _check_once_each(query: bytes) -> None:
    seen: set[bytes] = set()
    for part in query.split(b"&"):
        name = part.partition(b"=")[0]
        if name in seen:
            shown = name.decode("latin-1")
            raise bad_parameter(shown, value="given twice", remedy="give each parameter once")
        seen.add(name)


async def _capture(app: ASGIApp, scope: Scope) -> Reply:
    reply = Reply(status=500, headers=[], body=b"")
    parts: list[bytes] = []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            reply.status = message["status"]
            reply.headers = list(message["headers"])
        else:
            parts.append(message.get("body", b""))

    await _run(app, scope, _no_body, send)
    reply.body = b"".join(parts)
    return reply


async def _run(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    started = False

    async def send_noting(message: Message) -> None:
        nonlocal started
        started = True
        await send(message)

    try:
        await app(scope, receive, send_noting)
    except Exception:
        # The framework raises again what its handlers have logged and answered.
        if not started:
            raise


async def _no_body() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def _max_age_of(reply: Reply) -> int:
    found = _MAX_AGE.search(dict(reply.headers).get(b"cache-control", b""))
    return int(found[1]) if found else 0


def _route_of(scope: Scope) -> str:
    route = scope.get("route")
    return getattr(route, "path", UNKNOWN_ROUTE)
