"""`hypertally wallets`: the wallets an org tracks, and since when each counts."""

from collections.abc import Sequence
from datetime import date, datetime

import click
from rich.table import Table

from hypertally.cli import database, results, runtime
from hypertally.cli.exchange.sandbox_home import read_settings
from hypertally.cli.options import day_of, json_option, org_option
from hypertally.cli.tenancy.forget import forget_command
from hypertally.cli.tenancy.in_org import run_in_org
from hypertally.cli.tenancy.wallet_import import (
    addition_row,
    addition_text,
    from_option,
    import_command,
    kept_text,
)
from hypertally.cli.tenancy.wallet_names import (
    group_command,
    label_command,
    note_command,
    tag_command,
)
from hypertally.errors import Refused
from hypertally.jobs import membership
from hypertally.store.postgres import Connection
from hypertally.tenancy import wallet_names, wallets
from hypertally.tenancy.addresses import read_address
from hypertally.tenancy.wallet_files import (
    write_file,
)
from hypertally.tenancy.wallet_names import WalletNames
from hypertally.tenancy.wallets import Addition


async def track(
    url: str, addresses: Sequence[str], *, org: str, from_day: date | None = None
) -> Addition:
    """Track wallets for an org, pull them, and have the org's days computed again."""
    async with database.worker_pool(url) as pool:
        return await membership.track(pool, addresses, org=org, from_day=from_day)


async def untrack(url: str, addresses: Sequence[str], *, org: str) -> int:
    """Stop tracking wallets for an org from today on; how many were tracked."""
    async with database.worker_pool(url) as pool:
        return await membership.untrack(pool, addresses, org=org)


@click.group(name="wallets")
def wallets_group() -> None:
    """The wallets an org tracks."""


@wallets_group.command(name="add")
@click.argument("addresses", nargs=-1, required=True)
@org_option
@from_option
@json_option
def wallets_add(
    *, addresses: tuple[str, ...], org: str, from_day: datetime | None, as_json: bool
) -> None:
    """Track wallets and pull their history at once."""
    checked = dict.fromkeys(read_address(address) for address in addresses)
    _add(list(checked), org=org, from_day=day_of(from_day), as_json=as_json)


@wallets_group.command(name="export")
@org_option
@json_option
def wallets_export(*, org: str, as_json: bool) -> None:
    """Print the wallets that an org tracks as CSV that `wallets import` reads."""

    async def read(connection: Connection, org_id: int) -> list[WalletNames]:
        open_wallets = {
            row.wallet
            for row in await wallets.list_wallets(connection, org_id=org_id)
            if row.to_day is None
        }
        names = await wallet_names.list_names(connection, org_id=org_id)
        return [row for row in names if row.wallet in open_wallets]

    rows = run_in_org(org, read)
    if as_json:
        results.echo_json_lines(rows)
        return
    click.echo(write_file(rows), nl=False)


def _add(addresses: list[str], *, org: str, from_day: date | None, as_json: bool) -> None:
    settings = read_settings()

    async def add() -> Addition:
        async with database.migrated(settings) as url:
            return await track(url, addresses, org=org, from_day=from_day)

    addition = runtime.run(add())
    words = addition_text(addition, from_day=from_day)
    results.echo_result(words, addition_row(addition), as_json=as_json)
    if addition.kept:
        raise Refused(kept_text(addition, org=org, from_day=from_day))


@wallets_group.command(name="list")
@org_option
@json_option
def wallets_list(*, org: str, as_json: bool) -> None:
    """List the wallets of an org and the days from and to which each counts."""
    rows = run_in_org(
        org, lambda connection, org_id: wallets.list_wallets(connection, org_id=org_id)
    )
    if as_json:
        results.echo_json_lines(rows)
        return
    table = Table("wallet", "label", "tags", "groups", "from", "to", box=None)
    for row in rows:
        table.add_row(
            row.wallet, row.label or "", ", ".join(row.tags), ", ".join(row.groups),
            str(row.from_day or ""), str(row.to_day or ""),
        )  # fmt: skip
    results.open_console().print(table)


@wallets_group.command(name="remove")
@click.argument("addresses", nargs=-1, required=True)
@org_option
@json_option
def wallets_remove(*, addresses: tuple[str, ...], org: str, as_json: bool) -> None:
    """Stop tracking wallets from today on; the days before go on counting."""
    settings = read_settings()
    checked = [read_address(address) for address in addresses]

    async def remove() -> int:
        async with database.migrated(settings) as url:
            return await untrack(url, checked, org=org)

    removed = runtime.run(remove())
    missing = len(checked) - removed
    words = f"{removed} removed" + (f"; {missing} were not tracked by {org}" if missing else "")
    results.echo_result(words, {"removed": removed, "not_tracked": missing}, as_json=as_json)
    if missing:
        raise click.exceptions.Exit(2)


for _command in (
    import_command,
    label_command,
    tag_command,
    group_command,
    note_command,
    forget_command,
):
    wallets_group.add_command(_command)
