"""Orgs, the wallets they track, and tokens for their users."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from hypertally import settings as program_settings
from hypertally.api.identity.tokens import mint
from hypertally.cli import runtime
from hypertally.errors import Refused
from hypertally.jobs.membership import membership_changed
from hypertally.store.postgres import Connection, open_pool, transaction
from hypertally.tenancy import wallets

DAY_SECONDS = 24 * 3600
ROLES = ("viewer", "analyst", "admin")
org_option = click.option("--org", default="default", show_default=True)
day_type = click.DateTime(formats=["%Y-%m-%d"])


@asynccontextmanager
async def _tenancy(url: str) -> AsyncIterator[Connection]:
    """One transaction that may change who tracks what."""
    async with (
        open_pool(url, role="hypertally_tenancy", size=1) as pool,
        transaction(pool) as connection,
    ):
        yield connection


async def track(url: str, addresses: list[str], *, org: str, from_day: date | None) -> int:
    """Track wallets for an org and have them pulled; how many are new to it."""
    async with _tenancy(url) as connection:
        org_id = await wallets.find_org(connection, org)
        added = await wallets.add(connection, addresses, org_id=org_id, from_day=from_day)
    await membership_changed(url, added, pull=True)
    return len(added)


async def untrack(url: str, addresses: list[str], *, org: str) -> int:
    """Stop tracking wallets for an org from today on; how many were tracked."""
    async with _tenancy(url) as connection:
        org_id = await wallets.find_org(connection, org)
        removed = await wallets.remove(connection, addresses, org_id=org_id)
    await membership_changed(url, removed, pull=False)
    return len(removed)


async def put_local_user(url: str, *, org: str, role: str) -> str:
    """The user that local tokens of an org and role are for; made if it is missing."""
    user_id = f"local:{org}:{role}"
    async with _tenancy(url) as connection:
        org_id = await wallets.find_org(connection, org)
        await wallets.put_user(connection, user_id=user_id, org_id=org_id, role=role)
    return user_id


@click.group(name="wallets")
def wallets_group() -> None:
    """The wallets an org tracks."""


@wallets_group.command(name="add")
@click.argument("addresses", nargs=-1, required=True)
@org_option
@click.option("--from", "from_day", type=day_type, help="Count from this day. [all history]")
def wallets_add(*, addresses: tuple[str, ...], org: str, from_day: datetime | None) -> None:
    """Track wallets; their history is pulled at once."""
    _add([wallets.read_address(address) for address in addresses], org, from_day)


@wallets_group.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@org_option
@click.option("--from", "from_day", type=day_type, help="Count from this day. [all history]")
def wallets_import(*, file: Path, org: str, from_day: datetime | None) -> None:
    """Track the wallets of a file, one address a line ("-": standard input)."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{file} cannot be read: {error}") from error
    _add(wallets.read_addresses(text, name=str(file)), org, from_day)


def _add(addresses: list[str], org: str, from_day: datetime | None) -> None:
    settings = program_settings.read()

    async def add() -> int:
        async with runtime.migrated(settings) as url:
            day = from_day.date() if from_day else None
            return await track(url, addresses, org=org, from_day=day)

    added = runtime.run(add())
    known = len(addresses) - added
    click.echo(f"{added} added" + (f", {known} were tracked already" if known else ""))


@wallets_group.command(name="list")
@org_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def wallets_list(*, org: str, as_json: bool) -> None:
    """List the wallets of an org and since when each counts."""
    settings = program_settings.read()

    async def read() -> list[dict[str, object]]:
        async with runtime.migrated(settings) as url, _tenancy(url) as connection:
            org_id = await wallets.find_org(connection, org)
            return await wallets.list_wallets(connection, org_id=org_id)

    rows = runtime.run(read())
    if as_json:
        runtime.echo_json_lines(rows)
        return
    table = Table("wallet", "from", "to", box=None)
    for row in rows:
        table.add_row(*(str(row[name] or "") for name in ("wallet", "from_day", "to_day")))
    Console().print(table)


@wallets_group.command(name="remove")
@click.argument("addresses", nargs=-1, required=True)
@org_option
def wallets_remove(*, addresses: tuple[str, ...], org: str) -> None:
    """Stop tracking wallets from today on; the days before go on counting."""
    settings = program_settings.read()
    checked = [wallets.read_address(address) for address in addresses]

    async def remove() -> int:
        async with runtime.migrated(settings) as url:
            return await untrack(url, checked, org=org)

    removed = runtime.run(remove())
    if removed < len(checked):
        click.echo(f"{removed} removed; {len(checked) - removed} were not tracked by {org}")
        raise click.exceptions.Exit(2)
    click.echo(f"{removed} removed")


@click.group(name="orgs")
def orgs_group() -> None:
    """The orgs whose books are kept."""


@orgs_group.command(name="add")
@click.argument("name")
def orgs_add(*, name: str) -> None:
    """Make an org."""
    settings = program_settings.read()

    async def add() -> bool:
        async with runtime.migrated(settings) as url, _tenancy(url) as connection:
            return await wallets.add_org(connection, name)

    click.echo(f"{name} added" if runtime.run(add()) else f"{name} exists already")


@orgs_group.command(name="list")
def orgs_list() -> None:
    """List the orgs and how many wallets each tracks."""
    settings = program_settings.read()

    async def read() -> list[dict[str, object]]:
        async with runtime.migrated(settings) as url, _tenancy(url) as connection:
            return await wallets.list_orgs(connection)

    table = Table("org", "wallets", box=None)
    for row in runtime.run(read()):
        table.add_row(str(row["name"]), str(row["wallets"]))
    Console().print(table)


@click.command(name="token")
@org_option
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@click.option("--days", type=click.IntRange(1, 365), default=30, show_default=True)
def token_command(*, org: str, role: str, days: int) -> None:
    """Print a token for the API, alone on standard output."""
    settings = program_settings.read()
    secret = runtime.jwt_secret(settings)
    if secret is None:
        raise Refused(
            "tokens come from the identity provider of HYPERTALLY_JWKS_URL: ask it for one"
        )

    async def make_user() -> str:
        async with runtime.migrated(settings) as url:
            return await put_local_user(url, org=org, role=role)

    user_id = runtime.run(make_user())
    click.echo(mint(secret, user_id, seconds=days * DAY_SECONDS, audience=settings.jwt_audience))
