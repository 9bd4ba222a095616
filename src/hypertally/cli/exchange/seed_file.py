"""A prepared seed: the home of a made-up exchange and of its books, in one file.

The books were made by the program's own pulls and computations, and the state of the exchange goes
with them, so that the same world goes on from there: its dates are those of the day it was made,
and the time since then is pulled as after any rest. Secrets of tokens stay behind.
"""

import errno
import os
import shutil
import tarfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from hypertally.cli.exchange.sandbox_home import ADDRESS_FILE, STATE_FILE
from hypertally.cli.kept_secrets import SECRET_FILE
from hypertally.errors import Refused
from hypertally.records import Record
from hypertally.sandbox.exchange.faults import FIRST_FAULTS
from hypertally.store.embedded.needed_wal import SEGMENT, needed_wal

SEED_FILE: Final = "sandbox-seed.tar.zst"
ABOUT: Final = "seed.json"
CODEC: Final = "zstd"
#: folders of the home: a seed that is being unpacked, and one that is whole and moves in
UNPACKING: Final = "seed.partial"
UNPACKED: Final = "seed.unpacked"
LEFT_OUT: Final = frozenset((SECRET_FILE, ADDRESS_FILE, FIRST_FAULTS, "up.lock"))
NO_SPACE: Final = frozenset((errno.ENOSPC, errno.EDQUOT))
WAL: Final = Path("postgres", "data", "pg_wal")
#: below the folder of the embedded server
OF_A_RUN: Final = frozenset(("log", "state", "port", "data/postmaster.pid"))


class AboutSeed(Record, frozen=True, kw_only=True):
    """What a seed was made of, as its first member says."""

    edition: int  # of the way a seed number becomes a population
    schema: str  # the newest migration
    world: str


def write_seed(home: Path, about: AboutSeed, output: Path) -> None:
    """Pack the home of a sandbox that has stopped; the file is there whole or not at all."""
    import pyarrow as pa  # loads slowly, and few starts need it

    data = home / WAL.parent
    needed = needed_wal(data) if data.exists() else ""
    partial = output.with_name(f"{output.name}.partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)  # it holds the password of the embedded server
    with (
        pa.CompressedOutputStream(str(partial), CODEC) as stream,
        tarfile.open(fileobj=stream, mode="w|") as archive,  # pyright: ignore[reportArgumentType]  # it writes, and no more is asked
    ):
        with _described(about, home) as described:
            archive.add(described, ABOUT)
        for path in sorted(home.iterdir()):
            if path.name not in LEFT_OUT:
                archive.add(path, path.name, filter=_left_out(needed))
    partial.replace(output)


@contextmanager
def _described(about: AboutSeed, home: Path) -> Generator[Path]:
    path = home / ABOUT
    _ = path.write_bytes(msgspec.json.encode(about))
    try:
        yield path
    finally:
        path.unlink()


def _left_out(wal: str) -> Callable[[tarfile.TarInfo], tarfile.TarInfo | None]:
    """Leave out what belongs to a run, and the write-ahead log but for the file of this name."""

    def choose(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        path = Path(member.name)
        of_run = path.is_relative_to("postgres") and str(path.relative_to("postgres")) in OF_A_RUN
        is_log = path.parent == WAL and SEGMENT.fullmatch(path.name) and path.name != wal
        return None if of_run or is_log or path.suffix == ".lock" else member

    return choose


def load_seed(seed: Path, home: Path, *, edition: int, schema: str, world: str | None) -> str:
    """Unpack a seed into the home of a sandbox that never ran; what was done, in a sentence.

    A seed of another world, or of a program that this one does not continue, is left alone. The
    home gets all of it or nothing, whenever we are killed: see `finish_loading`.
    Errors: `Refused` for a file that cannot be read, or a full disk.
    """
    try:
        with _opened(seed) as archive:
            about = _read_about(archive)
            if about.edition != edition or about.schema > schema:
                return f"{seed} is of another release: `hypertally sandbox seed` makes it anew"
            if world is not None and about.world != world:
                return f"{seed} holds the world {about.world}: {world} begins without a seed"
            _unpack(archive, home)
    except (OSError, ValueError, tarfile.TarError, msgspec.DecodeError) as problem:
        raise Refused(why_not_loaded(problem, seed, home)) from problem
    finish_loading(home)
    return f"the world {about.world} was loaded from {seed}"


def why_not_loaded(problem: Exception, seed: Path, home: Path) -> str:
    """What went wrong with a seed, and the remedy."""
    if isinstance(problem, OSError) and problem.errno in NO_SPACE:
        return f"the disk of {home} is full: make room for what {seed} holds and start again"
    return f"{seed} cannot be read ({problem}): remove it and start again"


def _unpack(archive: tarfile.TarFile, home: Path) -> None:
    """Unpack the members into a folder of the home that is named UNPACKED once it is whole."""
    partial = home / UNPACKING
    try:
        partial.mkdir(parents=True, mode=0o700)
        while (member := archive.next()) is not None:
            archive.extract(member, partial, filter=_as_it_was)
        partial.rename(home / UNPACKED)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def finish_loading(home: Path) -> None:
    """Move in what a seed left whole, and remove what a killed start left of one."""
    shutil.rmtree(home / UNPACKING, ignore_errors=True)
    unpacked = home / UNPACKED
    if unpacked.exists():
        for path in sorted(unpacked.iterdir()):
            target = home / path.name
            if target.is_dir():  # of a start that ended before it had any books
                shutil.rmtree(target)
            path.rename(target)
        unpacked.rmdir()


def is_current(seed: Path, *, edition: int) -> bool:
    """Whether there is a seed of this edition; a broken one is refused when it is loaded."""
    if not seed.exists():
        return False
    try:
        with _opened(seed) as archive:
            return _read_about(archive).edition == edition
    except (OSError, ValueError, tarfile.TarError, msgspec.DecodeError):
        return True


@contextmanager
def _opened(seed: Path) -> Generator[tarfile.TarFile]:
    import pyarrow as pa

    with (
        pa.CompressedInputStream(str(seed), CODEC) as stream,
        tarfile.open(fileobj=stream, mode="r|") as archive,  # pyright: ignore[reportArgumentType]  # it reads, and no more is asked
    ):
        yield archive


def _read_about(archive: tarfile.TarFile) -> AboutSeed:
    first = archive.next()
    content = archive.extractfile(first) if first and first.name == ABOUT else None
    if content is None:
        raise tarfile.ReadError(f"its first member is not {ABOUT}")
    return msgspec.json.decode(content.read(), type=AboutSeed)


def _as_it_was(member: tarfile.TarInfo, path: str, /) -> tarfile.TarInfo:
    """As the safe filter, but folders stay private, and under root the server keeps its files."""
    safe = tarfile.data_filter(member, path).replace(mode=member.mode & 0o755, deep=False)
    if os.geteuid() != 0:
        return safe
    return safe.replace(uid=member.uid, gid=member.gid, deep=False)


def is_new(home: Path) -> bool:
    """Whether no sandbox ever ran in this home, and no seed was loaded into it."""
    return not any((home / name).exists() for name in (STATE_FILE, "postgres", UNPACKED))
