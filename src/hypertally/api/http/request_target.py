"""What a request asks for, in one spelling: the guard, the cache and the framework see the same."""

import posixpath
import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlencode

from hypertally.api.http.limits import PATH_BYTES_MAX, QUERY_BYTES_MAX
from hypertally.api.http.problems import Problem, bad_parameter

GUARDED: Final = "/api/"  # paths that need an identity
ADDRESS: Final = re.compile(r"0[xX][0-9a-fA-F]{40}")  # accepted in any case
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class Target(NamedTuple):
    """The path and the query of a request: every spelling of them gives the same."""

    path: str  # decoded, without dot segments, addresses in lower case
    raw_path: bytes  # encoded: a slash inside a name is `%2F`
    query: bytes  # sorted by name
    is_guarded: bool
    key: bytes  # of path and query


def read_target(raw_path: bytes, raw_query: bytes) -> Target:
    """Return the one spelling of a path and a query.

    Errors: `Problem` 414 for what is too long; 400 for what is not UTF-8, holds a control character
    in its path, or names a parameter twice.
    """
    segments = _segments(raw_path)
    spelled = "/".join(segments)
    path = posixpath.normpath("/" + spelled.lstrip("/")) + ("/" if spelled.endswith("/") else "")
    path = path.replace("//", "/")  # the root is the only folder that ends with one already
    query = urlencode(sorted(_parameters(raw_query).items())).encode()
    encoded = "/".join(quote(segment, safe="") for segment in segments).encode()
    key = b"%s?%s" % (encoded, query)
    return Target(path, encoded, query, path.startswith(GUARDED), key)


def _segments(raw_path: bytes) -> list[str]:
    """The names between the slashes, without detours; a slash inside a name is part of it."""
    if len(raw_path) > PATH_BYTES_MAX:
        raise Problem(status=414, detail=f"the path is longer than {PATH_BYTES_MAX} bytes")
    with _as_utf8("path", raw_path):
        names = [unquote_to_bytes(name).decode() for name in raw_path.split(b"/")]
    segments: list[str] = []
    for name in filter(None, names):
        if CONTROL.search(name):
            detail = f"the path has {name!r}, which holds a control character: leave it out"
            raise Problem(status=400, detail=detail)
        if name == "..":
            del segments[-1:]
        elif name != ".":
            segments.append(name.lower() if ADDRESS.fullmatch(name) else name)
    return ["", *segments, *([""] if names[-1] in {"", ".", ".."} or not segments else [])]


def _parameters(raw_query: bytes) -> dict[str, str]:
    if len(raw_query) > QUERY_BYTES_MAX:
        raise Problem(status=414, detail=f"the query is longer than {QUERY_BYTES_MAX} bytes")
    parameters: dict[str, str] = {}
    with _as_utf8("query", raw_query):
        for name, value in parse_qsl(raw_query.decode(), keep_blank_values=True, errors="strict"):
            if name in parameters:
                raise bad_parameter(name, value="given twice", remedy="give each parameter once")
            parameters[name] = value
    return parameters


@contextmanager
def _as_utf8(part: str, content: bytes) -> Generator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        detail = f"the {part} {content[:100]!r} is not UTF-8: encode it so"
        raise Problem(status=400, detail=detail) from error
