"""Commands print the text of others as it is: no bracket in it decides what a line looks like."""

from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from hypertally.cli import cli

# Brackets are markup to a terminal library, and a closing tag without an opening one an error.
HOSTILE = f"'[/b]' is no coin [bold]{'x' * 200} the end"


@pytest.fixture
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPERTALLY_DATABASE_URL", database_url)
    monkeypatch.setenv("HYPERTALLY_HOME", str(tmp_path))
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "insert into ops.jobs (kind, payload, status, attempts, max_attempts, last_error, "
            "finished_at) values ('ingest_wallet', '{}', 'dead', 10, 10, %s, now())",
            [HOSTILE],
        )
        connection.execute(
            "insert into ops.alert_state (type, subject, level, state, since, reason, judged_at) "
            "values ('rejects', 'all', 'medium', 'firing', now(), %s, now())",
            [HOSTILE],
        )


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("command", ["jobs dead", "status", "alerts"])
def test_text_of_others_is_printed_whole(command: str) -> None:
    result = CliRunner().invoke(cli, command.split(), catch_exceptions=False)
    assert result.exit_code == 0
    (line,) = [line for line in result.stdout.splitlines() if "is no coin" in line]
    assert HOSTILE in line


@pytest.mark.usefixtures("settings")
def test_an_alert_of_a_spot_coin_is_listed_with_its_pair(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "insert into ops.alert_state (type, subject, level, state, since, reason, judged_at) "
            "values ('twap_large', '0x' || repeat('ab', 20) || '/@232/7', 'medium', 'resolved', "
            "now(), 'over', now())"
        )
        connection.execute(
            "insert into facts.spot_pairs (coin, base_token, quote_token, fingerprint, page_id) "
            "values ('@232', 'HYPE', 'USDH', 1, 1)"
        )
    result = CliRunner().invoke(cli, ["alerts"], catch_exceptions=False)
    assert f"0x{'ab' * 20}/@232/7 (HYPE/USDH)" in result.stdout
