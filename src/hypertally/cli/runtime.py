"""How commands run: their coroutine, their signals and their logs."""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import stamina
import structlog

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's coroutine to its end; Ctrl-C is `KeyboardInterrupt`, whatever it broke."""
    return asyncio.run(_interruptible(work))


async def _interruptible(work: Coroutine[Any, Any, T]) -> T:
    task = asyncio.current_task()
    try:
        return await work
    except Exception as error:
        # A statement under way may end in an error of its own; what was asked for is the end.
        if task is not None and task.cancelling():
            raise asyncio.CancelledError from error
        raise


def stop_on_signals(stop: Callable[[], None]) -> None:
    """Call `stop` at Ctrl-C and at SIGTERM."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)


def configure_logs() -> None:
    """Plain lines, colours only on a terminal; tracebacks without local values: some are secret."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    # A retry is the normal way of things; what it could not mend is said by whoever asked.
    stamina.instrumentation.set_on_retry_hooks([])
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(message)s"
    )
