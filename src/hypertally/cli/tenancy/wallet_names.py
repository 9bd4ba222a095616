"""`hypertally wallets label|tag|group|note`: what an org calls its wallets, and sorts them by."""

from collections.abc import Sequence

import click
from rich.table import Table

from hypertally.cli import results
from hypertally.cli.options import json_option, org_option
from hypertally.cli.tenancy.in_org import run_in_org
from hypertally.clock import system_clock
from hypertally.errors import Refused
from hypertally.store.postgres import Connection
from hypertally.tenancy import labels, wallet_names
from hypertally.tenancy.addresses import read_address
from hypertally.tenancy.wallet_names import Group, Sorting, WalletNames


@click.command(name="label")
@click.argument("address")
@click.argument("text", required=False)
@click.option("--remove", is_flag=True, help="Take the label away, as an empty text does.")
@org_option
@json_option
def label_command(*, address: str, text: str | None, remove: bool, org: str, as_json: bool) -> None:
    """Give a wallet a label (TEXT), show it (no TEXT), or take it away (--remove)."""
    checked = read_address(address)
    if remove and text:
        raise Refused(f"{text!r} and --remove: give a label or take it away")
    label = labels.read_label(text) if text and not text.isspace() else None

    async def change(connection: Connection, org_id: int) -> str | None:
        if label:
            await _require_tracked(connection, [checked], org=org, org_id=org_id)
            at = system_clock()
            await labels.put_label(connection, checked, org_id=org_id, label=label, at=at)
            return label
        if remove or text is not None:
            if not await labels.delete_label(connection, checked, org_id=org_id):
                raise Refused(f"{checked} has no label of {org}")
            return None
        return await labels.find_label(connection, checked, org_id=org_id)

    now = run_in_org(org, change)
    ending = " any more" if remove or text is not None else ""
    words = f"{checked} is called {now}" if now else f"{checked} has no label{ending}"
    results.echo_result(words, {"wallet": checked, "label": now}, as_json=as_json)


@click.command(name="tag")
@click.argument("address")
@click.argument("tags", nargs=-1)
@click.option("--remove", is_flag=True, help="Take these tags away; without TAGS all of them.")
@org_option
@json_option
def tag_command(
    *, address: str, tags: tuple[str, ...], remove: bool, org: str, as_json: bool
) -> None:
    """Give a wallet tags, take them away (--remove), or show them (no TAGS).

    A tag has up to 32 characters, without ; and , and is kept in lower case.
    """
    checked = read_address(address)
    words = wallet_names.read_words(tags)

    async def change(connection: Connection, org_id: int) -> WalletNames:
        await _require_tracked(connection, [checked], org=org, org_id=org_id)
        await _change_words(connection, "tags", [checked], words, org_id=org_id, remove=remove)
        return await _read_names(connection, checked, org_id=org_id)

    _show(run_in_org(org, change), as_json=as_json)


@click.command(name="note")
@click.argument("address")
@click.argument("text", required=False)
@click.option("--remove", is_flag=True, help="Take the note away, as an empty text does.")
@org_option
@json_option
def note_command(*, address: str, text: str | None, remove: bool, org: str, as_json: bool) -> None:
    """Write a note about a wallet (TEXT), take it away (--remove), or show it (no TEXT)."""
    checked = read_address(address)
    if remove and text:
        raise Refused("a text and --remove: write a note or take it away")
    note = wallet_names.read_note(text) if text and not text.isspace() else None

    async def change(connection: Connection, org_id: int) -> WalletNames:
        await _require_tracked(connection, [checked], org=org, org_id=org_id)
        if note:
            at = system_clock()
            await wallet_names.put_notes(connection, {checked: note}, org_id=org_id, at=at)
        elif remove or text is not None:
            await wallet_names.delete_notes(connection, [checked], org_id=org_id)
        return await _read_names(connection, checked, org_id=org_id)

    _show(run_in_org(org, change), as_json=as_json)


@click.command(name="group")
@click.argument("name", required=False)
@click.argument("addresses", nargs=-1)
@click.option("--remove", is_flag=True, help="Take these wallets out; without ADDRESSES all.")
@org_option
@json_option
def group_command(
    *, name: str | None, addresses: tuple[str, ...], remove: bool, org: str, as_json: bool
) -> None:
    """Put wallets into a group, take them out (--remove), or list the groups and their wallets.

    A group is there as long as it has a wallet. Its name has up to 32 characters, without ; and ,
    and is kept in lower case.
    """
    checked = list(dict.fromkeys(read_address(address) for address in addresses))
    word = wallet_names.read_word(name, kind="name for a group") if name is not None else None
    if word is None and remove:
        raise Refused("--remove needs the name of a group: `hypertally wallets group` lists them")

    async def change(connection: Connection, org_id: int) -> list[Group]:
        groups = await wallet_names.list_groups(connection, org_id=org_id)
        if word is None:
            return groups
        members = [wallet for group in groups if group.name == word for wallet in group.wallets]
        if not members and (remove or not checked):
            raise Refused(f"{org} has no group {word!r}: `hypertally wallets group` lists them")
        chosen = checked or (members if remove else [])
        await _require_tracked(connection, chosen, org=org, org_id=org_id)
        words = [word] if chosen else []
        await _change_words(connection, "groups", chosen, words, org_id=org_id, remove=remove)
        groups = await wallet_names.list_groups(connection, org_id=org_id)
        return [group for group in groups if group.name == word] or [Group(name=word, wallets=[])]

    _show_groups(run_in_org(org, change), as_json=as_json)


async def _change_words(
    connection: Connection,
    sorting: Sorting,
    addresses: Sequence[str],
    words: list[str],
    *,
    org_id: int,
    remove: bool,
) -> None:
    if remove:
        await wallet_names.delete_words(
            connection, sorting, addresses, words=words or None, org_id=org_id
        )
    elif words:
        words_of = dict.fromkeys(addresses, words)
        at = system_clock()
        await wallet_names.add_words(connection, sorting, words_of, org_id=org_id, at=at)


async def _require_tracked(
    connection: Connection, addresses: Sequence[str], *, org: str, org_id: int
) -> None:
    names = await wallet_names.list_names(connection, org_id=org_id, addresses=addresses)
    tracked = {row.wallet for row in names}
    for address in addresses:
        if address not in tracked:
            raise Refused(
                f"{address} is not tracked by {org}: `hypertally wallets add {address}` tracks it"
            )


async def _read_names(connection: Connection, address: str, *, org_id: int) -> WalletNames:
    (names,) = await wallet_names.list_names(connection, org_id=org_id, addresses=[address])
    return names


def _show(names: WalletNames, *, as_json: bool) -> None:
    if as_json:
        results.echo_json_lines([names])
        return
    lines = (
        ("label", names.label),
        ("tags", ", ".join(names.tags)),
        ("groups", ", ".join(names.groups)),
        ("note", names.note),
    )
    click.echo(names.wallet)
    for title, text in lines:
        click.echo(f"  {title}: {text or 'none'}")


def _show_groups(groups: Sequence[Group], *, as_json: bool) -> None:
    if as_json:
        results.echo_json_lines(groups)
        return
    table = Table("group", "wallets", box=None)
    for group in groups:
        for number, wallet in enumerate(group.wallets or ["none"]):
            table.add_row(group.name if number == 0 else "", wallet)
    results.open_console().print(table)
