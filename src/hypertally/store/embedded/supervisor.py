"""The process that owns one embedded PostgreSQL: starts it, restarts it, stops it when unused."""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import psutil

from hypertally.errors import Refused
from hypertally.store.embedded.cluster import prepare, settings
from hypertally.store.embedded.folder import ServerFolder, open_lock, take_lock
from hypertally.store.embedded.programs import Programs

POLL_SECONDS = 0.1
LEFTOVER_POLL_SECONDS = 0.01
# PostgreSQL 18 can hang when asked to stop in the moment it recovers from a killed process.
STOP_SECONDS = 15
LOG_BYTES = 16 * 2**20
FAILED_STARTS = 5
STEADY_SECONDS = 10


def main(folder: ServerFolder) -> None:
    """Return at once; a child of nobody goes on as the supervisor, unless there is one."""
    alive = open_lock(folder.supervisor_lock)
    if not take_lock(alive, fcntl.LOCK_EX):
        return  # another supervisor was first
    if os.fork() != 0:
        return  # the child keeps the lock and belongs to nobody: it outlives whoever started it
    signal.signal(signal.SIGTERM, _leave)
    try:
        _end_leftovers(folder)
        log = os.open(folder.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        programs = Programs.find(log)
        prepare(folder, programs)
        _supervise(folder, programs)
    except Exception as error:
        folder.write("state", f"failed {error}")
        raise


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _end_leftovers(folder: ServerFolder) -> None:
    """End server processes that outlived their parent: two servers on one folder destroy it."""
    deadline = time.monotonic() + STOP_SECONDS
    pid_file = folder.data / "postmaster.pid"
    head = pid_file.read_text().partition("\n")[0] if pid_file.exists() else ""
    while left := [process for process in psutil.process_iter() if _belongs(process, folder)]:
        # The head was told to stop when its supervisor died; without one nobody ends the others.
        if time.monotonic() >= deadline or all(str(process.pid) != head for process in left):
            _kill(left)
        time.sleep(LEFTOVER_POLL_SECONDS)
    # Nobody runs, so this file lies; its number may be another program's by now.
    pid_file.unlink(missing_ok=True)
    for unfinished in folder.path.glob("new-*"):
        shutil.rmtree(unfinished)


def _kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def _belongs(process: psutil.Process, folder: ServerFolder) -> bool:
    try:
        if process.name() not in {"postgres", "initdb"}:
            return False
        return Path(process.cwd()).parent == folder.path
    except psutil.Error:  # among them: a dead one that its parent has not buried yet
        return False


def _supervise(folder: ServerFolder, programs: Programs) -> None:
    """Keep the server running until nobody holds the users' lock."""
    users = open_lock(folder.users_lock)
    arguments = [f"--{name}={value}" for name, value in settings(folder.read("port")).items()]
    failed = 0
    while failed < FAILED_STARTS:
        started = time.monotonic()
        server = programs.start("postgres", folder.data, arguments, on_our_death=signal.SIGINT)
        folder.write("state", "running")
        try:
            while server.poll() is None:
                if take_lock(users, fcntl.LOCK_EX):
                    return
                _bound_log(folder.log)
                time.sleep(POLL_SECONDS)
        finally:
            _stop(server)
        _end_leftovers(folder)
        # Killed from outside it may start as often as it likes; one that gives up by itself
        # has a reason that starting it again will hardly remove.
        gave_up = server.returncode > 0 and time.monotonic() - started < STEADY_SECONDS
        failed = failed + 1 if gave_up else 0
    raise Refused(_last_complaint(folder.log))


def _stop(server: subprocess.Popen[bytes]) -> None:
    """End the sessions and write everything out; harsher only if that takes too long."""
    for number, patience in (
        (signal.SIGINT, 60),
        (signal.SIGQUIT, 10),
        (signal.SIGKILL, None),
    ):
        server.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(patience)
            return


def _bound_log(log: Path) -> None:
    """The server appends, so the file can be cut under it."""
    if log.stat().st_size > LOG_BYTES:
        shutil.copyfile(log, log.with_suffix(".log.1"))
        os.truncate(log, 0)


def _last_complaint(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    complaints = [line for line in lines if "FATAL: " in line or "PANIC: " in line]
    return complaints[-1].partition("] ")[2] if complaints else "PostgreSQL exits without a word"


if __name__ == "__main__":
    main(ServerFolder(Path(sys.argv[1])))
