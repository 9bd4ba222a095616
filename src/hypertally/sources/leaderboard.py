"""The exchange's leaderboard: one large object, read row by row as it comes."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol, TypeVar

import httpx2
import ijson
import stamina

from hypertally.clock import Clock
from hypertally.errors import RateLimited, SourceDown
from hypertally.records import Answer

SOURCE = "leaderboard"
ROWS = "leaderboardRows.item"
BODY_BYTES_MAX = 512 * 1024 * 1024  # 34 MB in 2026
ROWS_MAX = 2_000_000  # 45,000 in 2026
# 750 bytes in 2026. Of brackets in brackets, memory grows with the square of it.
ROW_BYTES_MAX = 8 * 1024
PIECE_BYTES = 2 * 1024  # how soon a row that is too long is noticed
SILENCE_SECONDS_MAX = 30
ANSWER_SECONDS_MAX = 180  # 34 MB over a slow line
TRIES_MAX = 3  # each is 34 MB


class Reader(Protocol):
    """Takes the rows of one answer as they come; there is one for each try."""

    def take(self, row: Any) -> None:
        """Look at one row, whatever it is."""
        ...


R = TypeVar("R", bound=Reader)


async def fetch(url: str, start: Callable[[], R], *, clock: Clock) -> tuple[Answer, R]:
    """Read one answer to its end with a new reader; the answer's body is how many rows it had.

    Errors: `RateLimited` at once for 429; `SourceDown` when the tries are used up, also for an
    answer that is cut off, is no JSON, or holds no row.
    """
    async for attempt in stamina.retry_context(
        on=SourceDown, attempts=TRIES_MAX, timeout=None, wait_initial=1.0, wait_max=10.0
    ):
        with attempt:
            return await _fetch_once(url, start(), clock())
    raise SourceDown  # retry_context always returns or raises


async def _fetch_once(url: str, reader: R, asked_at: datetime) -> tuple[Answer, R]:
    digest = hashlib.sha256()
    rows = _Rows(reader)
    with _translated(url):
        async with (
            asyncio.timeout(ANSWER_SECONDS_MAX),
            httpx2.AsyncClient(timeout=SILENCE_SECONDS_MAX, trust_env=True) as http,
            http.stream("GET", url) as response,
        ):
            _check_status(response.status_code, url)
            async for chunk in response.aiter_bytes():
                digest.update(chunk)
                rows.feed(chunk)
            rows.close()
    answer = Answer(
        request={"url": url},
        source=SOURCE,
        body=rows.count,
        body_sha256=digest.digest(),
        asked_at=asked_at,
        weight=0,
    )
    return answer, reader


class _Rows:
    """Hands on each row as soon as it is whole; holds a row or two."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._ready = ijson.sendable_list()
        # A number that is no string is an amount of nothing here. As decimals, those of thousands
        # of digits would end the process.
        self._parser = ijson.items_coro(self._ready, ROWS, use_float=True)
        self._bytes = 0
        self._bytes_since_row = 0
        self.count = 0

    def feed(self, chunk: bytes) -> None:
        self._bytes += len(chunk)
        _limit(self._bytes, BODY_BYTES_MAX, "bytes")
        for start in range(0, len(chunk), PIECE_BYTES):
            piece = chunk[start : start + PIECE_BYTES]
            self._parser.send(piece)
            self._bytes_since_row = 0 if self._ready else self._bytes_since_row + len(piece)
            _limit(self._bytes_since_row, ROW_BYTES_MAX, "bytes in one row")
            self._hand_on()

    def close(self) -> None:
        self._parser.close()
        self._hand_on()
        if not self.count:
            raise SourceDown(f"the leaderboard holds no row at {ROWS}")

    def _hand_on(self) -> None:
        for row in self._ready:
            self._reader.take(row)
        self.count += len(self._ready)
        _limit(self.count, ROWS_MAX, "rows")
        self._ready.clear()


def _limit(found: int, allowed: int, what: str) -> None:
    if found > allowed:
        raise SourceDown(f"a leaderboard of over {allowed} {what} was not read on")


def _check_status(status: int, url: str) -> None:
    if status == httpx2.codes.TOO_MANY_REQUESTS:
        raise RateLimited(f"{url} answered 429: it was asked too often")
    if status != httpx2.codes.OK:
        raise SourceDown(f"{url} answered HTTP {status}")


@contextmanager
def _translated(url: str) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise SourceDown(f"{url} took over {ANSWER_SECONDS_MAX} seconds") from error
    except httpx2.HTTPError as error:
        raise SourceDown(f"{url} did not answer: {error!r}") from error
    except (ijson.JSONError, UnicodeDecodeError) as error:
        raise SourceDown(f"{url} did not answer with whole JSON: {error}") from error
