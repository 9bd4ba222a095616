"""`hypertally wallets import`: the wallets of a file, and what an import changes in words."""

import sys
from collections.abc import Awaitable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

import click

from hypertally.cli import database, results, runtime
from hypertally.cli.exchange.sandbox_home import read_settings
from hypertally.cli.options import day_of, day_type, json_option, org_option
from hypertally.cli.plan import cost_of, cost_text
from hypertally.clock import system_clock
from hypertally.errors import Refused
from hypertally.jobs import membership
from hypertally.jobs.membership import Imported
from hypertally.store.postgres import Pool
from hypertally.tenancy.wallet_files import (
    FileWallet,
    WalletFile,
    read_file,
    refuse_wrong_lines,
)
from hypertally.tenancy.wallets import Addition

KEPT_SHOWN_MAX = 5
from_option = click.option(
    "--from",
    "from_day",
    type=day_type,
    help="Count from this UTC day; a tracked wallet moves to an earlier day.  [all history]",
)


@click.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@org_option
@from_option
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@json_option
def import_command(
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
    results.echo_result(words, _import_row(imported, contents), as_json=as_json)
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
    results.echo_result("\n".join(lines), row, as_json=as_json)
    if contents.wrong:
        raise Refused(f"{name} holds {len(contents.wrong)} wrong lines: it would not be imported")
    if imported.addition.kept:
        raise Refused(kept_text(imported.addition, org=org, from_day=from_day))


def addition_row(addition: Addition) -> dict[str, object]:
    """The same numbers as `addition_text`, for JSON."""
    return {
        "added": len(addition.added),
        "moved": len(addition.moved),
        "same": addition.same,
        "kept": len(addition.kept),
    }


def _import_row(imported: Imported, contents: WalletFile) -> dict[str, object]:
    return {
        **addition_row(imported.addition),
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
        async with database.open_database(settings) as pool:
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
