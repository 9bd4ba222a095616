"""The parts of `up`: processes, each started again whenever it ends."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import structlog

from hypertally.cli.output import OutputLost
from hypertally.errors import Refused, TryLater
from hypertally.settings import Settings
from hypertally.store.embedded.join import ensure_running
from hypertally.store.embedded.programs import die_with

STOP_SECONDS_MAX = 10  # a part that still runs then is killed
RESTART_SECONDS = 1
DATABASE_LOOK_SECONDS = 2
BAD_SETTINGS_CODE = 2

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Parts:
    """The processes of `up`, each started again whenever it ends."""

    group: asyncio.TaskGroup
    environment: Mapping[str, str]
    stopping: asyncio.Event

    def start(
        self, name: str, arguments: list[str], environment: Mapping[str, str] | None = None
    ) -> None:
        """Start a part; `environment`: settings of it alone."""
        chosen = {**os.environ, **self.environment, **(environment or {})}
        self.group.create_task(_keep_alive(name, arguments, chosen, self.stopping))


@asynccontextmanager
async def start_parts(
    settings: Settings, environment: Mapping[str, str], stopping: asyncio.Event
) -> AsyncGenerator[Parts]:
    """Keep the database and the parts running until `stopping` is set."""
    try:
        async with asyncio.TaskGroup() as group:
            if not settings.database_url:
                group.create_task(_keep_database(settings, stopping))
            yield Parts(group, environment, stopping)
    except* Refused as refused:
        raise Refused(str(refused.exceptions[0])) from None
    except* OutputLost as lost:
        raise OutputLost(str(lost.exceptions[0])) from None


async def _keep_database(settings: Settings, stopping: asyncio.Event) -> None:
    """Join the embedded server regularly: joining starts it again if its supervisor was killed."""
    while not stopping.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DATABASE_LOOK_SECONDS):
                await stopping.wait()
                return
        try:
            (await ensure_running(settings.home)).close()
        except TryLater as problem:
            log.warning("database away", problem=str(problem))


async def _keep_alive(
    name: str, arguments: list[str], environment: dict[str, str], stopping: asyncio.Event
) -> None:
    """Run a part; start it again whenever it ends before `stopping` is set.

    Errors: `Refused` when it says that its settings are of no use.
    """
    while not stopping.is_set():
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "hypertally",
            *arguments,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            # A Ctrl-C at the terminal reaches `up` alone: it stops the parts in order.
            start_new_session=True,
            preexec_fn=partial(
                die_with, os.getpid(), signal.SIGTERM
            ),  # when `up` is killed outright
        )
        waiting = asyncio.create_task(stopping.wait())
        ended = asyncio.create_task(process.wait())
        await asyncio.wait((waiting, ended), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if stopping.is_set():
            await _stop(process, ended)
        elif process.returncode == BAD_SETTINGS_CODE:
            stopping.set()
            raise Refused(f"the {name} could not start: see the line above")
        else:
            log.warning("part ended, starting it again", part=name, code=process.returncode)
            await asyncio.sleep(RESTART_SECONDS)


async def _stop(process: asyncio.subprocess.Process, ended: asyncio.Task[int]) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    done, _ = await asyncio.wait((ended,), timeout=STOP_SECONDS_MAX)
    if not done:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await ended
