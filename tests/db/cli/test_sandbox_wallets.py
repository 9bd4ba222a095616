"""A start of the sandbox tracks and names the wallets that its books have never known."""

import asyncio
import json
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from hypertally.cli import cli
from hypertally.cli.exchange.sandbox_wallets import SandboxWallet, track_listed

FORGOTTEN, REMOVED, UNNAMED, NEW = ("0x" + digits * 20 for digits in ("a1", "b2", "c3", "d4"))
NAMES = {FORGOTTEN: "Jump", REMOVED: "Wintermute", UNNAMED: "Tower", NEW: "Late"}


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli, ["wallets", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def tracked() -> dict[str, Any]:
    rows = [json.loads(line) for line in run("list", "--json").splitlines()]
    return {row["wallet"]: row["label"] for row in rows if row["to_day"] is None}


def start(url: str, *addresses: str) -> None:
    listed = [SandboxWallet(address=address, name=NAMES[address]) for address in addresses]
    asyncio.run(track_listed(url, msgspec.json.encode(listed)))


def test_a_start_brings_back_no_wallet_and_no_label_that_was_taken_away(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYPERTALLY_DATABASE_URL", database_url)
    first = (FORGOTTEN, REMOVED, UNNAMED)
    start(database_url, *first)
    assert tracked() == {wallet: NAMES[wallet] for wallet in first}
    run("forget", FORGOTTEN, "--yes")
    run("remove", REMOVED)
    run("label", UNNAMED, "--remove")
    start(database_url, *first)
    start(database_url, *NAMES)
    assert tracked() == {UNNAMED: None, NEW: "Late"}
