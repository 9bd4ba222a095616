"""Exports: a list as CSV, page after page, from one snapshot of the database.

    request -> a place of the org's -> one transaction -> page 1 -> header and lines -> the client
                                                       -> page 2 -> lines -> ...

A page is the answer that the path gives to anyone who asks for JSON, with its checks, roles and
digits; only the connection is shared, so that all pages see one moment. No more than a page is in
memory, and nothing is kept for the next request. Once the head is sent an error can no longer be
answered: the connection then ends without the end of the body, which every client reports.
"""

import asyncio
import re
import zlib
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, urlencode

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from hypertally.api.http.framework import FrameworkResponse, run_framework, scope_for
from hypertally.api.http.limits import (
    ANSWER_SECONDS_MAX,
    EXPORT_SECONDS_MAX,
    EXPORT_SEND_SECONDS_MAX,
    EXPORTS_MAX,
    EXPORTS_PER_ORG_MAX,
)
from hypertally.api.http.problems import Problem
from hypertally.api.http.request_target import Target
from hypertally.api.http.response_cache import COMPRESSION_LEVEL, VARY, Headers, accepts_gzip
from hypertally.api.http.telemetry import Telemetry
from hypertally.api.identity.auth import Authenticator, Identity, open_snapshot
from hypertally.api.resource.answer_names import NameReader
from hypertally.api.resource.csv_table import CsvTable
from hypertally.api.resource.lists import OPEN_FIELDS, Listing, find_listing
from hypertally.errors import HypertallyError
from hypertally.store.postgres import Connection, Pool

CONTENT_TYPE: Final = b"text/csv; charset=utf-8; header=present"
GZIP_BITS: Final = 31  # of zlib: its largest window, in the format of gzip
RETRY: Final = {"Retry-After": "5"}
_NOT_OF_A_NAME: Final = re.compile(r"[^A-Za-z0-9._-]+")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """Who asks for which list."""

    scope: Scope
    target: Target
    identity: Identity
    token: str

    @property
    def query(self) -> dict[str, str]:
        """Return the parameters as the caller gave them."""
        return dict(parse_qsl(self.target.query.decode(), keep_blank_values=True))

    def query_after(self, cursor: str, *, limit: object) -> bytes:
        """Return the query of the page at `cursor`: rows to skip were skipped on the first."""
        query = {name: text for name, text in self.query.items() if name != "offset"}
        return urlencode({**query, "cursor": cursor, "limit": str(limit)}).encode()


