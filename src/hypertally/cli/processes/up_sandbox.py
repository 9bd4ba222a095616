"""`hypertally up --sandbox`: a made-up exchange and all parts against it."""

import asyncio
from functools import partial
from pathlib import Path

import click

from hypertally import settings as program_settings
from hypertally.cli import database, runtime
from hypertally.cli.exchange.sandbox_home import (
    STATE_FILE,
    WEIGHT_PER_MINUTE,
    SandboxAddresses,
    plan_addresses,
    published,
    sandbox_folder,
)
from hypertally.cli.exchange.sandbox_wallets import track_listed
from hypertally.cli.exchange.seed_file import SEED_FILE, finish_loading, is_new, load_seed
from hypertally.cli.processes.link import (
    HOST,
    SANDBOX_NAME,
    announce,
    base_address,
    free_port,
    get_body,
)
from hypertally.cli.processes.part_settings import api_environment, part_environment
from hypertally.cli.processes.parts import start_parts
from hypertally.errors import Refused
from hypertally.jobs.runtime.exchange_identity import holds_books
from hypertally.settings import Settings
from hypertally.store.embedded.join import hold_home
from hypertally.store.migrate import newest_migration
from hypertally.store.postgres import transaction


async def up_sandbox(
    settings: Settings, *, host: str, replay: Path | None, world: str | None
) -> None:
    """Start a made-up exchange and all parts against it, in a home of their own."""
    stopping = asyncio.Event()
    runtime.stop_on_signals(stopping.set)
    with hold_home(sandbox_folder(settings)):
        if replay is None and settings.database_url is None:
            _load_seed(settings, world)
        has_books = (sandbox_folder(settings) / STATE_FILE).exists() and replay is None
        port = free_port(settings.port, host=host)
        exchange_url = f"http://{HOST}:{free_port(0)}"
        chosen = None if replay else world or _world_of(settings)
        addresses = plan_addresses(
            settings, url=exchange_url, port=port, replay=replay, world=chosen
        )
        own = program_settings.read(addresses.overrides())
        async with database.migrated(own, anew=True) as url:
            if replay is None:
                await _require_state(url, addresses)
            with published(settings, addresses):
                link = partial(
                    announce,
                    own,
                    url,
                    base=base_address(host, port),
                    exchange=SANDBOX_NAME,
                    stopping=stopping,
                )
                environment = addresses.environment() | part_environment(own, url, port)
                async with start_parts(own, environment, stopping) as parts:
                    parts.start("sandbox", _sandbox_arguments(addresses, replay, chosen))
                    parts.start("api", ["api", "--host", host], api_environment(own, url))
                    if has_books:  # the page shows them while the exchange makes its past again
                        await link()
                    # The worker needs an exchange that answers and a complete TWAP source.
                    await _track_sandbox(url, exchange_url, stopping)
                    parts.start("worker", ["worker"])
                    if not has_books:
                        await link()
                    if not stopping.is_set():
                        click.echo("Commands find it by --sandbox: `hypertally status --sandbox`")
    click.echo("stopped")


def _load_seed(settings: Settings, world: str | None) -> None:
    """Begin a new home with the prepared seed, if there is one."""
    home, seed = sandbox_folder(settings), settings.home / SEED_FILE
    finish_loading(home)
    if is_new(home) and seed.exists():
        from hypertally.sandbox.population.sessions import EDITION

        schema = newest_migration()
        click.echo(load_seed(seed, home, edition=EDITION, schema=schema, world=world))


def _world_of(settings: Settings) -> str:
    """The world of a sandbox that began before, or else the usual one."""
    from hypertally.sandbox.launch import world_of_state  # a web server loads slowly

    return world_of_state(sandbox_folder(settings) / STATE_FILE) or "desk"


async def _require_state(url: str, addresses: SandboxAddresses) -> None:
    """Refuse books of a made-up exchange whose past is lost: made again, it has other fills."""
    if addresses.state.exists():
        return
    async with (
        database.worker_pool(url, size=1) as pool,
        transaction(pool) as connection,
    ):
        if await holds_books(connection):
            raise Refused(
                f"the state of the made-up exchange, {addresses.state}, is missing, and its books "
                f"are there: remove {addresses.database} to begin anew"
            )


def _sandbox_arguments(
    addresses: SandboxAddresses, replay: Path | None, world: str | None
) -> list[str]:
    """The command of the made-up exchange: where it listens, and what it remembers."""
    command = ["sandbox", "--port", addresses.url.rpartition(":")[2]]
    command += ["--weight-limit", str(WEIGHT_PER_MINUTE)]
    if replay or world is None:
        return [*command, "--replay", str(replay)]
    command += ["--world", world]
    return [*command, "--state", str(addresses.state), "--twaps-dir", str(addresses.twaps)]


async def _track_sandbox(url: str, sandbox: str, stopping: asyncio.Event) -> None:
    """Track the wallets of the made-up exchange for the first org."""
    listed = await get_body(f"{sandbox}/sandbox/wallets", stopping)
    if listed is not None:
        await track_listed(url, listed)
