"""The sandbox as a web application: POST /info as the real exchange, /sandbox/... for control."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from time import time
from typing import final

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from hypertally.sandbox.exchange.faults import FaultInjector, Faults, decode_faults
from hypertally.sandbox.exchange.leaderboard import Leaderboard, body_chunks
from hypertally.sandbox.exchange.limits import WEIGHT_LIMIT, WINDOW_SECONDS, WeightWindow
from hypertally.sandbox.exchange.protocol import Exchange, HttpAnswer
from hypertally.sandbox.exchange.queries import decode_rows_query, query_type, weight_of
from hypertally.sandbox.exchange.wallet_lists import SlicesInFills, WalletLists
from hypertally.sandbox.population.population import DEFAULT_SEED
from hypertally.sandbox.population.prices import CANDLES_MAX
from hypertally.sandbox.population.wallet_history import HORIZON_ROWS, PAGE_ROWS_MAX, SortOrder

IDENTITY = f"sandbox:{DEFAULT_SEED}"
LEADERBOARD = "leaderboard"  # its name in counters and faults
TOO_MANY = HttpAnswer(
    status=429, body=b"Too Many Requests", content_type="text/plain; charset=utf-8"
)
_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """The limits and faults a server starts with; the defaults are the exchange's own."""

    identity: str = IDENTITY
    weight_limit: int = WEIGHT_LIMIT
    window_seconds: float = WINDOW_SECONDS
    page_rows_max: int = PAGE_ROWS_MAX
    horizon_rows: int = HORIZON_ROWS
    fills_by_time_order: str = SortOrder.OLDEST
    twap_slices_in_fills: str = SlicesInFills.WITH_ID
    candles_max: int = CANDLES_MAX  # newest candles per interval, of a population
    leaderboard_rows: int = 0  # filler rows, beside those of the exchange's wallets
    manual_clock: bool = False
    faults: Faults = field(default_factory=Faults)
    fault_seed: int = 1


@final
class Clock:
    """The exchange's time: the real time, or a manual time that requests move."""

    def __init__(self, *, manual_from_ms: int | None) -> None:
        self._manual_ms = manual_from_ms

    @property
    def manual(self) -> bool:
        """Whether requests move the clock."""
        return self._manual_ms is not None

    def now_ms(self) -> int:
        """Return the time in milliseconds."""
        return int(time() * 1000) if self._manual_ms is None else self._manual_ms

    def move(self, ms: int) -> None:
        """Move a manual clock forward."""
        assert self._manual_ms is not None
        self._manual_ms += ms


class _ClockChange(msgspec.Struct):
    ms: int


