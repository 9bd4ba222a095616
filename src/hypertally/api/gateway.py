"""The gateway: limits, identity and cached responses, before the framework sees a request.

    request -> method, sizes -> identity (every time) -> in the cache?     -> send the bytes
                                                      -> being computed?   -> wait, send the bytes
                                                      -> else the framework computes the response;
                                                         the cache keeps it for its max-age

The cache keeps only responses with status 200 and a max-age, by (org and its revision, role, path
and query), so bytes never reach another org or a lower role, nor outlast a label that changed.
Paths outside /api/ need no identity and are not kept. Every response gets the security headers.
Answers being computed are counted by org and by address; probes have no limit, and many of them at
once are one. A list as CSV is no whole response: `exports` sends it page after page.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http import HTTPStatus
from ipaddress import ip_network
from typing import Final, TypeAlias

from cachetools import LRUCache
from starlette.types import ASGIApp, Receive, Scope, Send

from hypertally.api.exports import ExportRequest, Exports
from hypertally.api.http.framework import FrameworkResponse, run_framework, scope_for
from hypertally.api.http.limits import (
    ANSWER_SECONDS_MAX,
    ANSWERS_IN_FLIGHT_MAX,
    ANSWERS_IN_FLIGHT_PER_ADDRESS_MAX,
    ANSWERS_IN_FLIGHT_PER_ORG_MAX,
    COMPRESSED_INLINE_BYTES_MAX,
    FORM_BYTES_MAX,
    HEADER_BYTES_MAX,
    TARGETS_KEPT_MAX,
)
from hypertally.api.http.media_types import CSV, prefers_csv
from hypertally.api.http.problems import MEDIA_TYPE, Problem, from_error
from hypertally.api.http.request_target import Target, read_target
from hypertally.api.http.response_cache import (
    CachedResponse,
    Head,
    Headers,
    Key,
    ReadyResponse,
    ResponseCache,
)
from hypertally.api.http.single_flight import SingleFlight
from hypertally.api.http.telemetry import Telemetry
from hypertally.api.identity.auth import Authenticator, Identity
from hypertally.api.identity.credentials import token_of
from hypertally.api.resource.answer_names import NameReader

FORM: Final = "/sign-in"  # the only path that reads a body
PERSONAL: Final = "/api/v1/session"  # names the user: shared with nobody
PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})
RETRY: Final = {"Retry-After": "1"}
UNKNOWN_ROUTE: Final = "other"
JSON: Final = (b"content-type", b"application/json")
READING: Final = ("GET", "HEAD")
_MAX_AGE: Final = re.compile(rb"max-age=(\d+)")
_DROPPED: Final = frozenset({b"content-length", b"etag", b"vary"})  # made anew for each encoding


Computed: TypeAlias = CachedResponse | ReadyResponse


class Gateway:
    """The ASGI application around the framework; one in each process."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        authenticator: Authenticator,
        telemetry: Telemetry,
        headers: Headers,
        names: NameReader,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._seconds = seconds
        self._telemetry = telemetry
        self._headers = headers
        self._names = names
        self._single_flight: SingleFlight[tuple[Key, str | None], Computed] = SingleFlight()
        self._probes: SingleFlight[str, ReadyResponse] = SingleFlight()
        self._computing: Counter[int] = Counter()  # responses being computed, by org
        self._under_way: Counter[str] = Counter()  # requests not answered from memory, by address
        self.cache = ResponseCache(seconds)
        self._targets: LRUCache[tuple[bytes, bytes], Target] = LRUCache(TARGETS_KEPT_MAX)
        self.exports = Exports(
            app, authenticator=authenticator, telemetry=telemetry, headers=headers, names=names
        )
        self._authenticator = authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; no body is read but a form's."""
        ready = self._find_cached(scope) or await self._respond(scope, receive, send)
        if ready is None:
            return
        await send(ready.head.message)
        body = ready.body if scope["method"] != "HEAD" else b""
        await send({"type": "http.response.body", "body": body})

    def _find_cached(self, scope: Scope) -> ReadyResponse | None:
        """Return the cached response for a caller whose identity is cached too; else None.

        Nearly every request ends here: a few look-ups on raw bytes and nothing else.
        """
        if scope["method"] != "GET":
            return None
        headers = dict(scope["headers"])
        if b"content-length" in headers or b"transfer-encoding" in headers:
            return None
        if CSV in headers.get(b"accept", b"").lower():
            return None
        try:  # half the cost of `get`, which looks up twice
            target = self._targets[scope["raw_path"], scope["query_string"]]
            identity = self._authenticator.find(token_of(headers))
            cached = self.cache.entries[
                identity.org_id, identity.revision, identity.role, target.key
            ]
        except KeyError:
            return None
        ready = cached.for_request(headers)
        self._telemetry.from_memory += 1
        self._telemetry.answers[cached.route, ready.head.status] += 1
        return ready

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> ReadyResponse | None:
        """Return the response; None when it was sent already."""
        try:
            target = self._read(scope)
            _check_method(scope, target)
            if target.path in PROBES:
                # However many ask at once, the database is asked once.
                return await self._probes.run(
                    target.path, lambda: self._respond_openly(scope, target)
                )
            with self._counted(address_of(scope)):
                if target.is_guarded and prefers_csv(dict(scope["headers"]).get(b"accept")):
                    return await self._export(scope, target, receive, send)
                if target.is_guarded:
                    return await self._respond_guarded(scope, target)
                return await self._respond_openly(scope, target, receive)
        except Exception as error:  # noqa: BLE001 - the last handler: every error becomes a problem
            return self._problem_response(from_error(error))

    def _read(self, scope: Scope) -> Target:
        _check_request(scope)
        spelled = (scope["raw_path"], scope["query_string"])
        target = self._targets.get(spelled)
        if target is None:
            target = self._targets[spelled] = read_target(*spelled)
        return target

    @contextmanager
    def _counted(self, address: str) -> Generator[None]:
        if self._under_way[address] >= ANSWERS_IN_FLIGHT_PER_ADDRESS_MAX:
            detail = "too many requests of your address are under way: ask again in a second"
            raise Problem(status=429, detail=detail, headers=RETRY)
        self._under_way[address] += 1
        try:
            yield
        finally:
            self._under_way[address] -= 1
            if not self._under_way[address]:
                del self._under_way[address]

    async def _respond_openly(
        self, scope: Scope, target: Target, receive: Receive | None = None
    ) -> ReadyResponse:
        """Answer what needs no identity."""
        is_head = scope["method"] == "HEAD"
        method = "GET" if is_head else scope["method"]
        inner = scope_for(scope, target, **{"method": method, "hypertally.head": is_head})
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            response = await run_framework(self._app, inner, receive if method == "POST" else None)
        self._telemetry.answers[_route_of(inner), response.status] += 1
        return self._plain_response(response.status, response.headers, response.body)

    async def _respond_guarded(self, scope: Scope, target: Target) -> ReadyResponse:
        headers = dict(scope["headers"])
        identity = await self._authenticator.identify(token_of(headers))
        key = (identity.org_id, identity.revision, identity.role, target.key)
        response = self.cache.entries.get(key)
        if response is None:
            inner = scope_for(scope, target, **{"hypertally.identity": identity})
            response = await self._compute_once(inner, key, identity)
        if isinstance(response, CachedResponse):
            return response.for_request(headers)
        return response

    async def _export(
        self, scope: Scope, target: Target, receive: Receive, send: Send
    ) -> ReadyResponse | None:
        token = token_of(dict(scope["headers"]))
        identity = await self._authenticator.identify(token)
        request = ExportRequest(scope=scope, target=target, identity=identity, token=token)
        refusal = await self.exports.respond(request, receive, send)
        if refusal is None:
            return None
        self._telemetry.answers[UNKNOWN_ROUTE, refusal.status] += 1
        return self._plain_response(refusal.status, refusal.headers, refusal.body)

    async def _compute_once(self, scope: Scope, key: Key, identity: Identity) -> Computed:
        personal = identity.user_id if scope["path"] == PERSONAL else None
        flight = (key, personal)
        if flight not in self._single_flight:
            self._check_room(identity.org_id)
        response = await self._single_flight.run(
            flight, lambda: self._compute(scope, key, identity)
        )
        self._telemetry.computed += 1
        if isinstance(response, CachedResponse):
            self._telemetry.answers[response.route, 200] += 1
        return response

    def _check_room(self, org_id: int) -> None:
        if self._computing.total() >= ANSWERS_IN_FLIGHT_MAX:
            detail = "the server is computing too many answers: ask again in a second"
            raise Problem(status=503, detail=detail, headers=RETRY)
        if self._computing[org_id] >= ANSWERS_IN_FLIGHT_PER_ORG_MAX:
            detail = "too many answers for your org are being computed: ask again in a second"
            raise Problem(status=429, detail=detail, headers=RETRY)

    async def _compute(self, scope: Scope, key: Key, identity: Identity) -> Computed:
        self._computing[identity.org_id] += 1
        started = time.monotonic()
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                response = await run_framework(self._app, scope)
                if response.status == HTTPStatus.OK and JSON in response.headers:
                    response.body = await self._names.add(response.body, identity)
        finally:
            self._computing[identity.org_id] -= 1
        route = _route_of(scope)
        self._telemetry.seconds.labels(route).observe(time.monotonic() - started)
        # An answer that names the user is never kept, whatever max-age it states.
        max_age = 0 if scope["path"] == PERSONAL else _max_age_of(response)
        return await self._keep(response, key, route=route, max_age=max_age)

    async def _keep(
        self, response: FrameworkResponse, key: Key, *, route: str, max_age: int
    ) -> Computed:
        if response.status != HTTPStatus.OK:
            self._telemetry.answers[route, response.status] += 1
            return self._plain_response(response.status, response.headers, response.body)
        passed_on = [header for header in response.headers if header[0] not in _DROPPED]
        headers = [*passed_on, *self._headers]
        cached = CachedResponse(
            response.body, headers=headers, max_age=max_age, route=route, seconds=self._seconds
        )
        if len(response.body) > COMPRESSED_INLINE_BYTES_MAX:
            await asyncio.to_thread(cached.compress)
        self.cache.keep(key, cached)
        return cached

    def _problem_response(self, problem: Problem) -> ReadyResponse:
        self._telemetry.answers[UNKNOWN_ROUTE, problem.status] += 1
        extra = [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
        content = (b"content-type", MEDIA_TYPE.encode())
        return self._plain_response(
            problem.status,
            [content, (b"cache-control", b"no-store"), *extra],
            problem.body(),
        )

    def _plain_response(self, status: int, headers: Headers, body: bytes) -> ReadyResponse:
        length = (b"content-length", b"%d" % len(body))
        kept = [header for header in headers if header[0] != b"content-length"]
        return ReadyResponse(Head(status, [*kept, *self._headers, length]), body)


def _check_method(scope: Scope, target: Target) -> None:
    headers = dict(scope["headers"])
    if scope["method"] == "POST" and target.path == FORM:
        length = headers.get(b"content-length", b"")
        if not length.isdigit() or b"transfer-encoding" in headers:
            raise Problem(status=411, detail="say in Content-Length how many bytes the form has")
        if len(length) > len(str(FORM_BYTES_MAX)) or int(length) > FORM_BYTES_MAX:
            raise Problem(status=413, detail=f"the form is longer than {FORM_BYTES_MAX} bytes")
        return
    if scope["method"] not in READING:
        detail = f"{scope['method']} is not allowed: use GET or HEAD, nothing is written here"
        raise Problem(status=405, detail=detail, headers={"Allow": "GET, HEAD"})
    if headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers:
        raise Problem(status=413, detail="a body is not read here: send the request without one")


def _check_request(scope: Scope) -> None:
    if sum(len(name) + len(value) for name, value in scope["headers"]) > HEADER_BYTES_MAX:
        raise Problem(status=431, detail=f"the headers are longer than {HEADER_BYTES_MAX} bytes")


def address_of(scope: Scope) -> str:
    """Return what requests are counted by: the client's address, or its network."""
    host: str = (scope.get("client") or ("", 0))[0]
    try:
        # One household or server has a whole /64 of IPv6.
        return str(ip_network(f"{host}/64", strict=False)) if ":" in host else host
    except ValueError:  # a proxy's own way of naming its client
        return host


def _max_age_of(response: FrameworkResponse) -> int:
    match = _MAX_AGE.search(dict(response.headers).get(b"cache-control", b""))
    return int(match[1]) if match else 0


def _route_of(scope: Scope) -> str:
    route = scope.get("route")
    return getattr(route, "path", UNKNOWN_ROUTE)
