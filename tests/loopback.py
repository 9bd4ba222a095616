"""A server on loopback that answers GET requests by a script and counts them."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec

HEAD = (
    "HTTP/1.1 {status} Told\r\nContent-Type: application/json\r\n{length}Connection: close\r\n\r\n"
)


@dataclass(slots=True)
class Reply:
    """One answer: a status and a body in pieces; `cut`: its length header promises more bytes."""

    pieces: Iterable[bytes] = (b"{}",)
    status: int = 200
    cut: bool = False


@dataclass(slots=True)
class ScriptedServer:
    """Its URL, its next replies (the last one repeats), and the number of requests."""

    replies: Iterator[Reply]
    url: str = ""
    request_count: int = 0
    last: Reply = field(default_factory=Reply)

    def next_reply(self) -> Reply:
        self.request_count += 1
        self.last = next(self.replies, self.last)
        return self.last


@asynccontextmanager
async def scripted_server(*replies: Reply) -> AsyncGenerator[ScriptedServer]:
    """Serve these replies in turn."""
    server_state = ScriptedServer(iter(replies))
    serving: set[asyncio.Task[Any] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())
        with suppress(ConnectionError):  # a client may close the connection early
            try:
                await reader.readuntil(b"\r\n\r\n")
                await _write(writer, server_state.next_reply())
            finally:
                writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()[:2]
        server_state.url = f"http://{host}:{port}/leaderboard"
        yield server_state
    tasks = [task for task in serving if task]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _write(writer: asyncio.StreamWriter, reply: Reply) -> None:
    length = "Content-Length: 999999999\r\n" if reply.cut else ""
    writer.write(HEAD.format(status=reply.status, length=length).encode())
    for piece in reply.pieces:
        writer.write(piece)
        await writer.drain()


def row(
    address: str, pnl: Any = "1.0", *, volume: Any = "1.0", week: Any = "3.0", **changes: Any
) -> dict[str, Any]:
    """A row of a leaderboard; volumes of the month and the week."""
    figures = {"pnl": pnl, "roi": "0.01", "vlm": volume}
    other = {"pnl": "-7.0", "roi": "-0.5", "vlm": "3.0"}
    windows = [
        ["day", other],
        ["week", other | {"vlm": week}],
        ["month", figures],
        ["allTime", other],
    ]
    return {
        "ethAddress": address,
        "accountValue": "1000.5",
        "windowPerformances": windows,
        "prize": 0,
        "displayName": None,
    } | changes


def leaderboard_reply(rows: Iterable[Any]) -> Reply:
    """A leaderboard of these rows, each a piece of the answer."""
    return Reply(_pieces(rows, msgspec.json.encode))


def _pieces(rows: Iterable[Any], encode: Callable[[Any], bytes]) -> Iterator[bytes]:
    yield b'{"leaderboardRows": ['
    for number, row in enumerate(rows):
        yield (b", " if number else b"") + encode(row)
    yield b"]}"