@final
class Sandbox:
    """One exchange with its clock, rate limit, faults and counters."""

    def __init__(self, exchange: Exchange, options: ServerOptions) -> None:
        self.exchange = exchange
        self.identity = options.identity
        self.clock = Clock(manual_from_ms=exchange.start_clock_ms if options.manual_clock else None)
        self.weights = WeightWindow(limit=options.weight_limit, window_s=options.window_seconds)
        self.faults = FaultInjector(seed=options.fault_seed, faults=options.faults)
        self.wallet_lists = WalletLists(
            page_rows_max=options.page_rows_max,
            horizon_rows=options.horizon_rows,
            by_time_order=SortOrder(options.fills_by_time_order),
            slices_in_fills=SlicesInFills(options.twap_slices_in_fills),
        )
        self.leaderboard_rows = Leaderboard(seed=options.fault_seed, rows=options.leaderboard_rows)
        self.requests: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.too_many = 0

    def app(self) -> Starlette:
        """Build the ASGI application."""
        return Starlette(
            routes=[
                Route("/info", self.info, methods=["POST"]),
                Route("/leaderboard", self.leaderboard),
                Route("/Mainnet/leaderboard", self.leaderboard),
                Route("/sandbox/identity", self.tell_identity),
                Route("/sandbox/stats", self.stats),
                Route("/sandbox/wallets", self.wallets),
                Route("/sandbox/faults", self.list_faults, methods=["GET"]),
                Route("/sandbox/faults", self.change_faults, methods=["POST"]),
                Route("/sandbox/faults", self.clear_faults, methods=["DELETE"]),
                Route("/sandbox/advance", self.advance, methods=["POST"]),
            ]
        )

    async def info(self, request: Request) -> Response:
        """Answer as the real exchange, or with a fault."""
        body = await request.body()
        type_name = query_type(body)
        self.requests[type_name] += 1
        if slow := self.faults.trigger("slow", type_name):
            await asyncio.sleep(slow.delay_ms / 1000)
        answer = self.faults.refusal(type_name) or self._limited(body, type_name)
        self.statuses[str(answer.status)] += 1
        body = self.faults.truncate(answer.body, type_name) if answer.status == _OK else answer.body
        response = _DroppedResponse if self.faults.trigger("dropped", type_name) else Response
        return response(body, answer.status, media_type=answer.content_type)

    async def leaderboard(self, _: Request) -> Response:
        """Answer the leaderboard, which has its own host: no weight, no limit."""
        self.requests[LEADERBOARD] += 1
        if slow := self.faults.trigger("slow", LEADERBOARD):
            await asyncio.sleep(slow.delay_ms / 1000)
        if refusal := self.faults.refusal(LEADERBOARD):
            self.statuses[str(refusal.status)] += 1
            return Response(refusal.body, refusal.status, media_type=refusal.content_type)
        self.statuses[str(_OK)] += 1
        rows = await self._leaderboard_rows()
        if self.faults.trigger("dropped", LEADERBOARD):
            return _DroppedResponse(b"".join(body_chunks(rows)), media_type="application/json")
        truncated = self.faults.trigger("truncated", LEADERBOARD) is not None
        return StreamingResponse(
            _stream(body_chunks(rows, truncated=truncated)), media_type="application/json"
        )

    async def _leaderboard_rows(self) -> list[bytes]:
        if self.faults.trigger("empty", LEADERBOARD):
            return []
        _ = await asyncio.to_thread(self.leaderboard_rows.prepare)  # many rows take seconds
        now_ms = self.clock.now_ms()
        self.exchange.advance(now_ms)
        invalid = self.faults.trigger("invalid_rows", LEADERBOARD)
        share = invalid.share if invalid else 0
        return self.leaderboard_rows.bodies(self.exchange.leaderboard(now_ms), invalid=share)

    def _limited(self, body: bytes, type_name: str) -> HttpAnswer:
        answer = self._answer(body)
        if self.weights.admit(weight_of(type_name, answer.rows)):
            return answer
        self.too_many += 1
        return TOO_MANY

    def _answer(self, body: bytes) -> HttpAnswer:
        now_ms = self.clock.now_ms()
        self.exchange.advance(now_ms)
        query = decode_rows_query(body)
        if query is None:
            return self.exchange.answer(body, now_ms=now_ms)
        rows = self.wallet_lists.answer(self.exchange, query, faults=self.faults, now_ms=now_ms)
        return HttpAnswer(body=b"[" + b",".join(rows) + b"]", rows=len(rows))

    async def tell_identity(self, _: Request) -> Response:
        """Return the name by which books of this exchange are told from others."""
        return _json({"exchange": self.identity})

    async def stats(self, _: Request) -> Response:
        """Return the counters."""
        return _json(
            {
                "now_ms": self.clock.now_ms(),
                "requests": self.requests,
                "statuses": self.statuses,
                "too_many_requests": self.too_many,
                "weight": {
                    "limit": self.weights.limit,
                    "window_seconds": self.weights.window_s,
                    "used_in_window": self.weights.used(),
                    "peak_in_window": self.weights.peak,
                    "total": self.weights.total,
                },
                "faults": self.faults.counts,
            }
        )

    async def wallets(self, _: Request) -> Response:
        """List the wallets with their numbers of fills."""
        self.exchange.advance(self.clock.now_ms())
        return _json(self.exchange.wallets())

    async def list_faults(self, _: Request) -> Response:
        """Return the faults that are on and how often each happened."""
        return _json({"active": self.faults.active(), "counts": self.faults.counts})

    async def change_faults(self, request: Request) -> Response:
        """Switch the named faults on (an object) or off (null)."""
        try:
            change = decode_faults(await request.body())
        except msgspec.DecodeError as error:
            return _json({"error": str(error)}, status=422)
        self.faults.change(change)
        return await self.list_faults(request)

    async def clear_faults(self, request: Request) -> Response:
        """Switch every fault off."""
        self.faults.clear()
        return await self.list_faults(request)

    async def advance(self, request: Request) -> Response:
        """Move a manual clock forward by `ms`."""
        if not self.clock.manual:
            return _json({"error": "the clock is the real one: start with --manual-clock"}, 409)
        try:
            ms = msgspec.json.decode(await request.body(), type=_ClockChange).ms
        except msgspec.DecodeError as error:
            return _json({"error": str(error)}, status=422)
        if ms < 0:
            return _json({"error": f"ms is {ms}: the clock only moves forward"}, status=422)
        self.clock.move(ms)
        self.exchange.advance(self.clock.now_ms())
        return _json({"now_ms": self.clock.now_ms()})


async def _stream(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


@final
class _DroppedResponse(Response):
    """An answer of which half is sent; the server then closes the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # pyright: ignore[reportImplicitOverride]  # typing.override came with 3.12
        del scope, receive
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})


def _json(content: object, status: int = _OK) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")
