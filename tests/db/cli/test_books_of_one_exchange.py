"""Every command compares the exchange of the books with its own before it touches them."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import psycopg
import pytest
import stamina
import structlog
from click.testing import CliRunner, Result
from tests.db.store.earlier_release import make_books

from hypertally.cli import cli
from hypertally.errors import Refused
from hypertally.sandbox.exchange.server import running_sandbox
from hypertally.sandbox.population.population import Population

COMMAND = Path(sys.executable).with_name("hypertally")
LAST_MIGRATION = "0035"  # of the last release that did not note the exchange
WALLET = "0x" + "1f" * 20
TIMES = ["--from", "2026-01-01", "--to", "2026-01-02"]
# Commands that open no database, and the one that names the exchange of books.
WITHOUT_COMPARISON = {"sandbox", "sandbox seed", "plan", "alerts test", "adopt"}
# How each other command is called; a new command must stand here.
CALLS: dict[str, list[list[str]]] = {
    "up": [[], ["--sandbox"]],
    "api": [[]],
    "worker": [[]],
    "migrate": [[]],
    "orgs add": [["acme"]],
    "orgs list": [[]],
    "wallets add": [[WALLET]],
    "wallets import": [["{file}"], ["{file}", "--dry-run"]],
    "wallets list": [[]],
    "wallets export": [[]],
    "wallets label": [[WALLET, "Jump"]],
    "wallets tag": [[WALLET, "fund"]],
    "wallets note": [[WALLET, "seen"]],
    "wallets group": [["desk", WALLET], []],
    "wallets remove": [[WALLET]],
    "wallets forget": [[WALLET, "--yes"], [WALLET, "--dry-run"]],
    "users add": [["ann"]],
    "users list": [[]],
    "users set-role": [["ann", "viewer"]],
    "users remove": [["ann"]],
    "users sign-ins": [[]],
    "token": [[], ["--user", "ann"]],
    "tokens list": [[]],
    "tokens revoke": [["--user", "ann"]],
    "pull fills": [["--once"], ["--wallet", WALLET, *TIMES]],
    "twap ingest": [["--local-file", "{file}"]],
    "smart-money": [["--once"], ["--survivors"], ["--differences"]],
    "alerts": [[]],
    "alerts acknowledge": [["exit_cluster", "HYPE", "--by", "me"]],
    "status": [[]],
    "jobs dead": [[]],
    "jobs requeue": [["--all"]],
    "rejects list": [[]],
    "rejects decode": [[]],
    "rebuild": [[]],
    "verify": [[]],
    "archive seal": [[]],
    "archive verify": [[]],
    "archive list": [[]],
    "archive restore": [TIMES],
    "explain": [["global_day_metrics", "2026-01-01"]],
}
COUNTS = """
select (select count(*) from tenancy.orgs), (select count(*) from tenancy.user_profiles),
    (select count(*) from tenancy.wallets), (select count(*) from ops.jobs),
    (select count(*) from facts.pages), (select count(*) from ops.schema_migrations)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "wallets.txt"
    path.write_text(f"{WALLET}\n")
    return path


OURS = """
alter table ops.exchange_identity disable trigger user;
update ops.exchange_identity set exchange = 'ours';
alter table ops.exchange_identity enable trigger user;
"""


