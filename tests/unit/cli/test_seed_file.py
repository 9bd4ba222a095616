"""A seed comes into a home whole or not at all, whenever its file ends or we are killed."""

import errno
import shutil
from pathlib import Path

import pytest

from hypertally.cli.exchange.seed_file import (
    SEED_FILE,
    UNPACKED,
    UNPACKING,
    AboutSeed,
    finish_loading,
    is_new,
    load_seed,
    why_not_loaded,
    write_seed,
)
from hypertally.errors import Refused

ABOUT = AboutSeed(edition=2, schema="0001", world="tiny")
FILES = ("exchange.json", "postgres/PG_VERSION", "twaps/day.parquet")


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    """A seed of a home with little in it."""
    home = tmp_path / "made"
    for name in FILES:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(name.encode() * 500)
    file = tmp_path / SEED_FILE
    write_seed(home, ABOUT, file)
    return file


def load(seed: Path, home: Path) -> str:
    return load_seed(seed, home, edition=2, schema="0001", world=None)


def names(home: Path) -> list[str]:
    files = (path for path in home.rglob("*") if path.is_file())
    return sorted(str(path.relative_to(home)) for path in files)


def test_a_seed_that_ends_too_early_leaves_nothing_and_the_next_start_works(
    seed: Path, tmp_path: Path
) -> None:
    whole, home = seed.read_bytes(), tmp_path / "home"
    home.mkdir()
    for length in range(0, len(whole), max(1, len(whole) // 40)):
        seed.write_bytes(whole[:length])
        with pytest.raises(Refused, match=r"cannot be read .*: remove it and start again"):
            load(seed, home)
        assert is_new(home)
        assert list(home.iterdir()) == []
    seed.write_bytes(whole)
    assert "was loaded from" in load(seed, home)
    assert names(home) == sorted(FILES)
    assert not is_new(home)


def test_what_a_killed_start_left_is_removed_by_the_next(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / UNPACKING / "postgres").mkdir(parents=True)
    assert is_new(home)
    finish_loading(home)
    assert list(home.iterdir()) == []


def test_a_start_that_was_killed_while_a_whole_seed_moved_in_is_finished(
    seed: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    load(seed, home)
    (home / UNPACKED).mkdir()
    shutil.move(home / "postgres", home / UNPACKED)
    shutil.move(home / "twaps", home / UNPACKED)
    (home / "twaps").mkdir()  # as a start makes it
    (home / "exchange.json").rename(home / UNPACKED / "exchange.json")
    assert not is_new(home), "no other seed is loaded over it"
    finish_loading(home)
    assert names(home) == sorted(FILES)
    assert not (home / UNPACKED).exists()


def test_a_full_disk_is_called_that() -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    why = why_not_loaded(full, Path("seed"), Path("home"))
    assert why == "the disk of home is full: make room for what seed holds and start again"
