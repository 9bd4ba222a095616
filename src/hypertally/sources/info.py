"""The exchange's info endpoint: POST /info, paid from the shared allowance."""

import asyncio
import hashlib
from decimal import Decimal
from typing import Any, Self

import httpx2
import msgspec
import stamina

from hypertally.clock import Clock
from hypertally.errors import RateLimited, SourceDown, SourcePaused
from hypertally.records import Answer
from hypertally.sources.pause import Entry, Outcomes, Pause, Unpaused
from hypertally.sources.weights import Budget, weight, weight_max

BODY_BYTES_MAX = 32 * 1024 * 1024  # the largest answer of this door, allPerpMetas, is under 2 MB
ANSWER_SECONDS_MAX = 30  # the exchange answers in well under one second
CONCURRENCY_MAX = 8  # more only queue at the allowance
TRIES_MAX = 4  # then the job goes back into the queue and waits there
# What stands before the exchange says: it is not there. 500 is its own answer to some requests.
UNREACHABLE = frozenset(
    {
        httpx2.codes.BAD_GATEWAY,
        httpx2.codes.SERVICE_UNAVAILABLE,
        httpx2.codes.GATEWAY_TIMEOUT,
    }
)
# Numbers that are not strings must not pass through a float.
_decoder = msgspec.json.Decoder(float_hook=Decimal)


class InfoClient:
    """One address of the info endpoint; bounded concurrency, every request paid for."""

    def __init__(
        self,
        url: str,
        *,
        budget: Budget,
        clock: Clock,
        concurrency: int = CONCURRENCY_MAX,
        tries: int = TRIES_MAX,
        answer_seconds_max: float = ANSWER_SECONDS_MAX,
        pause: Pause | None = None,
    ) -> None:
        self.pause = pause or Unpaused()
        self._outcomes = Outcomes()
        self._url = url
        self._budget = budget
        self._clock = clock
        self._tries = tries
        self._slots = asyncio.Semaphore(concurrency)
        self._http = httpx2.AsyncClient(
            timeout=answer_seconds_max,
            limits=httpx2.Limits(max_connections=concurrency),
            trust_env=True,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def fetch(self, request_type: str, /, **parameters: Any) -> Answer:
        """The answer to one request, tried again while the exchange does not answer well.

        Errors: `RateLimited` at once for 429; `SourceDown` when the tries are used up;
        `SourcePaused` when the exchange is down.
        """
        return await self.fetch_paid_by(self._budget, request_type, **parameters)

    async def weight_free(self) -> int:
        """The weight that may be spent now."""
        return await self._budget.read_free()

    async def fetch_paid_by(
        self, budget: Budget, request_type: str, /, **parameters: Any
    ) -> Answer:
        """The same, paid from another allowance than the client's."""
        entry = await self.pause.enter()
        if entry is Entry.CLOSED:
            raise SourcePaused(f"{self._url} is down: nothing is asked until a probe is answered")
        request = {"type": request_type, **parameters}
        answers_before = self._outcomes.answers
        try:
            answer = await self._fetch(
                budget, request, tries=self._tries if entry is Entry.OPEN else 1
            )
        except SourceDown as problem:
            is_down = self._outcomes.is_down(
                request_type,
                repr(request),
                unreachable=problem.unreachable,
                answers_before=answers_before,
            )
            if is_down or entry is Entry.PROBE:
                await self.pause.begin(str(problem))
                raise SourcePaused(str(problem)) from problem
            raise
        self._outcomes.note_answer(request_type)
        if entry is Entry.PROBE:
            await self.pause.end()
        return answer

    async def _fetch(self, budget: Budget, request: dict[str, Any], *, tries: int) -> Answer:
        async for attempt in stamina.retry_context(
            on=SourceDown,
            attempts=tries,
            timeout=None,
            wait_initial=0.25,
            wait_max=5.0,
            wait_jitter=0.5,
        ):
            with attempt:
                return await self._fetch_once(budget, request)
        raise SourceDown  # retry_context always returns or raises

    async def _fetch_once(self, budget: Budget, request: dict[str, Any]) -> Answer:
        kind: str = request["type"]
        async with self._slots:
            reservation = await budget.reserve(weight_max(kind))
            asked_at = self._clock()
            # A failed request keeps its reservation: it may have been charged in full.
            body = await self._post(request)
            decoded = _decode(body, kind)
            cost = weight(kind, len(decoded) if isinstance(decoded, list) else 0)
            await budget.settle(reservation, cost)
        return Answer(
            request=request,
            source=f"info.{kind}",
            body=decoded,
            body_sha256=hashlib.sha256(body).digest(),
            asked_at=asked_at,
            weight=cost,
        )

    async def _post(self, request: dict[str, Any]) -> bytes:
        body = bytearray()
        try:
            async with self._http.stream("POST", self._url, json=request) as response:
                _check_status(response.status_code, request["type"])
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > BODY_BYTES_MAX:
                        raise SourceDown(f"an answer over {BODY_BYTES_MAX} bytes was cut off")
        except httpx2.HTTPError as error:
            raise SourceDown(f"{self._url} did not answer: {error!r}", unreachable=True) from error
        return bytes(body)


def _check_status(status: int, kind: str) -> None:
    if status == httpx2.codes.TOO_MANY_REQUESTS:
        raise RateLimited(f"the exchange refused {kind} with 429: the allowance is used up")
    if status != httpx2.codes.OK:
        raise SourceDown(
            f"the exchange answered {kind} with HTTP {status}", unreachable=status in UNREACHABLE
        )


def _decode(body: bytes, kind: str) -> Any:
    try:
        decoded = _decoder.decode(body)
    # ValueError: not UTF-8, absurd numbers; RecursionError: nested too deep.
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        # A web page is of what stands before the exchange.
        is_page = body.lstrip().startswith(b"<")
        raise SourceDown(
            f"the answer to {kind} is not whole JSON: {error}", unreachable=is_page
        ) from error
    if decoded is None:
        raise SourceDown(f"the answer to {kind} is null")
    return decoded
