"""`hypertally wallets`: the wallets an org tracks, and since when each counts."""

import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import click
from rich.table import Table

from hypertally.cli import runtime
from hypertally.cli.exchange.sandbox_home import read_settings
from hypertally.cli.options import day_of, day_type, json_option, org_option
from hypertally.clock import system_clock
from hypertally.errors import Refused
from hypertally.jobs import membership
from hypertally.store.postgres import Connection
from hypertally.tenancy import labels, wallets
from hypertally.tenancy.addresses import read_address, read_addresses
from hypertally.tenancy.orgs import find_org
from hypertally.tenancy.wallets import Addition, WalletInterval

KEPT_SHOWN_MAX = 5
from_option = click.option(
    "--from",
    "from_day",
    type=day_type,
    help="Count from this UTC day; a tracked wallet moves to an earlier day.  [all history]",
)


async def track(
    url: str, addresses: Sequence[str], *, org: str, from_day: date | None = None
) -> Addition:
    """Track wallets for an org, pull them, and have the org's days computed again."""
    async with runtime.worker_pool(url) as pool:
        return await membership.track(pool, addresses, org=org, from_day=from_day)


async def untrack(url: str, addresses: Sequence[str], *, org: str) -> int:
    """Stop tracking wallets for an org from today on; how many were tracked."""
    async with runtime.worker_pool(url) as pool:
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


@wallets_group.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@org_option
@from_option
@json_option
def wallets_import(*, file: Path, org: str, from_day: datetime | None, as_json: bool) -> None:
    """Track the wallets of a file with one address a line ("-": standard input)."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{file} cannot be read: {error}") from error
    addresses = read_addresses(text, name=str(file))
    _add(addresses, org=org, from_day=day_of(from_day), as_json=as_json)


def _add(addresses: list[str], *, org: str, from_day: date | None, as_json: bool) -> None:
    settings = read_settings()

    async def add() -> Addition:
        async with runtime.migrated(settings) as url:
            return await track(url, addresses, org=org, from_day=from_day)

    addition = runtime.run(add())
    row = {
        "added": len(addition.added),
        "moved": len(addition.moved),
        "same": addition.same,
        "kept": len(addition.kept),
    }
    runtime.echo_result(addition_text(addition, from_day=from_day), row, as_json=as_json)
    if addition.kept:
        raise Refused(kept_text(addition, org=org, from_day=from_day))


def addition_text(addition: Addition, *, from_day: date | None) -> str:
    """The numbers of wallets that were added, moved and tracked before."""
    parts = [f"{len(addition.added)} added"]
    if addition.moved:
        parts.append(f"{len(addition.moved)} now counted from {from_day}")
    if addition.same:
        parts.append(f"{addition.same} were tracked already")
    return ", ".join(parts)


def kept_text(addition: Addition, *, org: str, from_day: date | None) -> str:
    """Why wallets keep an earlier first day than the one asked for."""
    shown = ", ".join(
        f"{row.wallet} from {row.from_day or 'its first fill on'}"
        for row in addition.kept[:KEPT_SHOWN_MAX]
    )
    more = ", ..." if len(addition.kept) > KEPT_SHOWN_MAX else ""
    return (
        f"not moved to {from_day}: {len(addition.kept)} counted by {org} already ({shown}{more}). "
        f"A later first day would take days out of figures of {org} that were published"
    )


@wallets_group.command(name="list")
@org_option
@json_option
def wallets_list(*, org: str, as_json: bool) -> None:
    """List the wallets of an org and the days from and to which each counts."""
    settings = read_settings()

    async def read() -> list[WalletInterval]:
        async with (
            runtime.migrated(settings) as url,
            runtime.tenancy_transaction(url) as connection,
        ):
            org_id = await find_org(connection, org)
            return await wallets.list_wallets(connection, org_id=org_id)

    rows = runtime.run(read())
    if as_json:
        runtime.echo_json_lines(rows)
        return
    table = Table("wallet", "label", "from", "to", box=None)
    for row in rows:
        table.add_row(row.wallet, row.label or "", str(row.from_day or ""), str(row.to_day or ""))
    runtime.open_console().print(table)


@wallets_group.command(name="label")
@click.argument("address")
@click.argument("text", required=False)
@click.option("--remove", is_flag=True, help="Take the label away, as an empty text does.")
@org_option
@json_option
def wallets_label(*, address: str, text: str | None, remove: bool, org: str, as_json: bool) -> None:
    """Give a wallet a label (TEXT), show it (no TEXT), or take it away (--remove)."""
    checked = read_address(address)
    if remove and text:
        raise Refused(f"{text!r} and --remove: give a label or take it away")
    label = labels.read_label(text) if text and not text.isspace() else None
    settings = read_settings()

    async def change() -> str | None:
        async with (
            runtime.migrated(settings) as url,
            runtime.tenancy_transaction(url) as connection,
        ):
            if label:
                await _put_label(connection, checked, org=org, label=label)
                return label
            if remove or text is not None:
                await _delete_label(connection, checked, org=org)
                return None
            org_id = await find_org(connection, org)
            return await labels.find_label(connection, checked, org_id=org_id)

    now = runtime.run(change())
    ending = " any more" if remove or text is not None else ""
    words = f"{checked} is called {now}" if now else f"{checked} has no label{ending}"
    runtime.echo_result(words, {"wallet": checked, "label": now}, as_json=as_json)


async def _put_label(connection: Connection, address: str, *, org: str, label: str) -> None:
    org_id = await find_org(connection, org)
    at = system_clock()
    if not await labels.put_label(connection, address, org_id=org_id, label=label, at=at):
        raise Refused(
            f"{address} is not tracked by {org}: `hypertally wallets add {address}` tracks it"
        )


async def _delete_label(connection: Connection, address: str, *, org: str) -> None:
    org_id = await find_org(connection, org)
    if not await labels.delete_label(connection, address, org_id=org_id):
        raise Refused(f"{address} has no label of {org}")


@wallets_group.command(name="remove")
@click.argument("addresses", nargs=-1, required=True)
@org_option
@json_option
def wallets_remove(*, addresses: tuple[str, ...], org: str, as_json: bool) -> None:
    """Stop tracking wallets from today on; the days before go on counting."""
    settings = read_settings()
    checked = [read_address(address) for address in addresses]

    async def remove() -> int:
        async with runtime.migrated(settings) as url:
            return await untrack(url, checked, org=org)

    removed = runtime.run(remove())
    missing = len(checked) - removed
    words = f"{removed} removed" + (f"; {missing} were not tracked by {org}" if missing else "")
    runtime.echo_result(words, {"removed": removed, "not_tracked": missing}, as_json=as_json)
    if missing:
        raise click.exceptions.Exit(2)
