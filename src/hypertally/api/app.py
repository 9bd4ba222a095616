"""The application: resources behind the front, and the server that runs it."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from hypertally.api import (
    coverage,
    days,
    documentation,
    explain,
    explain_twaps,
    fills,
    global_days,
    health,
    pages,
    problems,
    session,
    sign_in,
    smart_money,
    smart_money_alerts,
    smart_money_differences,
    smart_money_explain,
    smart_money_health,
    smart_money_outcomes,
    smart_money_signals,
    smart_money_snapshots,
    smart_money_universe,
    summary,
    system,
    telemetry,
    top,
    twap_pressure,
    twap_summary,
    twaps,
    wallets,
)
from hypertally.api.auth import Authenticator
from hypertally.api.front import Front
from hypertally.api.options import (
    CONNECTIONS_MAX,
    KEEP_ALIVE_SECONDS,
    POOL_CONNECTIONS_MAX,
    SHUTDOWN_SECONDS_MAX,
    STATEMENT_SECONDS_MAX,
    ApiOptions,
)
from hypertally.api.security import security_headers
from hypertally.api.sign_in import SignIns
from hypertally.api.telemetry import Telemetry
from hypertally.api.verifying import TokenVerifier
from hypertally.api.wire import protocol_for
from hypertally.store.postgres import open_pool

__all__ = ["ApiOptions", "create_app", "serve"]

RESOURCES = (
    session,
    summary,
    global_days,
    top,
    wallets,
    days,
    fills,
    # Before the TWAPs: theirs are names where one of those has its number.
    twap_pressure,
    twap_summary,
    twaps,
    explain,
    explain_twaps,
    smart_money,
    smart_money_signals,
    smart_money_explain,
    smart_money_differences,
    smart_money_universe,
    smart_money_snapshots,
    smart_money_outcomes,
    smart_money_alerts,
    smart_money_health,
    coverage,
    system,
)
OPEN_PAGES = (health, telemetry, sign_in, documentation, pages)


def create_app(options: ApiOptions) -> Front:
    """Build the application; it opens its database pool when the server starts it."""
    verifier = TokenVerifier(options)
    authenticator = Authenticator(verifier)
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
    pages.mount_files(framework, options.ui_dir)
    problems.install(framework)
    headers = security_headers(https=options.secure_cookie)
    return Front(framework, authenticator=authenticator, telemetry=counts, headers=headers)


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
