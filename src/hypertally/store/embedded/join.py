"""An embedded PostgreSQL under a home folder, shared by every process that asks for it."""

import asyncio
import contextlib
import fcntl
import os
import pwd
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from hypertally.errors import Refused, TryLater
from hypertally.store.embedded.cluster import DATABASE, OWNER, OWNER_PASSWORD
from hypertally.store.embedded.folder import ServerFolder, open_lock, take_lock

# Generous: after a hard stop PostgreSQL first replays what it had not yet written out.
START_SECONDS = 300
POLL_SECONDS = 0.02
UP_LOCK = "up.lock"


@dataclass
class EmbeddedServer:
    """A share in the running server, which stops when its last share is closed."""

    url: str = field(repr=False)
    _share: int | None = field(repr=False)

    def close(self) -> None:
        """Leave the server; a second time does nothing."""
        if self._share is not None:
            os.close(self._share)
            self._share = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


async def ensure_running(home: Path) -> EmbeddedServer:
    """Join the server of `home`, starting it (and creating it) if nobody has."""
    folder = _own_folder(home)
    with (
        contextlib.ExitStack() as on_failure,
        _descriptor(folder.start_lock) as starting,
    ):
        share = open_lock(folder.users_lock)
        on_failure.callback(os.close, share)
        try:
            async with asyncio.timeout(START_SECONDS):
                await _wait_for_lock(starting, fcntl.LOCK_EX)
                # Waits, too, for a supervisor that is about to stop.
                await _wait_for_lock(share, fcntl.LOCK_SH)
                url = await _supervised(folder)
        except TimeoutError:
            raise TryLater(
                f"The embedded PostgreSQL under {folder.path} did not answer within "
                f"{START_SECONDS} s: see {folder.log}."
            ) from None
        on_failure.pop_all()
    return EmbeddedServer(url, share)


async def wait_until_stopped(home: Path) -> None:
    """Wait until the server of `home`, which nobody uses any more, has written all and stopped."""
    with _descriptor(ServerFolder.of(home).supervisor_lock) as lock:
        async with asyncio.timeout(START_SECONDS):
            await _wait_for_lock(lock, fcntl.LOCK_EX)


@contextlib.contextmanager
def hold_home(home: Path) -> Generator[None]:
    """Keep `home` for this process alone; another one that asks is refused with our number."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = home / UP_LOCK
    with _descriptor(lock) as held:
        if not take_lock(held, fcntl.LOCK_EX):
            raise Refused(f"{home} is in use by {_holder(lock)}: stop it or set HYPERTALLY_HOME.")
        os.truncate(held, 0)
        os.write(held, str(os.getpid()).encode())
        yield


def find_holder(home: Path) -> str | None:
    """The process that holds `home` by `hold_home`; None: nobody does."""
    lock = home / UP_LOCK
    if not lock.exists():
        return None
    with _descriptor(lock) as probe:
        return None if take_lock(probe, fcntl.LOCK_SH) else _holder(lock)


def _holder(lock: Path) -> str:
    pid = lock.read_text() or "unknown"  # it has the lock and has not written yet
    started = datetime.fromtimestamp(lock.stat().st_mtime, UTC).isoformat(timespec="seconds")
    return f"process {pid} (started at {started})"


def _own_folder(home: Path) -> ServerFolder:
    folder = ServerFolder.of(home)
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.path.mkdir(exist_ok=True, mode=0o700)
        folder.log.parent.mkdir(exist_ok=True, mode=0o700)
        owner = folder.path.stat().st_uid
    except OSError as error:
        raise Refused(
            f"{folder.path} cannot be used ({error.strerror}): "
            "set HYPERTALLY_HOME to a folder that can be written."
        ) from error
    if owner != os.geteuid():
        raise Refused(
            f"{folder.path} belongs to {_user_name(owner)}: "
            "run hypertally as that user or set HYPERTALLY_HOME to another folder."
        )
    return folder


def _user_name(uid: int) -> str:
    try:
        return f"user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"user {uid}"


@contextlib.contextmanager
def _descriptor(path: Path) -> Generator[int]:
    descriptor = open_lock(path)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


async def _wait_for_lock(descriptor: int, kind: int) -> None:
    # Asked again and again: a thread blocked in flock could not be cancelled.
    while not take_lock(descriptor, kind):  # noqa: ASYNC110
        await asyncio.sleep(POLL_SECONDS)


async def _supervised(folder: ServerFolder) -> str:
    """The address of the server once it answers; a missing supervisor is started."""
    started = False
    with _descriptor(folder.supervisor_lock) as probe:
        while True:
            if take_lock(probe, fcntl.LOCK_SH):
                if started:
                    _raise_failure(folder)
                # Said before the lock is free: what a supervisor says later must stand.
                folder.write("state", "starting")
                fcntl.flock(probe, fcntl.LOCK_UN)
                await asyncio.to_thread(_start_supervisor, folder)
                started = True
            if folder.read("state") == "running" and not folder.read(OWNER_PASSWORD):
                raise Refused(
                    f"an earlier release still runs the server of {folder.path}: stop it first"
                )
            if folder.read("state") == "running" and await _answers(_url(folder)):
                return _url(folder)
            await asyncio.sleep(POLL_SECONDS)


def _raise_failure(folder: ServerFolder) -> None:
    """A supervisor that was killed is simply replaced; one that gave up has said why."""
    outcome, _, reason = folder.read("state").partition(" ")
    if outcome == "failed":
        raise Refused(f"The embedded PostgreSQL does not run: {reason} (see {folder.log}).")


def _start_supervisor(folder: ServerFolder) -> None:
    """Returns when the supervisor has taken its lock and left us."""
    with folder.log.open("ab") as log:
        started = subprocess.run(  # noqa: S603 (our own module)
            [sys.executable, "-P", "-m", "hypertally.store.embedded.supervisor", folder.path],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            check=False,
        )
    if started.returncode > 0:
        raise Refused(f"The embedded PostgreSQL cannot be started: see the end of {folder.log}.")


def _url(folder: ServerFolder) -> str:
    password, port = folder.read(OWNER_PASSWORD), folder.read("port")
    return f"postgresql://{OWNER}:{password}@127.0.0.1:{port}/{DATABASE}"


async def _answers(url: str) -> bool:
    try:
        connection = await psycopg.AsyncConnection.connect(url, connect_timeout=10)
    except psycopg.OperationalError:
        return False
    await connection.close()
    return True
