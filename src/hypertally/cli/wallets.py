"""`hypertally wallets`: the wallets an org tracks, and since when each counts."""

import sys
from collections.abc import Awaitable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

import click
from rich.table import Table

from hypertally.cli import runtime
from hypertally.cli.exchange.sandbox_home import read_settings
from hypertally.cli.options import day_of, day_type, json_option, org_option
from hypertally.cli.plan import cost_of, cost_text
from hypertally.cli.tenancy.forget import forget_command
from hypertally.cli.tenancy.in_org import run_in_org
from hypertally.cli.tenancy.wallet_names import (
    group_command,
    label_command,
    note_command,
    tag_command,
)
from hypertally.clock import system_clock
from hypertally.errors import Refused
from hypertally.jobs import membership
from hypertally.jobs.membership import Imported
from hypertally.store.postgres import Connection, Pool
from hypertally.tenancy import wallet_names, wallets
from hypertally.tenancy.addresses import read_address
from hypertally.tenancy.wallet_files import (
    FileWallet,
    WalletFile,
    read_file,
    refuse_wrong_lines,
    write_file,
)
from hypertally.tenancy.wallet_names import WalletNames
from hypertally.tenancy.wallets import Addition

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
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@json_option
def wallets_import(
    *, file: Path, org: str, from_day: datetime | None, dry_run: bool, as_json: bool
) -> None:
    """Track the wallets of a file: an address a line, or CSV ("-": standard input).

    CSV has a header, such as address,label,tags; also groups and note. Several tags or groups are
    separated by a semicolon. A filled cell says what holds afterwards, an empty one changes
    nothing.
    """
    contents = read_file(_read_text(file), name=str(file))
    if dry_run:
        _try_import(contents, name=str(file), org=org, from_day=day_of(from_day), as_json=as_json)
        return
    listed = refuse_wrong_lines(contents, name=str(file))
    imported = _run_import(membership.import_wallets, listed, org=org, from_day=day_of(from_day))
    words = import_text(imported, duplicates=contents.duplicates, from_day=day_of(from_day))
    runtime.echo_result(words, _import_row(imported, contents), as_json=as_json)
    if imported.addition.kept:
        raise Refused(kept_text(imported.addition, org=org, from_day=day_of(from_day)))


def _read_text(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{file} cannot be read: {error}") from error


def _try_import(
    contents: WalletFile, *, name: str, org: str, from_day: date | None, as_json: bool
) -> None:
    imported = _run_import(membership.try_import, contents.wallets, org=org, from_day=from_day)
    lines = [
        "nothing is changed; it would be: "
        + import_text(imported, duplicates=contents.duplicates, from_day=from_day),
        cost_text(len(imported.addition.added)),
        *(f"line {wrong.line}: {wrong.reason}" for wrong in contents.wrong),
    ]
    row = _import_row(imported, contents) | {"cost": cost_of(len(imported.addition.added))}
    runtime.echo_result("\n".join(lines), row, as_json=as_json)
    if contents.wrong:
        raise Refused(f"{name} holds {len(contents.wrong)} wrong lines: it would not be imported")
    if imported.addition.kept:
        raise Refused(kept_text(imported.addition, org=org, from_day=from_day))


def _addition_row(addition: Addition) -> dict[str, object]:
    return {
        "added": len(addition.added),
        "moved": len(addition.moved),
        "same": addition.same,
        "kept": len(addition.kept),
    }


def _import_row(imported: Imported, contents: WalletFile) -> dict[str, object]:
    return {
        **_addition_row(imported.addition),
        "renamed": imported.renamed,
        "duplicates": contents.duplicates,
        "wrong": contents.wrong,
    }


class _Importing(Protocol):
    """`import_wallets`, or the trial of it."""

    def __call__(
        self,
        pool: Pool,
        listed: Sequence[FileWallet],
        *,
        org: str,
        from_day: date | None,
        at: datetime,
    ) -> Awaitable[Imported]: ...


def _run_import(
    importing: _Importing, listed: Sequence[FileWallet], *, org: str, from_day: date | None
) -> Imported:
    settings = read_settings()

    async def run() -> Imported:
        async with runtime.open_database(settings) as pool:
            return await importing(pool, listed, org=org, from_day=from_day, at=system_clock())

    return runtime.run(run())


def import_text(imported: Imported, *, duplicates: int, from_day: date | None) -> str:
    """What an import changed, in numbers of wallets."""
    parts = [addition_text(imported.addition, from_day=from_day)]
    if imported.renamed:
        parts.append(f"{imported.renamed} with other labels, tags, groups or notes")
    if duplicates:
        parts.append(f"repeated lines: {duplicates}")
    return ", ".join(parts)


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
        runtime.echo_json_lines(rows)
        return
    click.echo(write_file(rows), nl=False)


def _add(addresses: list[str], *, org: str, from_day: date | None, as_json: bool) -> None:
    settings = read_settings()

    async def add() -> Addition:
        async with runtime.migrated(settings) as url:
            return await track(url, addresses, org=org, from_day=from_day)

    addition = runtime.run(add())
    words = addition_text(addition, from_day=from_day)
    runtime.echo_result(words, _addition_row(addition), as_json=as_json)
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
    rows = run_in_org(
        org, lambda connection, org_id: wallets.list_wallets(connection, org_id=org_id)
    )
    if as_json:
        runtime.echo_json_lines(rows)
        return
    table = Table("wallet", "label", "tags", "groups", "from", "to", box=None)
    for row in rows:
        table.add_row(
            row.wallet, row.label or "", ", ".join(row.tags), ", ".join(row.groups),
            str(row.from_day or ""), str(row.to_day or ""),
        )  # fmt: skip
    runtime.open_console().print(table)


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


for _command in (label_command, tag_command, group_command, note_command, forget_command):
    wallets_group.add_command(_command)
