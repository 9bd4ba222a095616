"""Ctrl-C ends a command as it should, whatever breaks on the way out."""

import asyncio
import signal
from collections.abc import Iterator

import pytest

from hypertally.cli import runtime
from hypertally.errors import Refused


@pytest.fixture(autouse=True)
def handled() -> Iterator[None]:
    """As at a terminal: a process that a shell began in the background ignores Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


async def _break(*, at_ctrl_c: bool) -> None:
    try:
        if at_ctrl_c:
            signal.raise_signal(signal.SIGINT)
            await asyncio.sleep(10)
    finally:
        raise Refused("what was under way could not end well")


def test_an_error_of_the_way_out_does_not_hide_that_the_user_ended_it() -> None:
    with pytest.raises(KeyboardInterrupt):
        runtime.run(_break(at_ctrl_c=True))


def test_an_error_that_nobody_asked_for_is_told() -> None:
    with pytest.raises(Refused, match="could not end well"):
        runtime.run(_break(at_ctrl_c=False))
