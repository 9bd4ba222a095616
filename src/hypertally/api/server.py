"""The server: Granian in this process's event loop, bounded in what strangers can hold."""

import asyncio
import resource
import socket
from typing import Final

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server
from starlette.types import ASGIApp

from hypertally.api.http.limits import (
    CONNECTIONS_MAX,
    FILES_KEPT,
    HEAD_BYTES_MAX,
    HEAD_SECONDS_MAX,
    SHUTDOWN_SECONDS_MAX,
    WAITING_CONNECTIONS_MAX,
)
from hypertally.errors import Refused

# Its errors go where ours go; a configuration of its own would close the handlers of others.
LOGGING: Final = {
    "incremental": True,
    "handlers": {},
    "loggers": {"_granian": {"propagate": True}},
}


async def serve(app: ASGIApp, *, host: str, port: int, stopping: asyncio.Event) -> None:
    """Answer HTTP until `stopping` is set; what is under way then may still finish.

    Errors: `Refused` for an address that cannot be listened on.
    """
    server = Server(
        app,
        address=usable_address(host, port),
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        http1_settings=HTTP1Settings(
            # Idle connections are closed after it too.
            header_read_timeout=HEAD_SECONDS_MAX * 1_000,
            max_buffer_size=HEAD_BYTES_MAX,
        ),
        backlog=WAITING_CONNECTIONS_MAX,
        backpressure=connections_max(),
        log_level=LogLevels.error,
        log_dictconfig=LOGGING,
        log_access=False,  # addresses hold sign-in tokens
    )
    serving = asyncio.create_task(server.serve())
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait((serving, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    server.stop()
    # A head that is sent by halves would hold up the end for as long as it may take.
    ended, _ = await asyncio.wait((serving,), timeout=SHUTDOWN_SECONDS_MAX)
    if not ended:
        serving.cancel()
        return
    await serving
    if not stopping.is_set():
        raise RuntimeError("the HTTP server ended by itself")


def usable_address(host: str, port: int) -> str:
    """Return the IP address of a host whose port is free.

    Errors: `Refused` for a host that is not of this machine, or a port that is in use.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Refused(f"cannot listen on {host} port {port} ({reason}): choose another") from error
    return str(address[0])


def connections_max() -> int:
    """Return how many connections may be open, after this process may open as many files."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS_MAX + FILES_KEPT
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    # One more than there are files for would keep the server busy with failing to accept it.
    return max(allowed - FILES_KEPT, 1)