class Exports:
    """Sends lists as CSV; a few at once."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        authenticator: Authenticator,
        telemetry: Telemetry,
        headers: Headers,
        names: NameReader,
    ) -> None:
        self.pool: Pool | None = None  # set when the server has started
        self._app = app
        self._authenticator = authenticator
        self._telemetry = telemetry
        self._headers = headers
        self._names = names
        self._under_way: Counter[int] = Counter()  # by org

    async def respond(
        self, request: ExportRequest, receive: Receive, send: Send
    ) -> FrameworkResponse | None:
        """Send a list to its end; return the path's answer where that is an error.

        Errors: `Problem` 406 for what is no list, 429 and 503 where too many are under way.
        """
        with self._counted(request.identity.org_id):
            outcome = await self._export_to_client(request, receive, send)
        if isinstance(outcome, _LastLines):
            # The place is free before the client knows that all is sent, and asks for more.
            await outcome.client.end(outcome.lines)
            return None
        return outcome

    async def _export_to_client(
        self, request: ExportRequest, receive: Receive, send: Send
    ) -> "FrameworkResponse | _LastLines | None":
        export = asyncio.create_task(self._export(request, send))
        hang_up = asyncio.create_task(_wait_for_hang_up(receive))
        try:
            await asyncio.wait((export, hang_up), return_when=asyncio.FIRST_COMPLETED)
            return export.result() if export.done() else None
        finally:
            # For a client that hung up: the statement under way is ended too.
            export.cancel()
            hang_up.cancel()
            await asyncio.gather(export, hang_up, return_exceptions=True)

    @contextmanager
    def _counted(self, org_id: int) -> Generator[None]:
        if self._under_way[org_id] >= EXPORTS_PER_ORG_MAX:
            detail = f"your org has {EXPORTS_PER_ORG_MAX} exports under way: wait for one to end"
            raise Problem(status=429, detail=detail, headers=RETRY)
        if self._under_way.total() >= EXPORTS_MAX:
            detail = f"{EXPORTS_MAX} exports are under way: wait for one to end"
            raise Problem(status=503, detail=detail, headers=RETRY)
        self._under_way[org_id] += 1
        try:
            yield
        finally:
            self._under_way[org_id] -= 1

    async def _export(
        self, request: ExportRequest, send: Send
    ) -> "FrameworkResponse | _LastLines | None":
        assert self.pool is not None, "requests come after the start-up"
        async with open_snapshot(self.pool, request.identity) as connection:
            scope = _page_scope(request, connection, request.target.query)
            first = await self._read_page(scope)
            if first.status != HTTPStatus.OK:
                return first
            table = CsvTable(_listing_of(scope, first.body))
            lines = await asyncio.to_thread(table.add_page, first.body)
            self._telemetry.answers[scope["route"].path, HTTPStatus.OK] += 1
            self._telemetry.computed += 1
            client = _Client(send, packs=_packs(request.scope))
            await client.begin([*_heads(request, table), *self._headers])
            if request.scope["method"] == "HEAD":
                return _LastLines(client=client, lines="")
            try:
                async with asyncio.timeout(EXPORT_SECONDS_MAX):
                    await client.write(lines)
                    await self._send_pages(request, connection, table=table, client=client)
            except (HypertallyError, Problem, TimeoutError) as error:
                log.warning("an export ended early", path=request.target.path, reason=str(error))
                return None
        return _LastLines(client=client, lines=table.finish())

    async def _send_pages(
        self, request: ExportRequest, connection: Connection, *, table: CsvTable, client: "_Client"
    ) -> None:
        """Send the pages after the first; none where the caller gave a limit."""
        while table.after is not None and "limit" not in request.query:
            await self._check_still_admitted(request)
            query = request.query_after(table.after, limit=table.page_rows)
            page = await self._read_page(_page_scope(request, connection, query))
            if page.status != HTTPStatus.OK:
                raise Problem(status=page.status, detail=page.body.decode())
            await client.write(await asyncio.to_thread(table.add_page, page.body))

    async def _check_still_admitted(self, request: ExportRequest) -> None:
        """Refuse to read on for a token that ended, or a user whose org or role has changed."""
        before, now = request.identity, await self._authenticator.identify(request.token)
        if (before.org_id, before.role) != (now.org_id, now.role):
            raise Problem(status=403, detail="the user's org or role has changed")

    async def _read_page(self, scope: Scope) -> FrameworkResponse:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            page = await run_framework(self._app, scope)
            if page.status == HTTPStatus.OK:
                page.body = await self._names.add_within(
                    scope["hypertally.connection"], page.body, scope["hypertally.identity"]
                )
            return page


class _Client:
    """The way to a client: every part must be taken in time."""

    def __init__(self, send: Send, *, packs: bool) -> None:
        self._send = send
        self._packer = zlib.compressobj(COMPRESSION_LEVEL, wbits=GZIP_BITS) if packs else None

    async def begin(self, headers: Headers) -> None:
        """Send the head."""
        coding = [(b"content-encoding", b"gzip")] if self._packer else []
        start = {"type": "http.response.start", "status": 200, "headers": [*headers, *coding]}
        await self._send(start)

    async def write(self, lines: str) -> None:
        """Send lines."""
        chunk = lines.encode()
        if self._packer:
            chunk = await asyncio.to_thread(self._packer.compress, chunk)
        await self._send_body(chunk, more=True)

    async def end(self, lines: str) -> None:
        """Send the last lines, and the end of the body."""
        chunk = lines.encode()
        if self._packer:
            chunk = self._packer.compress(chunk) + self._packer.flush()
        await self._send_body(chunk, more=False)

    async def _send_body(self, chunk: bytes, *, more: bool) -> None:
        async with asyncio.timeout(EXPORT_SEND_SECONDS_MAX):
            await self._send({"type": "http.response.body", "body": chunk, "more_body": more})


@dataclass(frozen=True, slots=True, kw_only=True)
class _LastLines:
    """What is still to be sent when the database is needed no more."""

    client: _Client
    lines: str


def _page_scope(request: ExportRequest, connection: Connection, query: bytes) -> Scope:
    own = {"hypertally.identity": request.identity, "hypertally.connection": connection}
    return scope_for(request.scope, request.target, **{**own, "query_string": query})


def _listing_of(scope: Scope, body: bytes) -> Listing:
    listing = find_listing(scope["route"].responses)
    if listing is None or not listing.is_of(body):
        detail = f"{scope['path']} is no list, so there is no CSV of it: accept application/json"
        raise Problem(status=406, detail=detail)
    return listing.with_open_fields(scope.get(OPEN_FIELDS))


def _heads(request: ExportRequest, table: CsvTable) -> Headers:
    parts = request.target.path.removeprefix("/api/v1/").split("/")
    name = "-".join(_NOT_OF_A_NAME.sub("_", part) for part in parts)
    headers: Headers = [
        (b"content-type", CONTENT_TYPE),
        (b"content-disposition", f'attachment; filename="{name}.csv"'.encode()),
        (b"cache-control", b"private, no-store"),
        VARY,
    ]
    limit = request.query.get("limit")
    if limit is not None and table.after is not None:
        path = request.target.raw_path.decode()
        query = request.query_after(table.after, limit=limit).decode()
        headers.append((b"link", f'<{path}?{query}>; rel="next"'.encode()))
    return headers


def _packs(scope: Scope) -> bool:
    accepted = dict(scope["headers"]).get(b"accept-encoding")
    return accepted is not None and accepts_gzip(accepted)


async def _wait_for_hang_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
