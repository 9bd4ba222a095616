"""`hypertally orgs`: the orgs that track wallets."""

import click
from rich.table import Table

from hypertally.cli import database, results, runtime
from hypertally.cli.exchange.sandbox_home import read_settings
from hypertally.cli.options import json_option
from hypertally.tenancy.orgs import Org, add_org, list_orgs


@click.group(name="orgs")
def orgs_group() -> None:
    """The orgs that track wallets."""


@orgs_group.command(name="add")
@click.argument("name")
@json_option
def orgs_add(*, name: str, as_json: bool) -> None:
    """Add an org."""
    settings = read_settings()

    async def add() -> bool:
        async with (
            database.migrated(settings) as url,
            database.tenancy_transaction(url) as connection,
        ):
            return await add_org(connection, name)

    is_new = runtime.run(add())
    words = f"{name} added" if is_new else f"{name} exists already"
    results.echo_result(words, {"org": name, "added": is_new}, as_json=as_json)


@orgs_group.command(name="list")
@json_option
def orgs_list(*, as_json: bool) -> None:
    """List the orgs and the number of wallets each tracks."""
    settings = read_settings()

    async def read() -> list[Org]:
        async with (
            database.migrated(settings) as url,
            database.tenancy_transaction(url) as connection,
        ):
            return await list_orgs(connection)

    orgs = runtime.run(read())
    if as_json:
        results.echo_json_lines(orgs)
        return
    table = Table("org", "wallets", box=None)
    for org in orgs:
        table.add_row(org.name, str(org.wallets))
    results.open_console().print(table)
