"""The operating system's account of the embedded server: under root one of its own."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import stamina

from hypertally.errors import Refused

ACCOUNT = "hypertally-postgres"
MAKE = ("--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent")
NO_SHELL = ("--shell", "/usr/sbin/nologin")
TRIES_MAX = 5  # another process may hold the list of accounts for a moment


class _NotMade(Exception):
    """The account could not be made, and why."""


@dataclass(frozen=True)
class Account:
    """The operating system's user a server process runs as; None where it is our own."""

    uid: int | None
    gid: int | None

    @classmethod
    def for_server(cls) -> Self:
        """PostgreSQL refuses to run as root, so under root it gets an account of its own.

        Not `nobody`: other programs run as that one too, and could read the data.
        Errors: `Refused` when there is no such account and it cannot be made.
        """
        if os.geteuid() != 0:
            return cls(None, None)
        if not Path("/proc/self/cwd").exists():
            raise Refused(
                "as root it needs /proc, which this system lacks: "
                "run hypertally as an ordinary user or set HYPERTALLY_DATABASE_URL"
            )
        try:
            entry = _find_or_make(ACCOUNT)
        except _NotMade as problem:
            command = " ".join(("useradd", *MAKE, *NO_SHELL, ACCOUNT))
            raise Refused(
                f"as root it needs the account {ACCOUNT}, which could not be made ({problem}): "
                f"run `{command}`, run hypertally as an ordinary user, or set "
                "HYPERTALLY_DATABASE_URL"
            ) from problem
        return cls(entry.pw_uid, entry.pw_gid)

    @property
    def groups(self) -> list[int] | None:
        """None keeps our own; another account gets none of root's."""
        return None if self.uid is None else []

    def own(self, data: Path) -> None:
        """Give data to this account; an earlier release ran the server as `nobody`."""
        if self.uid is None or self.gid is None or data.stat().st_uid == self.uid:
            return
        for path in data.rglob("*"):
            os.chown(path, self.uid, self.gid, follow_symlinks=False)
        # Last: whoever is stopped before begins anew.
        os.chown(data, self.uid, self.gid)


@stamina.retry(on=_NotMade, attempts=TRIES_MAX, wait_initial=0.1, wait_max=0.5)
def _find_or_make(name: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        pass
    program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        raise _NotMade("there is no useradd")
    done = subprocess.run(  # noqa: S603 (the system's program)
        [program, *MAKE, *NO_SHELL, name], capture_output=True, text=True, check=False
    )
    try:
        # Two first starts at once: the second finds what the first has made.
        return pwd.getpwnam(name)
    except KeyError:
        raise _NotMade(" ".join(done.stderr.split()) or f"exit code {done.returncode}") from None
