"""`hypertally wallets label`: a label is given, shown and taken away; what is none is refused."""

import json
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from hypertally.cli import cli
from hypertally.errors import Refused

WALLET = "0x" + "3f" * 20
NOT_TRACKED = "0x" + "2f" * 20


@pytest.fixture(autouse=True)
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of an org that tracks a wallet."""
    monkeypatch.setenv("HYPERTALLY_DATABASE_URL", database_url)
    monkeypatch.setenv("HYPERTALLY_HOME", str(tmp_path))
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "with wallet as (insert into tenancy.wallets (address) values (%s) returning id) "
            "insert into tenancy.org_wallets (org_id, wallet_id) "
            "select o.id, w.id from tenancy.orgs as o, wallet as w",
            [bytes.fromhex(WALLET[2:])],
        )


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli, ["wallets", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def listed() -> str | None:
    return json.loads(run("list", "--json"))["label"]


def test_a_wallet_has_a_label_until_it_is_taken_away() -> None:
    assert (run("label", WALLET), listed()) == (f"{WALLET} has no label\n", None)
    assert run("label", WALLET.upper().replace("X", "x", 1), " Jump [/b] ") == (
        f"{WALLET} is called Jump [/b]\n"
    )
    assert run("label", WALLET, "Møller & co") == f"{WALLET} is called Møller & co\n"
    assert run("label", WALLET) == f"{WALLET} is called Møller & co\n"
    assert listed() == "Møller & co"
    assert "Møller & co" in run("list")
    assert run("label", WALLET, "--remove") == f"{WALLET} has no label any more\n"
    assert listed() is None


def test_an_empty_text_takes_the_label_away_and_a_new_wording_keeps_its_time(
    database_url: str,
) -> None:
    run("label", WALLET, "x" * 64)
    with psycopg.connect(database_url, autocommit=True) as connection:
        first = connection.execute("select labelled_at from tenancy.wallet_labels").fetchall()
        run("label", WALLET, "Jump")
        again = connection.execute("select labelled_at from tenancy.wallet_labels").fetchall()
    assert first == again
    run("label", WALLET, " ")
    assert listed() is None


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((NOT_TRACKED, "Jump"), "is not tracked by default"),
        ((WALLET, "x" * 65), "is not a label"),
        ((WALLET, "two\nlines"), "is not a label"),
        ((WALLET, "a\u202eb"), "is not a label"),
        ((WALLET, "--remove"), "has no label of default"),
        ((WALLET, ""), "has no label of default"),
        ((WALLET, "Jump", "--remove"), "'Jump' and --remove"),
        ((WALLET, "Jump", "--org", "nobody"), "no org is called"),
    ],
)
def test_what_is_no_label_is_refused(arguments: tuple[str, ...], text: str) -> None:
    with pytest.raises(Refused, match=text):
        run("label", *arguments)
