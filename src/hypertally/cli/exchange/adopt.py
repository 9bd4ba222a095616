"""`hypertally adopt`: say once of which exchange the books of an earlier release are."""

import click
from rich.table import Table

from hypertally.cli import database, results, runtime
from hypertally.cli.exchange.sandbox_home import read_settings
from hypertally.cli.options import json_option
from hypertally.errors import Refused
from hypertally.jobs.runtime import exchange_identity
from hypertally.jobs.runtime.exchange_identity import BoundExchange, Contents
from hypertally.settings import Settings, read_exchange_name
from hypertally.store.postgres import Pool, transaction


@click.command(name="adopt")
@click.option(
    "--exchange",
    "name",
    metavar="NAME",
    help="The exchange: mainnet, testnet, sandbox:7, replay:NAME, or a name of your own.",
)
@json_option
def adopt_command(*, name: str | None, as_json: bool) -> None:
    """Show what the database holds, and say once of which exchange it is.

    Needed once for books that were begun before hypertally noted their exchange. Look at the
    endpoints that were asked: books of two exchanges in one database cannot be taken apart.
    """
    settings = read_settings()
    if name is not None:
        _check_name(name)
    contents, bound = runtime.run(_adopt(settings, name))
    if as_json:
        results.echo_json_lines([{"contents": contents, "exchange": bound}])
    else:
        _show(contents)
    if bound is None:
        raise Refused("these books name no exchange yet: add --exchange mainnet, sandbox:7 ...")
    if as_json:
        return
    chain = "" if bound.chain_id is None else f" (chain id {bound.chain_id})"
    since = f"since {bound.said_at:%Y-%m-%d %H:%M:%S} UTC, by {bound.said_by}"
    click.echo(f"these books are of {bound.exchange}{chain} {since}")


def _check_name(name: str) -> None:
    try:
        read_exchange_name(name)
    except ValueError as problem:
        raise Refused(f"--exchange {name!r}: {problem}") from None


async def _adopt(settings: Settings, name: str | None) -> tuple[Contents, BoundExchange | None]:
    async with database.any_database(settings) as url:
        if owner := database.owner_address(settings, url):
            has_logins = settings.owner_database_url is not None
            await database.bring_up_to_date(owner, has_logins=has_logins)
        async with database.worker_pool(url, size=1) as pool:
            return await _read_contents(pool), await _name_or_find(pool, name)


async def _read_contents(pool: Pool) -> Contents:
    async with transaction(pool) as connection:
        return await exchange_identity.read_contents(connection)


async def _name_or_find(pool: Pool, name: str | None) -> BoundExchange | None:
    if name is not None:
        return await exchange_identity.adopt(pool, name)
    async with transaction(pool) as connection:
        return await exchange_identity.find_bound(connection)


def _show(contents: Contents) -> None:
    times = [
        f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "-"
        for at in (contents.first_fill_at, contents.last_fill_at)
    ]
    table = Table(show_header=False, box=None)
    table.add_row("wallets", f"{contents.wallets:,}")
    table.add_row("fills", f"{contents.fills:,}")
    table.add_row("first fill", times[0])
    table.add_row("last fill", times[1])
    table.add_row("TWAP statuses", f"{contents.twap_statuses:,}")
    table.add_row("minutes of snapshots", f"{contents.snapshot_minutes:,}")
    table.add_row("endpoints asked", ", ".join(contents.hosts) or "-")
    results.open_console().print(table)
