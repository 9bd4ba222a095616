"""`hypertally up`: start the parts as processes in order, and keep them running."""

import asyncio
from pathlib import Path

import click

from hypertally import settings as program_settings
from hypertally.cli import database, runtime
from hypertally.cli.exchange import sandbox_option
from hypertally.cli.processes.link import HOST, announce, base_address, free_port
from hypertally.cli.processes.part_settings import api_environment, part_environment
from hypertally.cli.processes.parts import start_parts
from hypertally.cli.processes.up_sandbox import up_sandbox
from hypertally.cli.processes.worker import channels_of
from hypertally.errors import Refused
from hypertally.settings import PREFIX, Settings
from hypertally.store.embedded.join import hold_home


@click.command(name="up")
@click.option("--sandbox", is_flag=True, help="Run against a made-up exchange on this machine.")
@click.option("--host", default=HOST, show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    help=f"The port to listen on; 0: any that is free.  [{PREFIX}PORT]",
)
@click.option(
    "--replay",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="With --sandbox: serve the recorded answers of this folder instead.",
)
@click.option(
    "--world",
    type=click.Choice(["desk", "small", "tiny"]),
    help="With --sandbox: how large the made-up world is.  [default: desk; later, as it began]",
)
def up_command(
    *, sandbox: bool, host: str, port: int | None, replay: Path | None, world: str | None
) -> None:
    """Start all parts: database, worker, API and page. Ctrl-C stops them."""
    sandbox = sandbox or sandbox_option.is_given()
    if replay and not sandbox:
        raise Refused("--replay serves recordings in place of the exchange: it needs --sandbox")
    runtime.configure_logs()
    settings = program_settings.read({} if port is None else {"port": str(port)})
    channels_of(settings)  # a bad address stops the start of every part
    runtime.run(
        up_sandbox(settings, host=host, replay=replay, world=world)
        if sandbox
        else _up(settings, host)
    )


async def _up(settings: Settings, host: str) -> None:
    """Start all parts against the exchange of the settings, and keep them running."""
    stopping = asyncio.Event()
    runtime.stop_on_signals(stopping.set)
    with hold_home(settings.home):
        port = free_port(settings.port, host=host)
        async with database.migrated(settings, anew=True) as url:
            environment = part_environment(settings, url, port)
            async with start_parts(settings, environment, stopping) as parts:
                parts.start("api", ["api", "--host", host], api_environment(settings, url))
                parts.start("worker", ["worker"])
                await announce(
                    settings,
                    url,
                    base=base_address(host, port),
                    exchange=settings.info_url,
                    stopping=stopping,
                )
    click.echo("stopped")
