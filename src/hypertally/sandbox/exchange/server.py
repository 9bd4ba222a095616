"""The sandbox's HTTP server: in this process, or in a thread of its own on a free port."""

import asyncio
import signal
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from socket import (
    SO_REUSEADDR,
    SOCK_STREAM,
    SOL_SOCKET,
    create_connection,
    getaddrinfo,
    socket,
)
from typing import Final

import msgspec
import stamina
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from hypertally.sandbox.exchange.application import Sandbox, ServerOptions
from hypertally.sandbox.exchange.population_exchange import PopulationExchange
from hypertally.sandbox.exchange.protocol import Exchange
from hypertally.sandbox.population.population import Population

HOST = "127.0.0.1"
START_SECONDS_MAX = 10.0
STOP_SECONDS_MAX = 5.0
CONNECTIONS_MAX: Final = 1_024
# Dropped connections are faults on purpose; a configuration of its own would close our handlers.
LOGGING: Final = {
    "incremental": True,
    "handlers": {},
    "loggers": {"_granian": {"level": "CRITICAL"}},
}


async def _serve(sandbox: Sandbox, *, host: str, port: int, stopping: asyncio.Event) -> None:
    server = Server(
        sandbox.app(),
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=CONNECTIONS_MAX,
        backpressure=CONNECTIONS_MAX,
        log_level=LogLevels.critical,
        log_dictconfig=LOGGING,
        log_access=False,
    )
    serving = asyncio.create_task(server.serve())
    stopped = asyncio.create_task(stopping.wait())
    _ = await asyncio.wait((serving, stopped), return_when=asyncio.FIRST_COMPLETED)
    _ = stopped.cancel()
    server.stop()
    # An answer that is slow on purpose would hold up the end.
    ended, _ = await asyncio.wait((serving,), timeout=STOP_SECONDS_MAX)
    if not ended:
        _ = serving.cancel()
    elif not stopping.is_set():
        raise RuntimeError("the sandbox's server ended by itself")


async def serve(
    exchange: Exchange, *, host: str = HOST, port: int, options: ServerOptions | None = None
) -> None:
    """Serve until a signal stops the process; `SystemExit` for a port that is in use."""
    address = _usable_address(host, port)
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    sandbox = Sandbox(exchange, options or ServerOptions())
    await _serve(sandbox, host=address, port=port, stopping=stopping)


@asynccontextmanager
async def running_sandbox(source: Population | Exchange, **options: object) -> AsyncGenerator[str]:
    """Serve an exchange on a free loopback port, in its own thread; yields the base URL.

    `options` are the fields of `Options`.
    """
    server_options = msgspec.convert(options, ServerOptions)
    exchange = (
        PopulationExchange(source, candles_max=server_options.candles_max)
        if isinstance(source, Population)
        else source
    )
    port = _free_port()
    server = _ServerThread(Sandbox(exchange, server_options), port=port)
    server.start()
    try:
        await asyncio.to_thread(_wait_for, port)
        yield f"http://{HOST}:{port}"
    finally:
        await asyncio.to_thread(server.stop)


class _ServerThread(threading.Thread):
    """A server with an event loop of its own."""

    def __init__(self, sandbox: Sandbox, *, port: int) -> None:
        super().__init__(name="sandbox", daemon=True)
        self._sandbox = sandbox
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()

    def run(self) -> None:
        serving = _serve(self._sandbox, host=HOST, port=self._port, stopping=self._stopping)
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(serving)

    def stop(self) -> None:
        """End the server."""
        _ = self._loop.call_soon_threadsafe(self._stopping.set)
        self.join(START_SECONDS_MAX)


def _usable_address(host: str, port: int) -> str:
    try:
        family, _, _, _, address = getaddrinfo(host, port, type=SOCK_STREAM)[0]
        with socket(family, SOCK_STREAM) as probe:
            probe.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        reason = f"cannot listen on {host} port {port} ({error.strerror}): choose another"
        raise SystemExit(reason) from error
    return str(address[0])


def _free_port() -> int:
    with socket() as probe:
        probe.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@stamina.retry(on=ConnectionRefusedError, attempts=None, timeout=START_SECONDS_MAX, wait_max=0.05)
def _wait_for(port: int) -> None:
    create_connection((HOST, port)).close()
