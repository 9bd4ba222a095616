"""What commands on a made-up exchange say when they refuse: one line, about its own books."""

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from hypertally.cli import cli
from hypertally.cli.exchange.sandbox_option import for_sandbox
from hypertally.errors import Refused
from hypertally.sandbox.launch import WORLDS
from hypertally.sandbox.population.population import DEFAULT_SEED
from hypertally.sandbox.population.sessions import LiveSessions, PopulationOptions

NOW_MS = 1_790_000_000_000


@pytest.mark.parametrize(
    ("remedy", "expected"),
    [
        ("`hypertally users list` shows it", "`hypertally users list --sandbox` shows it"),
        ("run `hypertally status --sandbox`", "run `hypertally status --sandbox`"),
        ("start it with `hypertally up --sandbox`", "start it with `hypertally up --sandbox`"),
        ("run `hypertally up` first", "run `hypertally up` first"),
        (
            "`hypertally users add x`, then `hypertally token`",
            "`hypertally users add x --sandbox`, then `hypertally token --sandbox`",
        ),
        ("`--org x` instead", "`--org x` instead"),
    ],
)
def test_a_remedy_names_the_books_that_it_is_about(remedy: str, expected: str) -> None:
    assert for_sandbox(remedy) == expected


def test_a_population_of_another_edition_is_refused_with_what_to_remove(tmp_path: Path) -> None:
    state, tiny = tmp_path / "exchange.json", WORLDS["tiny"]
    options = PopulationOptions(
        seed=DEFAULT_SEED,
        wallets=tiny.wallets,
        days=90,
        fills=tiny.fills,
        live_per_second=tiny.live_per_second,
        scale=tiny.scale,
    )
    LiveSessions(state, options, now_ms=NOW_MS)
    saved = msgspec.json.decode(state.read_bytes())
    state.write_bytes(msgspec.json.encode(saved | {"edition": 1}))
    command = ["sandbox", "--port", "0", "--world", "tiny", "--state", str(state)]
    with pytest.raises(Refused, match="a population of edition 1, this program") as refused:
        CliRunner().invoke(cli, command, standalone_mode=False, catch_exceptions=False)
    assert f"all of {tmp_path}" in str(refused.value)
