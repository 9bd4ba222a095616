"""Who may hold a home folder, and what the programs' copy must be."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import stamina

from hypertally.errors import Refused
from hypertally.store.embedded import account
from hypertally.store.embedded.join import ensure_running, hold_home
from hypertally.store.embedded.programs import INSTALLATION, keep_copy, site_packages

HOLD = """
import sys, time
from pathlib import Path
from hypertally.store.embedded.join import hold_home
with hold_home(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_second_holder_of_a_home_is_told_who_holds_it(tmp_path: Path) -> None:
    with (
        hold_home(tmp_path),
        pytest.raises(Refused, match=rf"in use by process {os.getpid()} \(started at 20"),
        hold_home(tmp_path),
    ):
        pass


def test_home_is_free_after_its_holder_leaves(tmp_path: Path) -> None:
    with hold_home(tmp_path):
        pass
    with hold_home(tmp_path):
        pass


def test_home_is_free_after_its_holder_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, tmp_path]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(Refused, match=f"process {holder.pid} "), hold_home(tmp_path):
            pass
        holder.kill()
    with hold_home(tmp_path):
        pass


async def test_home_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match=r"file/home/postgres cannot be used .*HYPERTALLY_HOME"):
        await ensure_running(tmp_path / "file" / "home")


async def test_home_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000)
    with pytest.raises(Refused, match=r"postgres belongs to user .*run hypertally as that user"):
        await ensure_running(tmp_path)


def test_copy_of_the_programs_runs_and_everybody_may_read_it(tmp_path: Path) -> None:
    copy = tmp_path / "cache" / "copy"
    keep_copy(site_packages(), copy)
    for name in ("postgres", "initdb"):
        program = copy / INSTALLATION / "bin" / name
        shown = subprocess.run([program, "--version"], capture_output=True, check=True).stdout
        assert b"PostgreSQL" in shown
    assert {stat.S_IMODE(path.stat().st_mode) for path in copy.rglob("*")} == {0o755}


def test_damaged_copy_of_the_programs_is_replaced(tmp_path: Path) -> None:
    copy = tmp_path / "cache" / "copy"
    keep_copy(site_packages(), copy)
    whole = sorted(copy.rglob("*"))
    shutil.rmtree(copy / INSTALLATION / "share")
    keep_copy(site_packages(), copy)
    assert sorted(copy.rglob("*")) == whole
    assert list(copy.parent.iterdir()) == [copy]


def test_cache_that_others_can_write_is_not_used(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    cache.chmod(0o777)
    with pytest.raises(PermissionError, match="can be written by others"):
        keep_copy(site_packages(), cache / "copy")
    assert not list(cache.iterdir())


def test_account_that_cannot_be_made_is_refused_with_the_command_to_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(account, "ACCOUNT", "no such name!")
    with (
        stamina.set_testing(True, attempts=2),
        pytest.raises(Refused, match=r"could not be made .*: run `useradd --system .*user"),
    ):
        account.Account.for_server()
