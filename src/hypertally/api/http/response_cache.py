"""Finished answers: bytes, headers and validators made once and sent many times."""

import gzip
import hashlib
import time
from collections.abc import MutableMapping
from typing import Any, Final, NamedTuple, TypeAlias

from cachetools import LRUCache, TLRUCache

from hypertally.api.http.limits import (
    COMPRESSED_BYTES_MIN,
    FINISHED_BYTES_MAX,
    FINISHED_ENTRY_BYTES_MIN,
    PATHS_KEPT_MAX,
)

Message: TypeAlias = MutableMapping[str, Any]  # ASGI's own
Headers: TypeAlias = list[tuple[bytes, bytes]]

COMPRESSION_LEVEL: Final = 5  # higher ones take longer and save next to nothing on such JSON
ADDRESS_REST: Final = 41  # x and forty digits, after the 0
VARY: Final = (b"vary", b"Authorization, Cookie, Accept-Encoding")


class Variant:
    """One encoding of an answer: as messages for any server, and as bytes for the wire."""

    __slots__ = ("_age", "_fixed", "body", "changed", "etag", "unchanged")

    def __init__(self, body: bytes, *, etag: bytes, headers: Headers) -> None:
        self.body = body
        self.etag = etag
        self._fixed = [*headers, (b"etag", etag), VARY]
        self._age = -1
        self.changed = self.unchanged = Head(200, [])

    def grow(self, age: int) -> None:
        """Make the heads of a body that is `age` seconds old: once a second, not once a request."""
        if age != self._age:
            headers = [*self._fixed, (b"age", b"%d" % age)]
            length = (b"content-length", b"%d" % len(self.body))
            self.changed = Head(200, [*headers, length])
            self.unchanged = Head(304, headers)
            self._age = age


class Head:
    """The beginning of an answer."""

    __slots__ = ("message", "status", "wire")

    def __init__(self, status: int, headers: Headers) -> None:
        self.status = status
        self.message: Message = {
            "type": "http.response.start",
            "status": status,
            "headers": headers,
        }
        # All but the status line and the server's own headers.
        self.wire = b"".join(b"%s: %s\r\n" % header for header in headers) + b"\r\n"


class Ready(NamedTuple):
    """An answer that needs no more work than sending it."""

    head: Head
    body: bytes


class Finished:
    """An answer with its encodings; `max_age` seconds from `made_at` it is forgotten."""

    __slots__ = ("_compressed", "_digest", "_headers", "made_at", "max_age", "plain", "route")

    def __init__(self, body: bytes, *, headers: Headers, max_age: int, route: str) -> None:
        self._digest = hashlib.sha256(body).hexdigest()[:32].encode()
        self._headers = headers
        self.plain = Variant(body, etag=b'"%s"' % self._digest, headers=headers)
        self._compressed: Variant | None = None
        self.max_age = max_age
        self.made_at = time.monotonic()
        self.route = route

    def compress(self) -> Variant:
        """Return the compressed encoding; made for the first who asks for it."""
        if self._compressed is None:
            self._compressed = self._squeeze()
        return self._compressed

    def _squeeze(self) -> Variant:
        body = self.plain.body
        if len(body) < COMPRESSED_BYTES_MIN:
            return self.plain
        headers = [*self._headers, (b"content-encoding", b"gzip")]
        # mtime 0: the same answer has the same bytes, as a strong ETag promises.
        squeezed = gzip.compress(body, compresslevel=COMPRESSION_LEVEL, mtime=0)
        return Variant(squeezed, etag=b'"%s-gzip"' % self._digest, headers=headers)

    def ready(self, headers: dict[bytes, bytes]) -> Ready:
        """Choose what a request with these headers gets: which encoding, or that it has it."""
        accepted = headers.get(b"accept-encoding")
        squeezed = accepted is not None and accepts_gzip(accepted)
        variant = self.compress() if squeezed else self.plain
        variant.grow(int(time.monotonic() - self.made_at))
        known = headers.get(b"if-none-match")
        if known is not None and matches(known, variant.etag):
            return Ready(variant.unchanged, b"")
        return Ready(variant.changed, variant.body)

    def size(self) -> int:
        """Return the bytes this may come to hold, never below the floor for tiny ones."""
        return max(2 * len(self.plain.body), FINISHED_ENTRY_BYTES_MIN)


Key: TypeAlias = tuple[int, str, bytes]  # org, role, normal form of path and query


class FinishedAnswers:
    """Finished answers by who may see them and what was asked; bounded by bytes and by age."""

    def __init__(self) -> None:
        self.entries: TLRUCache[Key, Finished] = TLRUCache(
            FINISHED_BYTES_MAX,
            ttu=lambda _, entry, now: now + entry.max_age,
            timer=time.monotonic,
            getsizeof=Finished.size,
        )
        self.normal_forms: LRUCache[tuple[bytes, bytes], bytes] = LRUCache(PATHS_KEPT_MAX)

    def keep(self, key: Key, finished: Finished) -> None:
        """Keep an answer until its age is over; one larger than all the room is not kept."""
        if finished.max_age > 0 and finished.size() <= FINISHED_BYTES_MAX:
            self.entries[key] = finished

    def normal_form(self, path: bytes, query: bytes) -> bytes:
        """Return one spelling for all requests that ask for the same thing."""
        normal = self.normal_forms.get((path, query))
        if normal is None:
            # Sorted by name alone: of a parameter given twice the later one counts, and still does.
            parameters = sorted(filter(None, query.split(b"&")), key=_name_of)
            head, slash, rest = path.partition(b"/0")
            address = rest[:ADDRESS_REST].lower() + rest[ADDRESS_REST:]
            normal = head + slash + address + b"?" + b"&".join(parameters)
            self.normal_forms[path, query] = normal
        return normal


def _name_of(parameter: bytes) -> bytes:
    return parameter.partition(b"=")[0]


def matches(if_none_match: bytes, etag: bytes) -> bool:
    """Tell whether the caller already has the bytes `etag` names (RFC 9110, 13.1.2)."""
    if if_none_match == etag:
        return True
    named = (tag.strip().removeprefix(b"W/") for tag in if_none_match.split(b","))
    return any(tag in (etag, b"*") for tag in named)


def accepts_gzip(accept_encoding: bytes) -> bool:
    """Tell whether gzip is acceptable: named, and not refused by a quality of zero."""
    for offer in accept_encoding.lower().split(b","):
        coding, _, quality = offer.partition(b";")
        if coding.strip() in (b"gzip", b"*"):
            return quality.replace(b" ", b"").strip() not in (
                b"q=0",
                b"q=0.0",
                b"q=0.00",
                b"q=0.000",
            )
    return False
