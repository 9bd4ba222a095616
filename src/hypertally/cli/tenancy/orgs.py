"""`hypertally orgs`: the orgs that track wallets."""

import click
from rich.table import Table

from hypertally.cli import runtime
from hypertally.cli.exchange.sandbox_home import read_settings
from hypertally.tenancy.orgs import Org, add_org, list_orgs


@click.group(name="orgs")
def orgs_group() -> None:
    """The orgs that track wallets."""


@orgs_group.command(name="add")
@click.argument("name")
def orgs_add(*, name: str) -> None:
    """Add an org."""
    settings = read_settings()

    async def add() -> bool:
        async with (
            runtime.migrated(settings) as url,
            runtime.tenancy_transaction(url) as connection,
        ):
            return await add_org(connection, name)

    click.echo(f"{name} added" if runtime.run(add()) else f"{name} exists already")


@orgs_group.command(name="list")
def orgs_list() -> None:
    """List the orgs and the number of wallets each tracks."""
    settings = read_settings()

    async def read() -> list[Org]:
        async with (
            runtime.migrated(settings) as url,
            runtime.tenancy_transaction(url) as connection,
        ):
            return await list_orgs(connection)

    table = Table("org", "wallets", box=None)
    for org in runtime.run(read()):
        table.add_row(org.name, str(org.wallets))
    runtime.open_console().print(table)
