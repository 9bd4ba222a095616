"""`hypertally alerts`: list alerts, acknowledge a firing alert, send a test message."""

import asyncio

import click
from rich.table import Table

from hypertally.cli import database, results, runtime
from hypertally.cli.exchange.sandbox_home import read_settings
from hypertally.cli.options import json_option
from hypertally.cli.processes.worker import channels_of
from hypertally.clock import system_clock
from hypertally.errors import Refused, SourceDown
from hypertally.jobs.alerts.messages import trial_notice
from hypertally.jobs.alerts.state_machine import RULES, AlertState
from hypertally.jobs.alerts.states import (
    AlertSummary,
    LastCheck,
    acknowledge_alert,
    list_alert_states,
    read_last_check,
)
from hypertally.records import Record
from hypertally.settings import PREFIX
from hypertally.sources.notifications import Channel, Notice


@click.group(name="alerts", invoke_without_command=True)
@click.option("--all", "quiet", is_flag=True, help="Also alerts that never changed state.")
@json_option
@click.pass_context
def alerts_group(context: click.Context, *, quiet: bool, as_json: bool) -> None:
    """List the alerts, firing ones first; acknowledge a firing alert."""
    if context.invoked_subcommand is not None:
        return
    settings = read_settings()

    as_of = system_clock()

    async def read() -> tuple[list[AlertSummary], LastCheck]:
        async with database.migrated(settings) as url, database.worker_pool(url) as pool:
            rows = await list_alert_states(pool, quiet=quiet, as_of=as_of)
            return rows, await read_last_check(pool, as_of=as_of)

    rows, last_check = runtime.run(read())
    if as_json:
        results.echo_json_lines(rows)
        return
    click.echo(_last_check_line(last_check))
    _show(rows)


def _last_check_line(last_check: LastCheck) -> str:
    if last_check.checked_at is None:
        return "alerts were never checked: start a worker with `hypertally worker`"
    line = f"last check: {last_check.checked_at:%Y-%m-%d %H:%M:%S} UTC"
    if last_check.is_recent:
        return line
    return f"{line}; no worker checks alerts now, so what does not fire is unchecked"


def _show(rows: list[AlertSummary]) -> None:
    if not rows:
        click.echo("no alert has changed state yet: `hypertally alerts --all` lists every alert")
        return
    table = Table("state", "level", "type", "subject", "since (UTC)", "why", box=None)
    for row in rows:
        since = f"{row.since:%Y-%m-%d %H:%M:%S}" if row.since else ""
        subject = f"{row.subject} ({row.coin_name})" if row.coin_name else row.subject
        table.add_row(row.state, row.level, row.type, subject, since, row.reason)
    results.open_console().print(table)


@alerts_group.command(name="acknowledge")
@click.argument("name", metavar="TYPE", type=click.Choice(list(RULES)))
@click.argument("subject")
@click.option(
    "--by", envvar="USER", required=True, help="Who looks at the alert.  [default: $USER]"
)
@click.option("--reason", default="", help="The known cause, or what is done about it.")
@json_option
def acknowledge_command(*, name: str, subject: str, by: str, reason: str, as_json: bool) -> None:
    """Record that somebody looks at a firing alert; its resolution does not change."""
    settings = read_settings()

    async def note() -> AlertState:
        async with database.migrated(settings) as url, database.worker_pool(url) as pool:
            at = system_clock()
            return await acknowledge_alert(pool, name, subject, at=at, by=by, reason=reason)

    alert = runtime.run(note())
    row = {"type": alert.type, "subject": alert.subject, "state": alert.state, "by": by}
    words = f"{alert.type} {alert.subject}: acknowledged by {by}"
    results.echo_result(words, row, as_json=as_json)


class Sending(Record, frozen=True, kw_only=True):
    """The result of sending a message through a channel."""

    channel: str
    error: str | None  # None: the channel accepted the message


@alerts_group.command(name="test")
@json_option
def test_command(*, as_json: bool) -> None:
    """Send a test message to every channel of the settings."""
    channels = channels_of(read_settings())
    if not channels:
        raise Refused(
            f"alerts are sent to no channel: set {PREFIX}ALERT_URLS to an address in apprise's "
            "form, such as jsons://host/path or mailtos://user:password@host"
        )
    sendings = runtime.run(_send_all(list(channels.values())))
    if as_json:
        results.echo_json_lines(sendings)
    for sending in [] if as_json else sendings:
        click.echo(f"{sending.channel}: {f'failed: {sending.error}' if sending.error else 'taken'}")
    if any(sending.error for sending in sendings):
        raise click.exceptions.Exit(1)


async def _send_all(channels: list[Channel]) -> list[Sending]:
    notice = trial_notice(system_clock())
    return await asyncio.gather(*(_send(channel, notice) for channel in channels))


async def _send(channel: Channel, notice: Notice) -> Sending:
    try:
        await channel.send(notice)
    except SourceDown as problem:
        return Sending(channel=channel.name, error=str(problem))
    return Sending(channel=channel.name, error=None)
