"""The database that a command works on: which one, up to date, and who logs in."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from hypertally.errors import Refused, TryLater
from hypertally.flow import DEFINITIONS
from hypertally.jobs.runtime.exchange_identity import bind, check_bound, compare
from hypertally.metrics import definitions
from hypertally.settings import Settings
from hypertally.sources.exchange_identity import Exchange, identify
from hypertally.store.bound_exchange import find_bound_exchange
from hypertally.store.embedded.join import ensure_running
from hypertally.store.logins import LOGIN_OF_ROLE, ROLE_OF_LOGIN, login_of, require_may_become
from hypertally.store.migrate import is_migrated, migrate, require_migrated
from hypertally.store.postgres import (
    Connection,
    Pool,
    login_connection,
    open_pool,
    owner_connection,
    transaction,
)


@asynccontextmanager
async def any_database(settings: Settings) -> AsyncGenerator[str]:
    """The trading database, whatever its schema and whose books it keeps.

    Only `adopt` needs this: every other command opens it by `migrated`, which compares.
    """
    if settings.database_url:
        url = settings.database_url.get_secret_value()
        if settings.owner_database_url and login_of(url) is None:
            raise Refused(
                "HYPERTALLY_DATABASE_URL beside HYPERTALLY_OWNER_DATABASE_URL logs in as one of "
                f"{', '.join(ROLE_OF_LOGIN)}: leave the other out if it is the owner's"
            )
        yield url
        return
    if settings.owner_database_url:
        raise Refused(
            "HYPERTALLY_OWNER_DATABASE_URL alone is enough for `hypertally migrate` only: set "
            "HYPERTALLY_DATABASE_URL to the address of the login of this process"
        )
    async with await ensure_running(settings.home) as server:
        yield server.url


@asynccontextmanager
async def migrated(settings: Settings, *, anew: bool = False) -> AsyncGenerator[str]:
    """The trading database at the schema of this program, with books of the settings' exchange.

    Whoever has the address of its owner brings it up to date if something is missing, or `anew`,
    with what a login changed about itself put right; who has a login's only compares.
    Errors: `Refused` when it keeps the books of another exchange; nothing is changed then.
    """
    exchange = await identify(settings.info_url, settings.network)
    async with any_database(settings) as url:
        owner = owner_address(settings, url)
        if owner is None:
            await require_migrated(url)
        elif anew or not await _is_up_to_date(url):
            await _bring_up_to_date_if_ours(settings, owner, exchange)
        async with open_pool(url, role="hypertally_jobs", size=1) as pool:
            if owner is None:
                await definitions.require_registered(pool, DEFINITIONS)
            await bind(pool, exchange)
        yield url


async def migrate_only(settings: Settings) -> list[str]:
    """Bring the schema up to date, unless it holds books of another exchange; the files applied."""
    exchange = await identify(settings.info_url, settings.network)
    async with _owners_database(settings) as owner:
        applied = await _bring_up_to_date_if_ours(settings, owner, exchange)
        async with owner_connection(owner, role="hypertally_jobs") as connection:
            await check_bound(connection, exchange)
        return applied


@asynccontextmanager
async def _owners_database(settings: Settings) -> AsyncGenerator[str]:
    if settings.owner_database_url:
        yield settings.owner_database_url.get_secret_value()
        return
    async with any_database(settings) as url:
        if login_of(url):
            raise Refused(
                f"{login_of(url)} may not change the schema: set HYPERTALLY_OWNER_DATABASE_URL to "
                "the address of the database's owner"
            )
        yield url


def owner_address(settings: Settings, url: str) -> str | None:
    """The address of the database's owner; None: this process has only that of a login."""
    if settings.owner_database_url:
        return settings.owner_database_url.get_secret_value()
    return None if login_of(url) else url


async def _is_up_to_date(url: str) -> bool:
    try:
        async with login_connection(url, role="hypertally_jobs") as connection:
            return await is_migrated(connection) and await definitions.are_registered(
                connection, DEFINITIONS
            )
    except (Refused, TryLater):  # a server that starts, or lets no login in yet
        return False


async def _bring_up_to_date_if_ours(
    settings: Settings, owner_url: str, exchange: Exchange
) -> list[str]:
    if bound := await find_bound_exchange(owner_url):
        compare(bound, exchange)
    return await bring_up_to_date(owner_url, has_logins=settings.owner_database_url is not None)


async def bring_up_to_date(owner_url: str, *, has_logins: bool = False) -> list[str]:
    """Apply missing migrations and store the definitions in force; the files applied.

    `has_logins`: the logins of processes were made by whoever runs the server.
    """
    applied = await migrate(owner_url, has_logins=has_logins)
    async with owner_connection(owner_url, role="hypertally_metrics") as connection:
        await definitions.register(connection, DEFINITIONS)
    return applied


def reading_address(settings: Settings, url: str) -> str:
    """Where the role that reads for others logs in.

    Errors: `Refused` when the settings name another login and not this one.
    """
    if settings.api_database_url:
        address = settings.api_database_url.get_secret_value()
        require_may_become(address, "hypertally_api")
        return address
    if login_of(url) in (None, LOGIN_OF_ROLE["hypertally_api"]):
        return url
    raise Refused(
        f"HYPERTALLY_DATABASE_URL logs in as {login_of(url)}: set HYPERTALLY_API_DATABASE_URL to "
        f"the address of {LOGIN_OF_ROLE['hypertally_api']}, which reads"
    )


@asynccontextmanager
async def open_database(settings: Settings, *, size: int = 2) -> AsyncGenerator[Pool]:
    """Connections to the trading database, at the schema of this program."""
    async with migrated(settings) as url, worker_pool(url, size=size) as pool:
        yield pool


@asynccontextmanager
async def tenancy_transaction(url: str) -> AsyncGenerator[Connection]:
    """One transaction that may change which org tracks which wallets."""
    async with (
        open_pool(url, role="hypertally_tenancy", size=1) as pool,
        transaction(pool) as connection,
    ):
        yield connection


@asynccontextmanager
async def worker_pool(url: str, *, size: int = 2) -> AsyncGenerator[Pool]:
    """A pool that may do what a worker may."""
    async with open_pool(url, role="hypertally_worker", size=size) as pool:
        yield pool
