"""Answers: their JSON, how long they may be kept, and their description."""

from typing import Any

import msgspec
from fastapi import Response
from pydantic import BaseModel

from hypertally.api.http.problems import Problem


def of_shape(shape: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """Describe the answer of a route; the answer itself is not checked against the shape."""
    return {200: {"model": shape, "description": (shape.__doc__ or "").strip()}}


def encode(content: object) -> bytes:
    """Return the bytes of an answer."""
    return msgspec.json.encode(content)


def answer(content: object, *, max_age: int) -> Response:
    """Return `content` as JSON that may be kept for `max_age` seconds; 0: not at all."""
    lifetime = f"private, max-age={max_age}" if max_age else "private, no-cache, max-age=0"
    headers = {"Cache-Control": lifetime}
    return Response(encode(content), headers=headers, media_type="application/json")


def not_found(detail: str) -> Problem:
    """Return the problem of something that does not exist, or not for this caller."""
    return Problem(status=404, detail=detail)
