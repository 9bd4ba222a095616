"""Tags, groups and notes of wallets, and their import and export: whole, or not at all."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from hypertally.cli import cli
from hypertally.errors import Refused

ONE, TWO, NEW = ("0x" + digits * 20 for digits in ("3f", "4f", "5f"))
TABLES = (
    "tenancy.wallets", "tenancy.org_wallets", "tenancy.wallet_labels", "tenancy.wallet_tags",
    "tenancy.wallet_groups", "tenancy.wallet_notes", "tenancy.org_revisions", "ops.jobs",
    "ops.dirty_global_days",
)  # fmt: skip


@pytest.fixture(autouse=True)
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of an org that tracks two wallets, beside another that tracks one of them."""
    monkeypatch.setenv("HYPERTALLY_DATABASE_URL", database_url)
    monkeypatch.setenv("HYPERTALLY_HOME", str(tmp_path))
    CliRunner().invoke(cli, ["orgs", "add", "other"], catch_exceptions=False)
    run("add", ONE, TWO)
    run("add", ONE, "--org", "other")


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["wallets", *arguments], catch_exceptions=False)


def run(*arguments: str) -> str:
    result = invoke(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def printed(*arguments: str) -> str:
    """What a command prints that then ends with exit code 2."""
    result = CliRunner().invoke(cli, ["wallets", *arguments])
    assert isinstance(result.exception, Refused)
    return result.stdout


def listed(*arguments: str) -> dict[str, Any]:
    rows = [json.loads(line) for line in run("list", "--json", *arguments).splitlines()]
    return {row["wallet"]: row for row in rows}


def contents(url: str) -> dict[str, object]:
    with psycopg.connect(url) as connection:
        return {
            table: connection.execute(f"select t::text from {table} as t order by 1").fetchall()
            for table in TABLES
        }


def test_tags_are_given_shown_and_taken_away() -> None:
    assert "tags: fund, mm" in run("tag", ONE, " MM ", "Fund")
    assert listed()[ONE]["tags"] == ["fund", "mm"]
    assert listed("--org", "other")[ONE]["tags"] == [], "seen by its org alone"
    assert "tags: mm" in run("tag", ONE, "fund", "--remove")
    assert json.loads(run("tag", ONE, "--json"))["tags"] == ["mm"]
    assert "tags: none" in run("tag", ONE, "--remove")


def test_groups_are_there_as_long_as_they_have_wallets() -> None:
    run("group", "Desk A", ONE, TWO)
    assert json.loads(run("group", "--json")) == {"name": "desk a", "wallets": [ONE, TWO]}
    run("group", "desk a", ONE, "--remove")
    assert listed()[TWO]["groups"] == ["desk a"]
    assert run("group", "--json", "--org", "other") == ""
    assert "none" in run("group", "DESK A", "--remove")
    assert run("group", "--json") == ""


def test_a_note_is_written_changed_and_taken_away() -> None:
    assert "note: asked on 3 May" in run("note", ONE, "asked on 3 May")
    run("note", ONE, "two\nlines")
    assert listed()[ONE]["note"] == "two\nlines"
    run("note", ONE, "--remove")
    assert listed()[ONE]["note"] is None


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("tag", NEW, "mm"), "is not tracked by default"),
        (("tag", TWO, "mm", "--org", "other"), "is not tracked by other"),
        (("tag", ONE, "a;b"), "is not a tag"),
        (("group", "a", NEW), "is not tracked by default"),
        (("group", "a"), "default has no group 'a'"),
        (("group", "a", "--remove"), "default has no group 'a'"),
        (("group", "x" * 33, ONE), "is not a name for a group"),
        (("group", "--remove"), "needs the name of a group"),
        (("note", ONE, "x" * 1001), "is not a note"),
        (("note", NEW), "is not tracked by default"),
    ],
)
def test_what_cannot_be_is_refused(arguments: tuple[str, ...], text: str) -> None:
    with pytest.raises(Refused, match=text):
        run(*arguments)


