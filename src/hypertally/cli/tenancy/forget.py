"""`hypertally wallets forget`: take an import by mistake out of an org's books."""

import click

from hypertally.cli import database, results, runtime
from hypertally.cli.exchange.sandbox_home import read_settings
from hypertally.cli.options import json_option, org_option
from hypertally.errors import Refused
from hypertally.jobs import membership
from hypertally.jobs.membership import Forgotten
from hypertally.tenancy.addresses import read_address

SHOWN_MAX = 10  # wallets that are named; the rest is counted


@click.command(name="forget")
@click.argument("addresses", nargs=-1, required=True)
@org_option
@click.option("--dry-run", is_flag=True, help="Say what would go, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def forget_command(
    *, addresses: tuple[str, ...], org: str, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Take wallets out of an org's books as if they had never been in them.

    Their past no longer counts: the org's days are computed again, and labels, tags, groups and
    notes go. `wallets remove` stops tracking from today on and keeps the past.
    """
    checked = list(dict.fromkeys(read_address(address) for address in addresses))
    settings = read_settings()

    async def run() -> Forgotten:
        async with database.open_database(settings) as pool:
            trial = await membership.try_forget(pool, checked, org=org)
            if dry_run or not trial.wallets:
                return trial
            if not yes:
                _ask(trial, org=org)
            return await membership.forget(pool, checked, org=org)

    forgotten = runtime.run(run())
    words = ("nothing is changed; it would be: " if dry_run else "") + _text(forgotten, org=org)
    results.echo_result(words, forgotten, as_json=as_json)
    if forgotten.not_members:
        raise Refused(f"{org} never tracked {_shown(forgotten.not_members)}")


def _ask(trial: Forgotten, *, org: str) -> None:
    named = [f"{each.wallet} ({each.label})" if each.label else each.wallet
             for each in trial.wallets]  # fmt: skip
    click.echo(f"{_shown(named)}: {_text(trial, org=org)}", err=True)
    try:
        click.confirm("This cannot be undone. Go on?", abort=True)
    except click.Abort as abort:
        raise Refused("nothing was forgotten: answer y, or give --yes") from abort


def _text(forgotten: Forgotten, *, org: str) -> str:
    counted = (
        f"{len(forgotten.wallets)} forgotten, {forgotten.days} days of {org} to be computed again"
    )
    alone = sum(not each.is_shared for each in forgotten.wallets)
    return f"{counted}, the facts of {alone} count nowhere any more" if alone else counted


def _shown(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN_MAX} more" if len(names) > SHOWN_MAX else ""
    return ", ".join(names[:SHOWN_MAX]) + more
