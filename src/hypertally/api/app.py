"""The application: resources behind the gateway, and the server that runs it."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from hypertally.api.activity import (
    coverage,
    explain,
    explain_range,
    fills,
    global_days,
    ranking,
    summary,
    wallet_days,
    wallets,
)
from hypertally.api.alerts import alerts
from hypertally.api.explain.catalogue import Catalogue
from hypertally.api.explain.routes import router_for
from hypertally.api.gateway import Gateway
from hypertally.api.http import openapi_docs, problems, static_files
from hypertally.api.http.limits import (
    CONNECTIONS_MAX,
    KEEP_ALIVE_SECONDS,
    POOL_CONNECTIONS_MAX,
    SHUTDOWN_SECONDS_MAX,
    STATEMENT_SECONDS_MAX,
)
from hypertally.api.http.options import ApiOptions
from hypertally.api.http.security_headers import security_headers
from hypertally.api.http.telemetry import Telemetry
from hypertally.api.identity import sign_in
from hypertally.api.identity.auth import Authenticator
from hypertally.api.identity.sign_in import SignIns
from hypertally.api.identity.token_verification import TokenVerifier
from hypertally.api.server_protocol import protocol_for
from hypertally.api.service import probes, session, system, telemetry
from hypertally.api.smart_money import (
    differences,
    feed_health,
    outcomes,
    screen,
    signals,
    snapshots,
    universe,
)
from hypertally.api.smart_money import explain as smart_money_explain
from hypertally.api.twaps import explain as twaps_explain
from hypertally.api.twaps import orders, pressure
from hypertally.api.twaps import summary as twaps_summary
from hypertally.store.postgres import open_pool

__all__ = ["ApiOptions", "create_app", "serve"]

RESOURCES = (
    session,
    summary,
    global_days,
    ranking,
    wallets,
    wallet_days,
    fills,
    # Before the TWAPs: theirs are names where one of those has its number.
    pressure,
    twaps_summary,
    orders,
    explain,
    explain_range,
    twaps_explain,
    screen,
    signals,
    smart_money_explain,
    differences,
    universe,
    snapshots,
    outcomes,
    alerts,
    feed_health,
    coverage,
    system,
)
OPEN_PAGES = (probes, telemetry, sign_in, openapi_docs, static_files)


def create_app(options: ApiOptions) -> Gateway:
    """Build the application; it opens its database pool when the server starts it."""
    verifier = TokenVerifier(options)
    authenticator = Authenticator(verifier, seconds=options.seconds)
    counts = Telemetry()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with open_pool(
            options.database_url,
            role="hypertally_api",
            size=POOL_CONNECTIONS_MAX,
            statement_seconds_max=STATEMENT_SECONDS_MAX,
        ) as pool:
            framework.state.pool = pool
            authenticator.pool = pool
            # What was made at the start stays: a search of it for garbage would hold up answers.
            gc.collect()
            gc.freeze()
            yield

    framework = FastAPI(
        title="hypertally",
        version=options.version,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    framework.state.options = options
    framework.state.telemetry = counts
    framework.state.sign_ins = SignIns(options, verifier=verifier)
    for module in (*RESOURCES, *OPEN_PAGES):
        framework.include_router(module.router)
    # After the paths of single metrics, which this path would match too.
    framework.include_router(router_for(Catalogue(options.metrics)))
    static_files.mount_files(framework, options.ui_dir)
    problems.install(framework)
    headers = security_headers(https=options.secure_cookie)
    return Gateway(
        framework,
        authenticator=authenticator,
        telemetry=counts,
        headers=headers,
        seconds=options.seconds,
    )


def serve(options: ApiOptions, host: str, port: int) -> None:
    """Answer HTTP on `host` and `port` until the process is told to stop."""
    uvicorn.Server(server_config(options, host=host, port=port)).run()


def server_config(options: ApiOptions, *, host: str, port: int) -> uvicorn.Config:
    """Return how the server runs: no access log, which would hold sign-in tokens."""
    app = create_app(options)
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="auto",
        http=protocol_for(app),
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS_MAX,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS_MAX,
    )
