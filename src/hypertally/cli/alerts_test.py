"""`hypertally alerts test`: a message through every channel, and what became of each."""

import asyncio

import click

from hypertally import settings as program_settings
from hypertally.cli import runtime
from hypertally.cli.worker import channels_of
from hypertally.clock import now
from hypertally.errors import Refused, SourceDown
from hypertally.jobs.alerts.messages import trial_notice
from hypertally.records import Record
from hypertally.settings import PREFIX
from hypertally.sources.notifications import Channel, Notice


class Tried(Record, frozen=True, kw_only=True):
    """What became of a message."""

    channel: str
    error: str | None  # None: the channel took it


@click.command(name="test")
@click.option("--json", "as_json", is_flag=True)
def test_command(*, as_json: bool) -> None:
    """Send a test message through every channel that is set."""
    channels = channels_of(program_settings.read())
    if not channels:
        raise Refused(
            f"alerts are told to nobody: set {PREFIX}ALERT_URLS to an address in apprise's form, "
            "such as jsons://host/path or mailtos://user:password@host"
        )
    tried = runtime.run(_try_all(list(channels.values())))
    if as_json:
        runtime.echo_json_lines(tried)
    for one in [] if as_json else tried:
        click.echo(f"{one.channel}: {f'failed: {one.error}' if one.error else 'taken'}")
    if any(one.error for one in tried):
        raise click.exceptions.Exit(1)


async def _try_all(channels: list[Channel]) -> list[Tried]:
    notice = trial_notice(now())
    return await asyncio.gather(*(_try(channel, notice) for channel in channels))


async def _try(channel: Channel, notice: Notice) -> Tried:
    try:
        await channel.send(notice)
    except SourceDown as problem:
        return Tried(channel=channel.name, error=str(problem))
    return Tried(channel=channel.name, error=None)
