"""Where everything of one embedded PostgreSQL lies, and the locks its processes meet at."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class ServerFolder:
    """`path` is free of symbolic links, so that it can be compared with a process's folder."""

    path: Path

    @classmethod
    def of(cls, home: Path) -> Self:
        """The server's own folder below a home folder."""
        return cls((home / "postgres").resolve())

    @property
    def data(self) -> Path:
        """PostgreSQL's data; under root it belongs to the server's account."""
        return self.path / "data"

    @property
    def log(self) -> Path:
        """The log of the server and its supervisor."""
        return self.path / "log" / "server.log"

    @property
    def start_lock(self) -> Path:
        """Held by the process that is joining; it may have to start the supervisor."""
        return self.path / "start.lock"

    @property
    def supervisor_lock(self) -> Path:
        """Held by the supervisor as long as it lives."""
        return self.path / "supervisor.lock"

    @property
    def users_lock(self) -> Path:
        """Shared by every process that uses the server; the supervisor stops when it is free."""
        return self.path / "users.lock"

    def read(self, name: str) -> str:
        """The text of a small file such as `state`, `port`, `owner_password`; empty if missing."""
        try:
            return (self.path / name).read_text()
        except FileNotFoundError:
            return ""

    def write(self, name: str, text: str) -> None:
        """Replace one of the small files: a reader sees the old text or the new."""
        partial = self.path / f"{name}.partial"
        partial.unlink(missing_ok=True)
        partial.touch(mode=0o600)
        partial.write_text(text)
        partial.rename(self.path / name)

    def remove(self, name: str) -> None:
        """Remove one of the small files, if it is there."""
        (self.path / name).unlink(missing_ok=True)


def open_lock(path: Path) -> int:
    """A descriptor to lock; closing it gives the lock back."""
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def take_lock(descriptor: int, kind: int) -> bool:
    """Take `LOCK_SH` or `LOCK_EX` if it is free; the kernel gives it back when we die."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
