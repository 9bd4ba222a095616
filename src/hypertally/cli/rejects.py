"""`hypertally rejects`: rows that could not be read, and reading fills again after an upgrade."""

import click
from rich.table import Table

from hypertally.cli import database, results, runtime
from hypertally.cli.exchange.sandbox_home import read_settings
from hypertally.cli.options import json_option
from hypertally.jobs.activity import stored_rejects
from hypertally.jobs.activity.stored_rejects import Reread, StoredReject
from hypertally.store.postgres import transaction
from hypertally.tenancy.addresses import read_address

REJECTS_SHOWN_MAX = 1000  # a page that cannot be read at all has twice as many: the rest is like it
wallet_option = click.option("--wallet", "address", help="Of this wallet only.")


@click.group(name="rejects")
def rejects_group() -> None:
    """Rows that could not be read: kept whole, and missing from the figures."""


@rejects_group.command(name="list")
@wallet_option
@click.option("--all", "every", is_flag=True, help="Also rejects that were read since.")
@json_option
def rejects_list(*, address: str | None, every: bool, as_json: bool) -> None:
    """List rows that could not be read, newest first, with their source and the reason.

    A fill that the exchange mends later is known again by its order and trade; a row without an
    order and a trade that a fill can have stays a reject.
    """
    settings = read_settings()
    wallet = read_address(address) if address else None

    async def read() -> list[StoredReject]:
        async with database.open_database(settings) as pool, transaction(pool) as connection:
            return await stored_rejects.list_stored(
                connection, wallet=wallet, every=every, limit=REJECTS_SHOWN_MAX
            )

    rows = runtime.run(read())
    if as_json:
        results.echo_json_lines(rows)
    elif rows:
        _show(rows)
    else:
        click.echo("no rejects")


def _show(rows: list[StoredReject]) -> None:
    table = Table("id", "time of the fill (UTC)", "wallet", "source", "row", "reason", box=None)
    for row in rows:
        reason = f"(read since) {row.reason}" if row.decoded else row.reason
        place = f"{row.object or f'page {row.page_id}'} row {row.ordinal}"
        table.add_row(str(row.id), _when(row), row.wallet or "-", row.source, place, reason)
    results.open_console().print(table)
    if staying := [row.id for row in rows if row.stays]:
        click.echo(
            f"{len(staying)} of these rows, the newest {staying[0]}, name no order or no trade "
            "that a fill can have: they stay rejects even if the exchange mends them later"
        )


def _when(row: StoredReject) -> str:
    if row.from_at is None or row.to_at is None:
        return "-"
    first, last = (f"{at:%Y-%m-%d %H:%M:%S.%f}"[:-3] for at in (row.from_at, row.to_at))
    return first if first == last else f"{first} to {last}"


@rejects_group.command(name="decode")
@wallet_option
@json_option
def rejects_decode(*, address: str | None, as_json: bool) -> None:
    """Read stored rejects of fills again: after an upgrade, what can be read becomes fills."""
    settings = read_settings()
    wallet = read_address(address) if address else None

    async def read() -> Reread:
        async with database.open_database(settings) as pool:
            return await stored_rejects.read_again(pool, wallet=wallet)

    reread = runtime.run(read())
    words = f"{reread.read} read ({reread.fills} new fills), {reread.unread} still cannot be read"
    results.echo_result(words, reread, as_json=as_json)
