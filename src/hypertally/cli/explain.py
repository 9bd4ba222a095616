"""`hypertally explain`: the proof of a number, exactly as the API gives it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import click
import httpx2
import msgspec
import uvicorn

from hypertally import settings as program_settings
from hypertally.api.app import server_config
from hypertally.api.identity.tokens import mint
from hypertally.cli import runtime
from hypertally.cli.api_and_migrate import HOST, api_options
from hypertally.cli.tenancy import org_option, put_local_user
from hypertally.errors import Refused
from hypertally.settings import Settings

KEYS = {
    "wallet_day_metrics": ("ADDRESS", "DAY"),
    "global_day_metrics": ("DAY",),
    "twaps": ("TWAP_ID",),
}
EXPLAIN_SECONDS_MAX = 60


@click.command(name="explain")
@click.argument("metric")
@click.argument("key", nargs=-1)
@org_option
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
def explain_command(*, metric: str, key: tuple[str, ...], org: str, limit: int) -> None:
    """Print definition, inputs, digest, subtotals, gaps and restatements of a row, as JSON.

    METRIC KEY: wallet_day_metrics ADDRESS DAY, global_day_metrics DAY, or twaps TWAP_ID.
    """
    if metric not in KEYS:
        raise Refused(f"{metric!r} cannot be explained: there are {', '.join(sorted(KEYS))}")
    if len(key) != len(KEYS[metric]):
        raise Refused(f"{metric} is named by {' '.join(KEYS[metric])}, not by {' '.join(key)!r}")
    path = "/".join(quote(part, safe="") for part in (metric, *key))
    settings = program_settings.read()
    click.echo(runtime.run(_explain(settings, f"/api/v1/explain/{path}?limit={limit}", org)))


async def _explain(settings: Settings, path: str, org: str) -> str:
    secret = runtime.jwt_secret(settings)
    if secret is None:
        raise Refused("explain signs in by itself and needs HYPERTALLY_JWT_SECRET; or ask the API")
    async with runtime.migrated(settings) as url:
        user_id = await put_local_user(url, org=org, role="analyst")
        token = mint(secret, user_id, seconds=EXPLAIN_SECONDS_MAX, audience=settings.jwt_audience)
        async with _serving(settings, url) as base, httpx2.AsyncClient(trust_env=False) as http:
            answer = await http.get(
                base + path,
                headers={"Authorization": f"Bearer {token}"},
                timeout=EXPLAIN_SECONDS_MAX,
            )
    body = answer.json()
    if answer.status_code != httpx2.codes.OK:
        raise Refused(body.get("detail") or body.get("title", f"HTTP {answer.status_code}"))
    return msgspec.json.format(answer.content, indent=2).decode()


@asynccontextmanager
async def _serving(settings: Settings, url: str) -> AsyncIterator[str]:
    """The API of this process alone, on a free port of this machine."""
    server = uvicorn.Server(server_config(api_options(settings, url), host=HOST, port=0))
    serving = asyncio.create_task(server.serve())
    try:
        while not server.started:
            if serving.done():
                raise Refused("the API could not start")
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://{HOST}:{port}"
    finally:
        server.should_exit = True
        await serving
