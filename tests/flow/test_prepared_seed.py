"""A prepared seed: made by a command, loaded into a new home, equal to the oracle, and going on."""

import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pyarrow as pa
import pytest
from tests.flow.books import open_books
from tests.flow.prepared_signals import require_signals_of_oracle

from hypertally.cli.exchange.seed_file import SEED_FILE, UNPACKING, is_new, load_seed
from hypertally.sandbox.oracles.activity import wallet_days
from hypertally.sandbox.oracles.inputs import population_fills, population_usd_prices
from hypertally.sandbox.population.sessions import EDITION, LiveSessions, read_options
from hypertally.store.embedded.join import ensure_running

COMMAND = Path(sys.executable).with_name("hypertally")
STOP_SECONDS_MAX = 30


def environment(home: Path) -> dict[str, str]:
    chosen = {"HOME": str(home), "PORT": "0", "SMART_MONEY": "off"}
    return os.environ | {f"HYPERTALLY_{name}": value for name, value in chosen.items()}


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smallest world as a seed."""
    file = tmp_path_factory.mktemp("seed") / SEED_FILE
    home = tmp_path_factory.mktemp("unused")
    leftover = file.with_name(f"{SEED_FILE}.making")  # of a command that was killed
    (leftover / "sandbox" / "postgres" / "data" / "base").mkdir(parents=True)
    command = subprocess.run(
        [COMMAND, "sandbox", "seed", "--world", "tiny", "--output", file],
        env=environment(home),
        capture_output=True,
        text=True,
        check=True,
    )
    assert command.stdout.strip() == str(file)
    assert not leftover.exists()
    assert not list(home.iterdir()), "the home of the settings is not touched"
    return file


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *arguments], env=environment(home), capture_output=True, text=True, check=False
    )


@contextmanager
def running(home: Path) -> Iterator[list[str]]:
    """The lines that `up --sandbox` prints until everything runs."""
    with subprocess.Popen(
        [COMMAND, "up", "--sandbox"], env=environment(home), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines: list[str] = []
        try:
            for line in process.stdout:
                lines.append(line)
                if line.startswith("Commands find it"):
                    break
            yield lines
        finally:
            process.terminate()
            process.wait(STOP_SECONDS_MAX)


def member_names(seed: Path) -> list[str]:
    with (
        pa.CompressedInputStream(str(seed), "zstd") as stream,
        tarfile.open(fileobj=stream, mode="r|") as archive,
    ):
        return [member.name for member in archive]


def test_a_seed_is_private_and_holds_no_secret_of_tokens(seed: Path) -> None:
    names = member_names(seed)
    assert names[0] == "seed.json"
    assert {"exchange.json", "postgres/data/PG_VERSION"} <= {*names}
    assert not {"jwt_secret", "addresses.json", "postgres/data/postmaster.pid"} & {*names}
    assert seed.stat().st_mode & 0o077 == 0


async def test_a_new_sandbox_begins_with_the_books_of_the_seed_and_they_are_right(
    seed: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / SEED_FILE).hardlink_to(seed)
    leftover = home / "sandbox" / UNPACKING / "postgres"  # of a start that was killed
    leftover.mkdir(parents=True)
    with running(home) as lines:
        assert not leftover.exists()
        assert "the world tiny was loaded from" in lines[0]
        verified = run(home, "verify", "--sandbox")
        assert verified.returncode == 0, verified.stdout
        assert re.search(r"wallet_day_metrics: [1-9]\d* rows, 0 differ", verified.stdout)
        addresses = json.loads((home / "sandbox" / "addresses.json").read_text())
        await require_days_of_oracle(home, addresses["home"])
        stories = read_stories(home, port=addresses["port"])
        assert stories.keys() >= {"herding", "late_fill", "gap_repaired"}
        late, repaired = stories["late_fill"], stories["gap_repaired"]
        assert late["wallet"] != repaired["wallet"], "each story is an event of its own"
        assert min(late["fills"], repaired["fills"]) > 0
        assert late["alert"] is None, "nobody missed the spot fill"
        assert re.search(r"signals: [1-9]\d* rows, 0 differ", verified.stdout)
    assert not is_new(home / "sandbox"), "the next start goes on, and loads no seed"


def read_stories(home: Path, *, port: int) -> dict[str, dict[str, Any]]:
    """What the page tells to look at, by kind."""
    token = run(home, "token", "--sandbox").stdout.strip()
    answer = httpx2.get(
        f"http://127.0.0.1:{port}/api/v1/stories", headers={"Authorization": f"Bearer {token}"}
    )
    return {story["kind"]: story for story in answer.json()["stories"]}


async def require_days_of_oracle(home: Path, sandbox: str) -> None:
    """Require that each day that is over is the oracle's, of the same world made once more."""
    state = Path(sandbox) / "exchange.json"
    copied = home / "copied.json"
    copied.write_bytes(state.read_bytes())
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    world = LiveSessions(copied, read_options(copied), now_ms=now_ms).population
    expected = wallet_days(population_fills(world), population_usd_prices(world))
    today = datetime.now(UTC).date()
    async with await ensure_running(Path(sandbox)) as server, open_books(server.url) as books:
        stored = await books.wallet_days()
        labels = await books.value("select count(*) from tenancy.wallet_labels")
        await require_signals_of_oracle(books, state, world="tiny")
        moved = "select count(*) from metrics.restatements where cause = 'late facts'"
        assert await books.value(moved) > 0, "the fills that came late"
    assert labels == 5
    over = {key: day for key, day in expected.items() if key[1] < today}
    assert len(over) > 50
    assert {key: day for key, day in stored.items() if key[1] < today} == over


def test_a_seed_of_another_release_or_world_is_left_alone(seed: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    other = load_seed(seed, home, edition=-1, schema="9999", world=None)
    assert "another release" in other
    assert "begins without" in load_seed(seed, home, edition=EDITION, schema="9999", world="desk")
    assert "another release" in load_seed(seed, home, edition=EDITION, schema="0001", world=None)
    assert not home.exists()


def test_a_broken_seed_is_refused_in_a_line(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / SEED_FILE).write_bytes(b"not a seed")
    up = run(home, "up", "--sandbox")
    assert (up.returncode, up.stderr.count("\n")) == (2, 1)
    assert "remove it and start again" in up.stderr
