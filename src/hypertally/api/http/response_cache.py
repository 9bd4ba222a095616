"""The response cache: bytes, headers and validators are made once and sent many times."""

import gzip
import hashlib
import time
from collections.abc import Callable, MutableMapping
from typing import Any, Final, NamedTuple, TypeAlias

from cachetools import TLRUCache

from hypertally.api.http.limits import (
    CACHE_BYTES_MAX,
    CACHE_ENTRY_BYTES_MIN,
    COMPRESSED_BYTES_MIN,
)

Message: TypeAlias = MutableMapping[str, Any]  # ASGI's own
Headers: TypeAlias = list[tuple[bytes, bytes]]

COMPRESSION_LEVEL: Final = 5  # higher ones take longer and save next to nothing on such JSON
VARY: Final = (b"vary", b"Authorization, Cookie, Accept, Accept-Encoding")


class Variant:
    """One encoding of a response: as ASGI messages, and as bytes for the socket."""

    __slots__ = ("_age", "_fixed", "body", "changed", "etag", "unchanged")

    def __init__(self, body: bytes, *, etag: bytes, headers: Headers) -> None:
        self.body = body
        self.etag = etag
        self._fixed = [*headers, (b"etag", etag), VARY]
        self._age = -1
        self.changed = self.unchanged = Head(200, [])

    def set_age(self, age: int) -> None:
        """Make the heads of a body that is `age` seconds old: once a second, not once a request."""
        if age != self._age:
            headers = [*self._fixed, (b"age", b"%d" % age)]
            length = (b"content-length", b"%d" % len(self.body))
            self.changed = Head(200, [*headers, length])
            self.unchanged = Head(304, headers)
            self._age = age


class Head:
    """Status and headers of a response."""

    __slots__ = ("message", "status")

    def __init__(self, status: int, headers: Headers) -> None:
        self.status = status
        self.message: Message = {
            "type": "http.response.start",
            "status": status,
            "headers": headers,
        }


class ReadyResponse(NamedTuple):
    """A response that only has to be sent."""

    head: Head
    body: bytes


class CachedResponse:
    """A response with its encodings; the cache drops it `max_age` seconds after `made_at`."""

    __slots__ = (
        "_compressed",
        "_digest",
        "_headers",
        "_seconds",
        "made_at",
        "max_age",
        "plain",
        "route",
    )

    def __init__(
        self,
        body: bytes,
        *,
        headers: Headers,
        max_age: int,
        route: str,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._digest = hashlib.sha256(body).hexdigest()[:32].encode()
        self._headers = headers
        self.plain = Variant(body, etag=b'"%s"' % self._digest, headers=headers)
        self._compressed: Variant | None = None
        self.max_age = max_age
        self._seconds = seconds
        self.made_at = seconds()
        self.route = route

    def compress(self) -> Variant:
        """Return the compressed encoding; made when a request first accepts it."""
        if self._compressed is None:
            self._compressed = self._make_compressed()
        return self._compressed

    def _make_compressed(self) -> Variant:
        body = self.plain.body
        if len(body) < COMPRESSED_BYTES_MIN:
            return self.plain
        headers = [*self._headers, (b"content-encoding", b"gzip")]
        # mtime 0: the same answer has the same bytes, as a strong ETag promises.
        compressed = gzip.compress(body, compresslevel=COMPRESSION_LEVEL, mtime=0)
        return Variant(compressed, etag=b'"%s-gzip"' % self._digest, headers=headers)

    def for_request(self, headers: dict[bytes, bytes]) -> ReadyResponse:
        """Return the encoding that these request headers accept, or 304 if they name its ETag."""
        accepted = headers.get(b"accept-encoding")
        compressed = accepted is not None and accepts_gzip(accepted)
        variant = self.compress() if compressed else self.plain
        variant.set_age(int(self._seconds() - self.made_at))
        known_etags = headers.get(b"if-none-match")
        if known_etags is not None and matches(known_etags, variant.etag):
            return ReadyResponse(variant.unchanged, b"")
        return ReadyResponse(variant.changed, variant.body)

    def size(self) -> int:
        """Return the bytes that both encodings can take, at least the minimum of an entry."""
        return max(2 * len(self.plain.body), CACHE_ENTRY_BYTES_MIN)


Key: TypeAlias = tuple[int, int, str, bytes]  # org, its revision, role, and the target's key


class ResponseCache:
    """Responses by org, role, path and query; bounded by bytes and by age."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self.entries: TLRUCache[Key, CachedResponse] = TLRUCache(
            CACHE_BYTES_MAX,
            ttu=lambda _, entry, now: now + entry.max_age,
            timer=seconds,
            getsizeof=CachedResponse.size,
        )

    def keep(self, key: Key, response: CachedResponse) -> None:
        """Keep a response for its max-age, unless it is larger than the whole cache."""
        if response.max_age > 0 and response.size() <= CACHE_BYTES_MAX:
            self.entries[key] = response


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
