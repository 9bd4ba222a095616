"""The running parts: `up` starts them all; `api`, `worker`, `migrate`, `sandbox` one by one."""

from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import click
import structlog

from hypertally import settings as program_settings
from hypertally.api.app import ApiOptions, serve
from hypertally.cli import running, up
from hypertally.errors import Refused
from hypertally.jobs.budget import SharedBudget
from hypertally.jobs.clock import now
from hypertally.jobs.worker import POOL_SIZE, Options, Worker
from hypertally.sandbox.launch import build_exchange
from hypertally.sandbox.launch import run as run_sandbox
from hypertally.settings import Settings
from hypertally.sources.info import InfoClient

HOST = "127.0.0.1"
SANDBOX_PORT = 8899
UI = Path(str(files("hypertally") / "ui"))


@click.command(name="up")
@click.option("--sandbox", is_flag=True, help="Run against a made-up exchange on this machine.")
@click.option(
    "--replay",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="With --sandbox: serve the recorded answers of this folder instead.",
)
def up_command(*, sandbox: bool, replay: Path | None) -> None:
    """Start everything: database, workers, API and page. Ctrl-C stops it."""
    if replay and not sandbox:
        raise Refused("--replay serves recordings in place of the exchange: it needs --sandbox")
    running.configure_logs()
    running.run(up.run(program_settings.read(), sandbox=sandbox, replay=replay))


@click.command(name="api")
@click.option("--host", default=HOST, show_default=True)
def api_command(*, host: str) -> None:
    """Serve the API and the page."""
    running.configure_logs()
    settings = program_settings.read()

    async def find_url() -> str:
        async with running.database_url(settings) as url:
            return url

    if settings.database_url:
        serve(api_options(settings, running.run(find_url())), host, settings.port)
        return
    running.run(_serve_on_embedded(settings, host))


async def _serve_on_embedded(settings: Settings, host: str) -> None:
    import uvicorn

    from hypertally.api.app import server_config

    async with running.migrated(settings) as url:
        config = server_config(api_options(settings, url), host=host, port=settings.port)
        await uvicorn.Server(config).serve()


def api_options(settings: Settings, url: str) -> ApiOptions:
    """What the settings say about the API."""
    return ApiOptions(
        database_url=url,
        version=version("hypertally"),
        jwt_secret=running.jwt_secret(settings),
        jwks_url=settings.jwks_url,
        jwt_audience=settings.jwt_audience,
        ui_dir=UI,
    )


@click.command(name="worker")
def worker_command() -> None:
    """Run jobs: pull fills, roll them up. Any number of workers share one database."""
    running.configure_logs()
    running.run(work(program_settings.read()))


async def work(settings: Settings, *, until_idle: bool = False) -> None:
    """Run a worker until a signal, or until nothing is due."""
    async with (
        running.migrated(settings) as url,
        running.worker_pool(url, size=POOL_SIZE) as pool,
        InfoClient(settings.info_url, budget=shared_budget(pool, settings), now=now) as info,
    ):
        worker = Worker(pool, info, Options(until_idle=until_idle))
        running.stop_on_signals(worker.stop)
        structlog.get_logger().info("worker started", exchange=settings.info_url)
        await worker.run()


def shared_budget(pool: running.Pool, settings: Settings) -> SharedBudget:
    """The allowance that all processes share that ask this address."""
    egress = urlsplit(settings.info_url).netloc
    return SharedBudget(pool, egress=egress, weight_per_minute=settings.weight_per_minute)


@click.command(name="migrate")
def migrate_command() -> None:
    """Bring the database to the schema of this version."""
    settings = program_settings.read()

    async def apply() -> list[str]:
        async with running.database_url(settings) as url:
            return await running.bring_up_to_date(url)

    applied = running.run(apply())
    for line in applied:
        click.echo(f"applied {line}")
    click.echo("the database is up to date")


@click.command(name="sandbox")
@click.option("--port", default=SANDBOX_PORT, show_default=True)
@click.option("--seed", default=7, show_default=True)
@click.option("--wallets", default=40, show_default=True)
@click.option("--days", default=90, show_default=True)
@click.option("--fills", default=8000, show_default=True)
@click.option("--live-per-second", default=0.2, show_default=True, help="New fills while it runs.")
@click.option(
    "--replay",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Serve the recorded answers below this folder instead.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep in this file what the same population needs to go on after a restart.",
)
def sandbox_command(
    *,
    port: int,
    seed: int,
    wallets: int,
    days: int,
    fills: int,
    live_per_second: float,
    replay: Path | None,
    state: Path | None,
) -> None:
    """Serve an exchange in a box at http://127.0.0.1:PORT/info."""
    exchange = build_exchange(
        seed=seed,
        wallets=wallets,
        days=days,
        fills=fills,
        live_per_second=live_per_second,
        replay=replay,
        state=state,
    )
    click.echo(f"http://{HOST}:{port}/info")
    run_sandbox(exchange, port=port)


COMMANDS = (up_command, api_command, worker_command, migrate_command, sandbox_command)