def test_a_file_of_names_is_imported_and_exported_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "wallets.csv"
    file.write_text(
        "address,label,tags,groups,note\n"
        f'{ONE},"Jump, Inc",mm;fund,desk,\n'
        f"{NEW},,whale,,seen on 3 May\n"
    )
    assert run("import", str(file)) == (
        "1 added, 1 were tracked already, 2 with other labels, tags, groups or notes\n"
    )
    exported = run("export")
    assert exported == (
        "address,label,tags,groups,note\n"
        f'{ONE},"Jump, Inc",fund;mm,desk,\n'
        f"{TWO},,,,\n"
        f"{NEW},,whale,,seen on 3 May\n"
    )
    file.write_text(exported)
    run("import", str(file), "--org", "other")
    assert run("export", "--org", "other") == exported
    file.write_text(f"address,tags\n{ONE},hft\n")
    run("import", str(file))
    assert (listed()[ONE]["label"], listed()[ONE]["tags"]) == ("Jump, Inc", ["hft"])


def test_a_file_with_a_wrong_line_changes_nothing(tmp_path: Path, database_url: str) -> None:
    file = tmp_path / "wallets.csv"
    file.write_text(f"address,label\n{NEW},fine\n0x12,short\n")
    before = contents(database_url)
    with pytest.raises(Refused, match=r"nothing was imported: line 3: '0x12' is not an address"):
        run("import", str(file))
    assert contents(database_url) == before


def test_a_dry_run_says_what_would_change_and_writes_nothing(
    tmp_path: Path, database_url: str
) -> None:
    run("add", TWO, "--from", "2999-05-01", "--org", "other")
    file = tmp_path / "wallets.csv"
    file.write_text(f"address,label\n{ONE},Jump\n{TWO},\n{NEW},\n{NEW},\n")
    before = contents(database_url)
    trial = ("import", str(file), "--dry-run", "--org", "other", "--from", "2999-01-01")
    with pytest.raises(Refused, match=f"not moved to 2999-01-01: 1 .*{ONE} from its first fill on"):
        run(*trial)
    output, row = printed(*trial), json.loads(printed(*trial, "--json"))
    assert (row["added"], row["kept"], row["wrong"]) == (1, 1, [])
    assert row["cost"] == {"first_pulls_min": 20, "idle_per_minute": 1, "busy_per_minute": 20}
    assert output.startswith(
        "nothing is changed; it would be: 1 added, 1 now counted from 2999-01-01, "
        "1 with other labels, tags, groups or notes, repeated lines: 1\n"
    )
    assert (
        "first pulls: 20 of the request weight, or more; then 1 a minute if all are idle" in output
    )
    with file.open("a") as more:
        more.write("0x12,\n")
    with pytest.raises(Refused, match="holds 1 wrong lines: it would not be imported"):
        run("import", str(file), "--dry-run")
    assert contents(database_url) == before


def test_a_wallet_is_forgotten_after_a_question_or_without(database_url: str) -> None:
    run("label", ONE, "Jump")
    run("tag", ONE, "mm")
    before = contents(database_url)
    assert run("forget", ONE, "--dry-run") == (
        "nothing is changed; it would be: 1 forgotten, 0 days of default to be computed again\n"
    )
    with pytest.raises(Refused, match="nothing was forgotten: answer y, or give --yes"):
        run("forget", ONE)
    assert contents(database_url) == before
    question = CliRunner().invoke(cli, ["wallets", "forget", ONE], input="y\n")
    assert f"{ONE} (Jump): 1 forgotten" in question.output
    assert "This cannot be undone. Go on?" in question.output
    assert list(listed()) == [TWO]
    assert list(listed("--org", "other")) == [ONE]
    assert "the facts of 1 count nowhere any more" in run("forget", TWO, "--yes")
    with pytest.raises(Refused, match=f"default never tracked {ONE}, {TWO}"):
        run("forget", ONE, TWO, "--yes")
    run("add", ONE)
    assert (listed()[ONE]["label"], listed()[ONE]["tags"]) == (None, [])
