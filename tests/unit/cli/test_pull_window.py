"""`hypertally pull fills --from --to`: times are read exactly; what is no window is one line."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hypertally.cli.options import read_time
from hypertally.errors import Refused

ADDRESS = "0x31ca8395cf837de08b24da3f660e77761dfb974b"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-10-01", datetime(2026, 10, 1, tzinfo=UTC)),
        ("2026-10-01T12:30Z", datetime(2026, 10, 1, 12, 30, tzinfo=UTC)),
        ("2026-10-01T12:30:01.250+02:00", datetime(2026, 10, 1, 10, 30, 1, 250_000, tzinfo=UTC)),
    ],
)
def test_a_time_is_a_plain_day_or_has_a_zone(text: str, expected: datetime) -> None:
    assert read_time("--from", text) == expected


def test_a_plain_day_ends_with_its_last_millisecond() -> None:
    end = read_time("--to", "2026-10-01", is_end=True)
    assert end == datetime(2026, 10, 1, 23, 59, 59, 999_000, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "2026-10-01T25:00Z"])
def test_what_is_no_time_is_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(Refused, match=r"--from .* is no time: write 2026-10-01"):
        read_time("--from", text)


def test_a_time_without_zone_is_refused_with_how_to_write_it() -> None:
    with pytest.raises(Refused, match="has no zone: write 2026-10-01T12:30Z"):
        read_time("--to", "2026-10-01T12:30")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "2026-10-01"], "a window needs all of --wallet, --from and --to"),
        (["--from", "2026-10-01", "--to", "2026-10-02"], "a window needs all of"),
        (
            ["--wallet", ADDRESS, "--from", "2026-10-02", "--to", "2026-10-01"],
            "--to 2026-10-01 lies before --from 2026-10-02",
        ),
        (["--wallet", ADDRESS, "--from", "soon", "--to", "2026-10-01"], "--from 'soon' is no time"),
        (
            ["--wallet", ADDRESS, "--from", "9000-01-01", "--to", "9000-01-02"],
            "--from 9000-01-01 lies in the future",
        ),
        (
            ["--wallet", ADDRESS, "--from", "0001-01-01T00:00+14:00", "--to", "2026-11-20"],
            "--from '0001-01-01T00:00+14:00' lies outside the years 1 to 9999 in UTC",
        ),
        (
            ["--wallet", ADDRESS, "--from", "2026-11-20", "--to", "9999-12-31T23:59-14:00"],
            "--to '9999-12-31T23:59-14:00' lies outside the years 1 to 9999 in UTC",
        ),
        (
            ["--wallet", ADDRESS, "--from", "1969-12-01", "--to", "1969-12-31"],
            "--to 1969-12-31 lies before 2023-01-01: the exchange has no earlier fill",
        ),
        (["--wallet", "0x12", "--from", "2026-10-01", "--to", "2026-10-01"], "0x12"),
    ],
)
def test_a_bad_window_is_one_line_and_exit_code_2(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    command = Path(sys.executable).with_name("hypertally")
    ended = subprocess.run(
        [command, "pull", "fills", *arguments],
        env=os.environ | {"HYPERTALLY_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert message in ended.stderr
    assert ended.stderr.count("\n") == 1
