"""`hypertally api`: serve the API and the page."""

from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import click
import uvicorn

from hypertally import settings as program_settings
from hypertally.api.app import ApiOptions, server_config
from hypertally.cli import runtime
from hypertally.flow import METRICS
from hypertally.settings import Settings

HOST = "127.0.0.1"
UI = Path(str(files("hypertally") / "ui"))


@click.command(name="api")
@click.option("--host", default=HOST, show_default=True, help="The address to listen on.")
def api_command(*, host: str) -> None:
    """Serve the API and the page."""
    runtime.configure_logs()
    runtime.run(_serve(program_settings.read(), host))


async def _serve(settings: Settings, host: str) -> None:
    async with runtime.migrated(settings) as url:
        config = server_config(api_options(settings, url), host=host, port=settings.port)
        await uvicorn.Server(config).serve()


def api_options(settings: Settings, url: str) -> ApiOptions:
    """The options of the API that follow from the settings."""
    return ApiOptions(
        database_url=url,
        version=version("hypertally"),
        jwt_secret=runtime.jwt_secret(settings),
        jwks_url=settings.jwks_url,
        jwt_audience=settings.jwt_audience,
        ui_dir=UI,
        metrics=METRICS,
    )
