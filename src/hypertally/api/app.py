"""The application: resources behind the gateway, with the database they read."""

import gc
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI
from granian.utils.proxies import (
    wrap_asgi_with_proxy_headers,  # pyright: ignore[reportUnknownVariableType]
)
from starlette.types import ASGIApp

from hypertally.api.activity import (
    coins,
    coverage,
    explain,
    explain_range,
    fills,
    first_pulls,
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
    POOL_CONNECTIONS_MAX,
    STATEMENT_SECONDS_MAX,
)
from hypertally.api.http.options import ApiOptions
from hypertally.api.http.security_headers import security_headers
from hypertally.api.http.telemetry import Telemetry
from hypertally.api.identity import sign_in
from hypertally.api.identity.auth import Authenticator
from hypertally.api.identity.sign_in import SignIns
from hypertally.api.identity.token_verification import TokenVerifier
from hypertally.api.resource.answer_names import NameReader
from hypertally.api.service import probes, session, stories, system, telemetry
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

__all__ = ["ApiOptions", "running_app"]

RESOURCES = (
    session,
    stories,
    coins,
    summary,
    first_pulls,
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
# Answers leave nothing that only such a search finds, and one through all that are kept took 90 ms.
GARBAGE_THRESHOLDS = (20_000, 50, 100)
OPEN_PAGES = (probes, telemetry, sign_in, openapi_docs, static_files)


@asynccontextmanager
async def running_app(options: ApiOptions) -> AsyncGenerator[ASGIApp]:
    """Give the application while its connections to the database are open."""
    verifier = TokenVerifier(options)
    authenticator = Authenticator(verifier, seconds=options.seconds)
    counts = Telemetry()
    framework = _framework(options)
    framework.state.telemetry = counts
    framework.state.sign_ins = SignIns(options, verifier=verifier, authenticator=authenticator)
    names = NameReader(seconds=options.seconds)
    gateway = Gateway(
        framework,
        authenticator=authenticator,
        telemetry=counts,
        headers=security_headers(https=options.secure_cookie),
        names=names,
        seconds=options.seconds,
    )
    async with open_pool(
        options.database_url,
        role="hypertally_api",
        size=POOL_CONNECTIONS_MAX,
        statement_seconds_max=STATEMENT_SECONDS_MAX,
    ) as pool:
        framework.state.pool = authenticator.pool = gateway.exports.pool = names.pool = pool
        # What was made at the start stays: a search of it for garbage would hold up answers.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GARBAGE_THRESHOLDS)
        yield behind_proxies(gateway, options.trusted_proxies)


def _framework(options: ApiOptions) -> FastAPI:
    framework = FastAPI(
        title="hypertally",
        version=options.version,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    framework.state.options = options
    for module in (*RESOURCES, *OPEN_PAGES):
        framework.include_router(module.router)
    # After the paths of single metrics, which this path would match too.
    framework.include_router(router_for(Catalogue(options.metrics)))
    static_files.mount_files(framework, options.ui_dir)
    problems.install(framework)
    return framework


def behind_proxies(app: ASGIApp, trusted: Sequence[str]) -> ASGIApp:
    """Let the trusted networks say for whom they ask; nobody else is believed."""
    if not trusted:
        return app
    return wrap_asgi_with_proxy_headers(app, list(trusted))  # pyright: ignore[reportUnknownVariableType]  # its parameters have no types
