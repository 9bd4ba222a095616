"""What every command for an org's users and tokens does: open the books, find the org, work."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from hypertally.cli import database, runtime
from hypertally.cli.exchange.sandbox_home import read_settings
from hypertally.store.postgres import Connection
from hypertally.tenancy.orgs import find_org

T = TypeVar("T")


def run_in_org(org: str, work: Callable[[Connection, int], Awaitable[T]]) -> T:
    """Run `work` in one transaction, with the id of the org.

    Errors: `Refused` for an org that does not exist, and as `work`.
    """
    settings = read_settings()

    async def run() -> T:
        async with (
            database.migrated(settings) as url,
            database.tenancy_transaction(url) as connection,
        ):
            return await work(connection, await find_org(connection, org))

    return runtime.run(run())
