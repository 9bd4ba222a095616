"""Errors as the caller reads them: application/problem+json, without internals."""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, cast

import msgspec
import structlog
from cachetools import TTLCache
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from hypertally.api.http.limits import LOG_PAUSE_SECONDS, PLACES_KEPT_MAX
from hypertally.errors import TryLater

MEDIA_TYPE: Final = "application/problem+json"
RETRY_SECONDS: Final = 5  # a database that restarts is back by then
SHOWN_CHARACTERS_MAX: Final = 100  # of a refused value; enough to recognise it

# Errors by type and place: a fault that every request meets must not fill the disk.
logged_lately = TTLCache[tuple[object, ...], bool](PLACES_KEPT_MAX, ttl=LOG_PAUSE_SECONDS)

log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Problem(Exception):
    """An answer other than the one asked for; `detail` names the value and the remedy."""

    status: int
    detail: str
    name: str | None = None  # the parameter at fault
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def body(self) -> bytes:
        """Return the problem as JSON."""
        content: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        return msgspec.json.encode(content | ({"field": self.name} if self.name else {}))

    def response(self) -> Response:
        """Return the problem as an answer that no cache keeps."""
        headers = {"Cache-Control": "no-store", **self.headers}
        return Response(self.body(), self.status, headers, media_type=MEDIA_TYPE)


def unavailable(detail: str) -> Problem:
    """Return the problem of something we depend on being away for now."""
    return Problem(status=503, detail=detail, headers={"Retry-After": str(RETRY_SECONDS)})


def bad_parameter(name: str, *, value: object, remedy: str) -> Problem:
    """Return the problem of a parameter that cannot be used as it is."""
    shown = repr(value)[:SHOWN_CHARACTERS_MAX]
    return Problem(status=400, detail=f"{name} is {shown}: {remedy}", name=name)


def from_error(error: Exception) -> Problem:
    """Turn any error into what the caller may know of it; the rest goes to the log."""
    match error:
        case Problem():
            return error
        case TryLater() | TimeoutError():
            if _is_new(error):
                log.warning("answer_not_ready", error=str(error))
            return unavailable(f"the database is not ready; ask again in {RETRY_SECONDS} seconds")
        case HTTPException():
            return _from_http(error)
        case _:
            if _is_new(error):
                # As text: a renderer that shows local variables would print the caller's token.
                log.error("answer_failed", traceback="".join(traceback.format_exception(error)))
            return Problem(status=500, detail="the answer failed; the server's log says why")


def _is_new(error: Exception) -> bool:
    """Whether no such error was logged in the last minute; /metrics counts each answer."""
    frames = traceback.extract_tb(error.__traceback__)[-1:]
    place = (type(error), *((frame.filename, frame.lineno) for frame in frames))
    if place in logged_lately:
        return False
    logged_lately[place] = True
    return True


def _from_http(error: HTTPException) -> Problem:
    details = {
        404: "there is no such path: see /docs",
        405: "use GET or HEAD: nothing is written",
    }
    detail = details.get(error.status_code, str(error.detail))
    return Problem(status=error.status_code, detail=detail, headers=error.headers or {})


def _from_validation(error: RequestValidationError) -> Problem:
    first = cast("dict[str, Any]", error.errors()[0])
    name = str(first["loc"][-1])
    if first["type"] == "extra_forbidden":
        return bad_parameter(name, value=first["input"], remedy="no such parameter: see /docs")
    remedy = str(first["msg"]).removeprefix("Value error, ")
    return bad_parameter(name, value=first["input"], remedy=remedy)


def install(app: FastAPI) -> None:
    """Answer every error of `app` as a problem."""

    async def on_invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return _from_validation(error).response()

    async def on_error(_: Request, error: Exception) -> Response:
        return from_error(error).response()

    app.add_exception_handler(RequestValidationError, on_invalid)
    for kind in (Problem, HTTPException, TryLater, TimeoutError, Exception):
        app.add_exception_handler(kind, on_error)