@pytest.fixture
def books(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Books of another exchange than the settings name."""
    monkeypatch.setenv("HYPERTALLY_DATABASE_URL", database_url)
    monkeypatch.setenv("HYPERTALLY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HYPERTALLY_NETWORK", "another")
    monkeypatch.setenv("HYPERTALLY_PORT", "0")
    yield database_url
    structlog.reset_defaults()
    stamina.instrumentation.set_on_retry_hooks(None)


def list_commands() -> Iterator[str]:
    """Every command that can be run, groups that run alone among them."""
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        if isinstance(command, click.Group):
            yield from (f"{name} {below}" for below in command.commands)
            if not command.invoke_without_command:
                continue
        yield name


def counts(url: str) -> tuple[int, ...] | None:
    with psycopg.connect(url) as connection:
        return connection.execute(COUNTS).fetchone()


def test_every_command_is_looked_at() -> None:
    assert set(CALLS) | WITHOUT_COMPARISON == set(list_commands())


@pytest.mark.parametrize(
    ("name", "arguments"), [(name, call) for name, calls in CALLS.items() for call in calls]
)
def test_a_command_refuses_books_of_another_exchange(
    books: str, file: Path, name: str, arguments: list[str]
) -> None:
    with psycopg.connect(books) as connection:
        connection.execute(OURS.encode())
    before = counts(books)
    call = [*name.split(), *(argument.format(file=file) for argument in arguments)]
    result = CliRunner().invoke(cli, call)
    assert isinstance(result.exception, Refused), result.output
    exchange = r"sandbox:7@[0-9a-f]{8}" if "--sandbox" in call else "another"
    assert re.search(rf"books are of ours, but the settings name {exchange} \(", refusal_of(result))
    assert "HYPERTALLY_DATABASE_URL" in refusal_of(result)
    assert counts(books) == before


def refusal_of(result: Result) -> str:
    return str(result.exception)


@pytest.mark.parametrize("place", ["before", "after"])
def test_every_command_can_be_asked_to_use_the_sandbox(
    books: str, file: Path, place: str, tmp_path: Path
) -> None:
    """Where none runs, each says so, and none turns to the real exchange instead."""
    for name, calls in CALLS.items():
        if name == "up":
            continue
        arguments = [argument.format(file=file) for argument in calls[0]]
        call = [*name.split(), *arguments]
        call = ["--sandbox", *call] if place == "before" else [*call, "--sandbox"]
        result = CliRunner().invoke(cli, call)
        assert isinstance(result.exception, Refused), (name, result.output)
        assert str(result.exception) == (
            f"no sandbox runs in {tmp_path / 'home'}: start it with `hypertally up --sandbox`"
        ), name


def test_the_refusal_is_one_line_and_exit_code_2(books: str) -> None:
    done = subprocess.run([COMMAND, "status"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n"), done.stdout) == (2, 1, "")


def test_books_of_an_earlier_release_ask_once_and_are_adopted_once(
    books: str, server_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrations = tmp_path / "migrations"
    migrations.mkdir()
    url = make_books(server_url, migrations, monkeypatch, last_migration=LAST_MIGRATION)
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into tenancy.wallets (address) values (decode(repeat('1f', 20), 'hex'))"
        )
    monkeypatch.setenv("HYPERTALLY_DATABASE_URL", url)
    monkeypatch.setenv("HYPERTALLY_NETWORK", "mainnet")
    for command in ("status", "up", "migrate"):
        refused = str(CliRunner().invoke(cli, command).exception)
        assert "`hypertally adopt --exchange mainnet`" in refused
        assert "\n" not in refused
    shown = CliRunner().invoke(cli, "adopt")
    assert re.search(r"wallets +1 ", shown.output)
    assert "name no exchange yet" in str(shown.exception)
    for _ in range(2):
        adopted = CliRunner().invoke(cli, ["adopt", "--exchange", "mainnet"])
        assert "these books are of mainnet (chain id 999)" in adopted.output
    for name, words in (("sandbox:7", "books are of mainnet"), ("two words", "without blanks")):
        assert words in str(CliRunner().invoke(cli, ["adopt", "--exchange", name]).exception)
    assert CliRunner().invoke(cli, "status").exit_code == 0


def test_empty_answers_of_another_exchange_prove_nothing(
    unnamed_url: str, books: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Books of one made-up exchange are not pulled from another one on the port of the first."""
    monkeypatch.delenv("HYPERTALLY_NETWORK")
    for seed, arguments in ((7, ["wallets", "add", WALLET]), (8, ["pull", "fills", "--once"])):
        result = asyncio.run(invoke_beside(f"sandbox:{seed}", arguments, monkeypatch))
    assert "books are of sandbox:7, but the settings name sandbox:8" in str(result.exception)
    with psycopg.connect(unnamed_url) as connection:
        assert connection.execute("select count(*) from facts.pages").fetchone() == (0,)


def test_two_worlds_of_one_seed_have_books_of_their_own(
    unnamed_url: str, books: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HYPERTALLY_NETWORK")
    worlds = {"first": "sandbox:7@00000001", "second": "sandbox:7@00000002"}
    for world in ("first", "first", "second"):
        result = asyncio.run(invoke_beside(worlds[world], ["wallets", "list"], monkeypatch))
        assert (result.exit_code == 0) == (world == "first")
    refusal = refusal_of(result)
    assert f"books are of {worlds['first']}, but the settings name {worlds['second']}" in refusal
    assert "start the world that these books are of" in refusal
    monkeypatch.setenv("HYPERTALLY_NETWORK", "SANDBOX:7")  # as people write it
    for name in (worlds["first"], "sandbox:7"):
        assert asyncio.run(invoke_beside(name, ["wallets", "list"], monkeypatch)).exit_code == 0


def test_books_that_name_no_world_are_of_any(
    unnamed_url: str, books: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(unnamed_url) as connection:
        connection.execute(
            "insert into ops.exchange_identity (exchange, said_by) values ('Sandbox:7', 'adopt')"
        )
    monkeypatch.delenv("HYPERTALLY_NETWORK")
    for world in ("sandbox:7@00000001", "sandbox:7@00000002"):
        assert asyncio.run(invoke_beside(world, ["wallets", "list"], monkeypatch)).exit_code == 0


async def invoke_beside(
    identity: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> Result:
    """Run a command while an exchange of that name answers."""
    nobody = Population(
        seed=1, wallets=0, days=1, until_ms=1_795_000_000_000, fills=0, live_per_second=0
    )
    async with running_sandbox(nobody, identity=identity) as url:
        monkeypatch.setenv("HYPERTALLY_INFO_URL", f"{url}/info")
        return await asyncio.to_thread(CliRunner().invoke, cli, arguments)


def test_a_sandbox_whose_past_is_lost_is_not_made_again_beside_its_books(
    unnamed_url: str, books: str, tmp_path: Path
) -> None:
    with psycopg.connect(unnamed_url) as connection:
        connection.execute(
            "insert into ops.exchange_identity (exchange, said_by) values ('sandbox:7', 'adopt')"
        )
        connection.execute(
            "insert into tenancy.wallets (address) values (decode(repeat('1f', 20), 'hex'))"
        )
    refused = str(CliRunner().invoke(cli, ["up", "--sandbox"]).exception)
    state = tmp_path / "home" / "sandbox" / "exchange.json"
    assert f"the state of the made-up exchange, {state}, is missing" in refused
    assert not (tmp_path / "home" / "sandbox" / "addresses.json").exists()
