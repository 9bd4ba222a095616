"""An outside monitor on loopback: it records the calls of a heartbeat."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Monitor:
    """A monitor that counts calls."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)  # of the next answers; then 200
    calls: list[str] = field(default_factory=list)  # method and path

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.calls.append(" ".join(head.split()[:2]))
        status = self.statuses.pop(0) if self.statuses else 200
        writer.write(
            f"HTTP/1.1 {status} Noted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
        )
        await writer.drain()
        writer.close()


@asynccontextmanager
async def running_monitor(statuses: Iterable[int] = ()) -> AsyncGenerator[Monitor]:
    """A monitor that runs."""
    monitor = Monitor(statuses=list(statuses))
    server = await asyncio.start_server(monitor.serve, "127.0.0.1", 0)
    monitor.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/ping/s3cret"
    try:
        yield monitor
    finally:
        server.close()
