"""`hypertally status` names the limit that each part of the allowance has."""

from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from hypertally.cli import cli
from hypertally.settings import EXITS_WEIGHT_KEPT, EXITS_WEIGHT_MAX

HOST = "api.hyperliquid.xyz"


@pytest.mark.parametrize(
    ("allowance", "limits"),
    [
        ("1200", (1200, EXITS_WEIGHT_MAX, EXITS_WEIGHT_KEPT, 1200)),
        ("240", (240, 240, EXITS_WEIGHT_KEPT, 240)),
    ],
)
def test_fills_of_exits_have_a_limit_of_their_own(
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    allowance: str,
    limits: tuple[int, int, int, int],
) -> None:
    monkeypatch.setenv("HYPERTALLY_DATABASE_URL", database_url)
    monkeypatch.setenv("HYPERTALLY_HOME", str(tmp_path))
    monkeypatch.setenv("HYPERTALLY_WEIGHT_PER_MINUTE", allowance)
    names = (HOST, f"{HOST} (exits)", f"{HOST} (exits, kept)", f"{HOST} (snapshots)")
    with psycopg.connect(database_url) as connection:
        for name in names:
            connection.execute("insert into ops.weight_budgets (egress) values (%s)", [name])
            connection.execute(
                "insert into ops.weight_spends (egress, weight) values (%s, 42)", [name]
            )
    result = CliRunner().invoke(cli, ["status"], catch_exceptions=False)
    lines = [line for line in result.stdout.splitlines() if line.startswith("weight")]
    assert lines == [
        f"weight  {name}: 42 of {limit} in the last minute"
        for name, limit in zip(names, limits, strict=True)
    ]
