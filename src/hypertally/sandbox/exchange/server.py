"""The sandbox's HTTP server: in this process, or in a thread of its own on a free port."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from socket import AF_INET, SOCK_STREAM, socket
from typing import final

import msgspec
import uvicorn

from hypertally.sandbox.exchange.application import Sandbox, ServerOptions
from hypertally.sandbox.exchange.population_exchange import PopulationExchange
from hypertally.sandbox.exchange.protocol import Exchange
from hypertally.sandbox.population.population import Population

HOST = "127.0.0.1"
START_SECONDS_MAX = 10.0


@final
class _QuietServer(uvicorn.Server):
    """A server that leaves the signals to the process around it."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def _config(sandbox: Sandbox, *, host: str = HOST, port: int = 0) -> uvicorn.Config:
    return uvicorn.Config(
        sandbox.app(),
        host=host,
        port=port,
        log_level="critical",  # dropped connections are faults on purpose
        access_log=False,
        lifespan="off",
    )


async def serve(
    exchange: Exchange, *, host: str = HOST, port: int, options: ServerOptions | None = None
) -> None:
    """Serve until a signal stops the process."""
    sandbox = Sandbox(exchange, options or ServerOptions())
    await uvicorn.Server(_config(sandbox, host=host, port=port)).serve()


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
    sandbox = Sandbox(exchange, server_options)
    listener = socket(AF_INET, SOCK_STREAM)
    listener.bind((HOST, 0))
    server = _QuietServer(_config(sandbox))
    thread = threading.Thread(target=server.run, args=([listener],), name="sandbox", daemon=True)
    thread.start()
    try:
        async with asyncio.timeout(START_SECONDS_MAX):
            while not server.started:  # noqa: ASYNC110 - uvicorn has this flag alone
                await asyncio.sleep(0.005)
        yield f"http://{HOST}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await asyncio.to_thread(thread.join, START_SECONDS_MAX)
        listener.close()
