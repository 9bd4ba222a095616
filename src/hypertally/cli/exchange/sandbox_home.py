"""The home of `hypertally up --sandbox`, and how other commands find what runs there.

The sandbox has a database, a secret and a state of its own below HOME/sandbox. While it runs, a
file there says where everything is. Only a command with --sandbox reads it.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from hypertally import settings as program_settings
from hypertally.addresses import without_password
from hypertally.cli.exchange import sandbox_option
from hypertally.errors import Refused
from hypertally.records import Record
from hypertally.settings import PREFIX, Overrides, Settings
from hypertally.store.embedded.join import find_holder

FOLDER = "sandbox"
ADDRESS_FILE = "addresses.json"
STATE_FILE = "exchange.json"
TWAPS_FOLDER = "twaps"
WEIGHT_PER_MINUTE = 1_000_000  # the most: the exchange is on this machine
FILLS_FOLDER = "archived-fills"  # empty: the made-up exchange has no archive of fills


class SandboxAddresses(Record, frozen=True, kw_only=True):
    """Where the sandbox of a home runs."""

    exchange: str  # sandbox:SEED@WORLD or replay:NAME
    home: str
    url: str  # of the made-up exchange
    port: int  # of the API and the page
    database_url: str | None  # None: the embedded server of `home`
    pid: int
    universe_size: int | None = None  # wallets that are watched; None: as the settings say

    @property
    def info_url(self) -> str:
        """Where the made-up exchange answers."""
        return f"{self.url}/info"

    @property
    def twaps(self) -> Path:
        """The folder of its TWAP statuses."""
        return Path(self.home, TWAPS_FOLDER)

    @property
    def state(self) -> Path:
        """The file by which the same population goes on after a restart."""
        return Path(self.home, STATE_FILE)

    @property
    def database(self) -> str:
        """The name of the database, without a password."""
        return without_password(self.database_url) if self.database_url else self.home

    def overrides(self) -> Overrides:
        """The settings that stand for the sandbox, whatever the environment says."""
        # Addresses beside that of a database are of that database alone.
        others = ("owner_database_url", "api_database_url")
        size = {} if self.universe_size is None else {"universe_size": str(self.universe_size)}
        return (
            (dict.fromkeys(others) if self.database_url is None else {})
            | size
            | {
                "home": self.home,
                "database_url": self.database_url,
                "network": self.exchange,
                "info_url": self.info_url,
                "ws_url": f"{self.url.replace('http', 'ws', 1)}/ws",
                "leaderboard_url": f"{self.url}/leaderboard",
                "leaderboard_fallback_url": None,
                "twap_url": self.twaps.as_uri(),
                "archive_url": Path(self.home, FILLS_FOLDER).as_uri(),
                "seal_url": None,
                "evm_rpc_url": f"{self.url}/evm",
                "heartbeat_url": None,
                "weight_per_minute": str(WEIGHT_PER_MINUTE),
            }
        )

    def environment(self) -> dict[str, str]:
        """The same for processes that are started: what is empty counts as not set."""
        return {f"{PREFIX}{name.upper()}": value or "" for name, value in self.overrides().items()}


def plan_addresses(
    settings: Settings, *, url: str, port: int, replay: Path | None, world: str | None = None
) -> SandboxAddresses:
    """Where a sandbox that is about to start will be; its folders are made.

    Recordings have a home of their own below the sandbox's: their books are of another exchange.
    A world of few leaders has a small universe.
    """
    # A web server loads slowly.
    from hypertally.sandbox.launch import LEADERS, WORLDS, identity_of, world_of

    home = sandbox_folder(settings)
    leaders = LEADERS if replay or world is None else WORLDS[world].leaders
    exchange = identity_of(replay=replay, regime=None, world=world_of(home / STATE_FILE))
    if replay is not None:
        home /= exchange.replace(":", "-")
    for folder in (TWAPS_FOLDER, FILLS_FOLDER):
        (home / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
    named = settings.database_url
    return SandboxAddresses(
        exchange=exchange,
        home=str(home),
        url=url,
        port=port,
        database_url=named.get_secret_value() if named else None,
        pid=os.getpid(),
        universe_size=leaders if leaders < LEADERS else None,
    )


def sandbox_folder(settings: Settings) -> Path:
    """The home of the sandbox below that of the settings."""
    return settings.home.absolute() / FOLDER


@contextmanager
def published(settings: Settings, addresses: SandboxAddresses) -> Generator[None]:
    """Let commands with --sandbox find the sandbox until the end."""
    file = sandbox_folder(settings) / ADDRESS_FILE
    written = file.with_suffix(".new")
    written.unlink(missing_ok=True)
    written.touch(mode=0o600)  # the address of a database holds its password
    written.write_bytes(msgspec.json.encode(addresses))
    written.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def find_addresses(settings: Settings) -> SandboxAddresses:
    """Where the sandbox of this home runs.

    Errors: `Refused` when none runs.
    """
    folder = sandbox_folder(settings)
    file = folder / ADDRESS_FILE
    try:
        addresses = msgspec.json.decode(file.read_bytes(), type=SandboxAddresses)
    except FileNotFoundError:
        raise Refused(
            f"no sandbox runs in {settings.home}: start it with `hypertally up --sandbox`"
        ) from None
    except (OSError, msgspec.DecodeError) as error:
        raise Refused(f"{file} cannot be read ({error}): remove it and start again") from error
    if find_holder(folder) is None:
        raise Refused(
            f"the sandbox of process {addresses.pid} is gone and left {file} behind: "
            "start it again with `hypertally up --sandbox`"
        )
    return addresses


def read_settings() -> Settings:
    """The settings of this command: with --sandbox those of the sandbox that runs.

    Errors: `Refused` for bad settings, or when --sandbox finds no sandbox.
    """
    settings = program_settings.read()
    if not sandbox_option.is_given():
        return settings
    return program_settings.read(find_addresses(settings).overrides())
