"""A prepared seed: the home of a made-up exchange and of its books, in one file.

The books were made by the program's own pulls and computations, and the state of the exchange goes
with them, so that the same world goes on from there: its dates are those of the day it was made,
and the time since then is pulled as after any rest. Secrets of tokens stay behind.
"""

import os
import tarfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from hypertally.cli.exchange.sandbox_home import ADDRESS_FILE, STATE_FILE
from hypertally.cli.runtime import SECRET_FILE
from hypertally.errors import Refused
from hypertally.records import Record

SEED_FILE: Final = "sandbox-seed.tar.zst"
ABOUT: Final = "seed.json"
CODEC: Final = "zstd"
LEFT_OUT: Final = frozenset((SECRET_FILE, ADDRESS_FILE, "up.lock"))
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
                archive.add(path, path.name, filter=_without_a_run)
    partial.replace(output)


@contextmanager
def _described(about: AboutSeed, home: Path) -> Generator[Path]:
    path = home / ABOUT
    _ = path.write_bytes(msgspec.json.encode(about))
    try:
        yield path
    finally:
        path.unlink()


def _without_a_run(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    path = Path(member.name)
    is_left = path.is_relative_to("postgres") and str(path.relative_to("postgres")) in OF_A_RUN
    return None if is_left or path.suffix == ".lock" else member


def load_seed(seed: Path, home: Path, *, edition: int, schema: str, world: str | None) -> str:
    """Unpack a seed into the home of a sandbox that never ran; what was done, in a sentence.

    A seed of another world, or of a program that this one does not continue, is left alone.
    Errors: `Refused` for a file that cannot be read.
    """
    try:
        with _opened(seed) as archive:
            about = _read_about(archive)
            if about.edition != edition or about.schema > schema:
                return f"{seed} is of another release: `hypertally sandbox seed` makes it anew"
            if world is not None and about.world != world:
                return f"{seed} holds the world {about.world}: {world} begins without a seed"
            while (member := archive.next()) is not None:
                archive.extract(member, home, filter=_as_it_was)
    except (OSError, tarfile.TarError, msgspec.DecodeError) as problem:
        raise Refused(f"{seed} cannot be read ({problem}): remove it and start again") from problem
    return f"the world {about.world} was loaded from {seed}"


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
    """Whether no sandbox ever ran in this home."""
    return not (home / STATE_FILE).exists() and not (home / "postgres").exists()
