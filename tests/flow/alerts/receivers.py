"""Receivers of notifications on loopback: a webhook and a mail server with scripted answers."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

Between = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Webhook:
    """A webhook that records its requests."""

    port: int = 0
    statuses: list[int] = field(default_factory=list)  # of the next answers; then 200
    before_answer: Between | None = None  # awaited after a request was read, before it is answered
    paths: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)  # JSON, decoded
    arrived: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))  # one each

    @property
    def messages(self) -> list[str]:
        return [body["message"] for body in self.bodies]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(
                int(line.partition(":")[2])
                for line in head.splitlines()
                if line.lower().startswith("content-length:")
            )
            body = await reader.readexactly(length)
            self.paths.append(head.split()[1])
            self.bodies.append(json.loads(body))
            self.arrived.release()
            if self.before_answer:
                await self.before_answer()
            status = self.statuses.pop(0) if self.statuses else 200
            answer = '{"ok": true}' if "/bot" in self.paths[-1] else "ok"
            writer.write(
                f"HTTP/1.1 {status} Told\r\nContent-Length: {len(answer)}\r\n"
                f"Connection: close\r\n\r\n{answer}".encode()
            )
            await writer.drain()
        writer.close()


@asynccontextmanager
async def webhook(port: int = 0, *, statuses: Iterable[int] = ()) -> AsyncGenerator[Webhook]:
    """A running webhook."""
    server_state = Webhook(statuses=list(statuses))
    server = await asyncio.start_server(server_state.serve, "127.0.0.1", port)
    server_state.port = server.sockets[0].getsockname()[1]
    try:
        yield server_state
    finally:
        server.close()


@dataclass(slots=True)
class MailServer:
    """A mail server that records its mails."""

    port: int = 0
    refusals: list[str] = field(default_factory=list)  # of the next mails; then mails are accepted
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.refusals:
            return self.refusals.pop(0)
        assert isinstance(envelope.content, bytes)
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        self.recipients.append(envelope.rcpt_tos)
        return "250 taken"

    @property
    def texts(self) -> list[str]:
        parts = [mail.get_body(("plain", "html")) for mail in self.mails]
        return [part.get_content() for part in parts if part]


@asynccontextmanager
async def mail_server() -> AsyncGenerator[MailServer]:
    """A running mail server."""
    server_state = MailServer()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(server_state, hostname="mail.test", loop=loop), "127.0.0.1", 0
    )
    server_state.port = server.sockets[0].getsockname()[1]
    try:
        yield server_state
    finally:
        server.close()


async def closed_port() -> int:
    """A free port, which a receiver may open later."""
    server = await asyncio.start_server(lambda _, __: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port
