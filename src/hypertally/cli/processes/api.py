"""`hypertally api`: serve the API and the page."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import click
import uvloop

from hypertally.api.app import ApiOptions, running_app
from hypertally.api.server import serve
from hypertally.cli import database, kept_secrets, runtime
from hypertally.cli.exchange.sandbox_home import read_settings
from hypertally.cli.processes.worker import channels_of, shared_budget
from hypertally.clock import system_clock
from hypertally.flow import METRICS
from hypertally.jobs.alerts.watchdog import DELIVERIES_AT_ONCE, Watchdog
from hypertally.jobs.runtime.resources import Resources
from hypertally.settings import Settings
from hypertally.sources.exchange_identity import identify
from hypertally.sources.info import InfoClient
from hypertally.sources.notifications import Channels
from hypertally.store.postgres import open_pool

HOST = "127.0.0.1"
WATCHDOG_POOL_SIZE = DELIVERIES_AT_ONCE + 1
UI = Path(str(files("hypertally") / "ui"))


@click.command(name="api")
@click.option("--host", default=HOST, show_default=True, help="The address to listen on.")
def api_command(*, host: str) -> None:
    """Serve the API and the page."""
    runtime.configure_logs()
    uvloop.run(_serve(read_settings(), host))


async def _serve(settings: Settings, host: str) -> None:
    channels = channels_of(settings)  # a bad address stops the start
    exchange = await identify(settings.info_url, settings.network)
    stopping = asyncio.Event()
    runtime.stop_on_signals(stopping.set)
    async with (
        database.migrated(settings, anew=True) as url,  # whose logins let it in
        watching_worker(settings, url, channels),
        running_app(api_options(settings, url, exchange=exchange.name)) as app,
    ):
        await serve(app, host=host, port=settings.port, stopping=stopping)


@asynccontextmanager
async def watching_worker(settings: Settings, url: str, channels: Channels) -> AsyncGenerator[None]:
    """Judge and tell, beside the server, that no worker works: see jobs/alerts/watchdog.py."""
    async with (
        open_pool(url, role="hypertally_jobs", size=WATCHDOG_POOL_SIZE) as pool,
        InfoClient(
            settings.info_url, budget=shared_budget(pool, settings), clock=system_clock
        ) as info,
    ):
        resources = Resources(
            pool=pool,
            info=info,
            clock=system_clock,
            channels=channels,
            alerts_page=settings.alerts_page,
        )
        task = asyncio.create_task(Watchdog(resources).run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def api_options(settings: Settings, url: str, *, exchange: str) -> ApiOptions:
    """The options of the API that follow from the settings, and from the exchange they name."""
    return ApiOptions(
        database_url=database.reading_address(settings, url),
        version=version("hypertally"),
        exchange=exchange,
        jwt_secret=kept_secrets.jwt_secret(settings),
        jwt_secret_earlier=(
            settings.jwt_secret_earlier.get_secret_value() if settings.jwt_secret_earlier else None
        ),
        jwks_url=settings.jwks_url,
        jwt_audience=settings.jwt_audience,
        jwt_issuer=settings.jwt_issuer,
        jwt_org_claim=settings.jwt_org_claim,
        jwt_role_claim=settings.jwt_role_claim,
        public_url=settings.public_url,
        secure_cookie=settings.is_https,
        ui_dir=UI,
        trusted_proxies=tuple(filter(None, settings.trusted_proxies.split(","))),
        metrics=METRICS,
    )
