"""Where the sandbox of a home is, and that its settings lead nowhere else."""

import re
from pathlib import Path

import pytest

from hypertally import settings
from hypertally.cli.exchange.sandbox_home import (
    ADDRESS_FILE,
    SandboxAddresses,
    find_addresses,
    plan_addresses,
    published,
    sandbox_folder,
)
from hypertally.errors import Refused
from hypertally.sandbox.launch import world_of
from hypertally.settings import PREFIX, Settings
from hypertally.store.embedded.join import hold_home

URL = "http://127.0.0.1:8899"
REAL = {
    "info_url": "https://api.hyperliquid.xyz/info",
    "ws_url": "wss://api.hyperliquid.xyz/ws",
    "leaderboard_url": "https://stats-data.hyperliquid.xyz/Mainnet/leaderboard",
    "leaderboard_fallback_url": "https://mirror.hyperliquid.xyz/leaderboard",
    "twap_url": "s3://hyperliquid/twaps",
    "archive_url": "s3://hyperliquid/fills",
    "seal_url": "s3://hyperliquid/seals",
    "evm_rpc_url": "https://rpc.hyperliquid.xyz/evm",
    "heartbeat_url": "https://hyperliquid.example/ping",
    "database_url": "postgresql://me@hyperliquid.example/books",
    "owner_database_url": "postgresql://owner@hyperliquid.example/books",
    "api_database_url": "postgresql://reader@hyperliquid.example/books",
}
# Of who reads the books, whatever exchange they are of.
OF_READERS = {"public_url", "jwks_url", "people_database_url"}


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of a home, with nothing else in the environment."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"{PREFIX}{name.upper()}", raising=False)
    monkeypatch.setenv(f"{PREFIX}HOME", str(tmp_path))
    return settings.read()


def plan(own: Settings, replay: Path | None = None) -> SandboxAddresses:
    return plan_addresses(own, url=URL, port=8000, replay=replay)


def test_no_setting_of_the_sandbox_leads_to_the_real_exchange(
    own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(REAL) == {
        name for name in Settings.model_fields if name.endswith("_url") and name not in OF_READERS
    }
    addresses = plan(own)
    for name, value in REAL.items():
        monkeypatch.setenv(f"{PREFIX}{name.upper()}", value)
    sandbox = settings.read(addresses.overrides())
    assert "hyperliquid" not in repr(sandbox.model_dump(exclude={"database_url", "heartbeat_url"}))
    assert (sandbox.database_url, sandbox.heartbeat_url) == (None, None)
    assert (sandbox.owner_database_url, sandbox.api_database_url) == (None, None)
    assert (sandbox.network, sandbox.info_url) == (addresses.exchange, f"{URL}/info")
    assert sandbox.home == own.home / "sandbox"
    for name, value in addresses.environment().items():
        monkeypatch.setenv(name, value)
    assert settings.read() == sandbox


def test_a_world_keeps_its_number_and_shares_it_with_no_other(
    own: Settings, tmp_path: Path
) -> None:
    """Sandboxes of one seed had one name, whenever they were begun."""
    names = [plan(own).exchange for _ in range(2)]
    assert re.fullmatch(r"sandbox:7@[0-9a-f]{8}", names[0])
    assert names[0] == names[1]
    elsewhere = own.model_copy(update={"home": tmp_path / "elsewhere"})
    assert plan(elsewhere).exchange != names[0]
    assert world_of(None) != world_of(None)  # without a state it is gone with its process


def test_recordings_have_books_of_their_own(own: Settings, tmp_path: Path) -> None:
    addresses = plan(own, replay=tmp_path / "two words")
    assert addresses.exchange == "replay:two_words"
    assert addresses.home == str(tmp_path / "sandbox" / "replay-two_words")
    assert settings.read(addresses.overrides()).network == "replay:two_words"


def test_a_sandbox_is_found_while_it_runs_and_only_then(own: Settings) -> None:
    addresses = plan(own)
    file = sandbox_folder(own) / ADDRESS_FILE
    with pytest.raises(Refused, match="no sandbox runs in"):
        find_addresses(own)
    with hold_home(sandbox_folder(own)):
        with published(own, addresses):
            assert find_addresses(own) == addresses
            assert file.stat().st_mode & 0o077 == 0  # it may hold a password
            left_behind = file.read_bytes()
        assert not file.exists()
        file.write_bytes(left_behind)
    with pytest.raises(Refused, match=rf"process {addresses.pid} is gone and left {file} behind"):
        find_addresses(own)
    file.write_text("{}")
    with pytest.raises(Refused, match="cannot be read"):
        find_addresses(own)
