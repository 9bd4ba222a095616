"""`hypertally worker` and `hypertally pull`: jobs, run for good or until nothing is due."""

from urllib.parse import urlsplit

import click
import structlog

from hypertally import settings as program_settings
from hypertally.cli import running
from hypertally.jobs import queue, schedule
from hypertally.jobs.budget import SharedBudget
from hypertally.jobs.clock import now
from hypertally.jobs.twap_archive import open_archive
from hypertally.jobs.worker import POOL_SIZE, Options, Worker
from hypertally.settings import Settings
from hypertally.sources.info import InfoClient
from hypertally.store.postgres import Pool
from hypertally.tenancy import wallets


@click.command(name="worker")
def worker_command() -> None:
    """Run jobs: pull fills, roll them up. Any number of workers share one database."""
    running.configure_logs()
    running.run(work(program_settings.read()))


async def work(settings: Settings, options: Options | None = None) -> None:
    """Run a worker until a signal, or until nothing is due."""
    async with (
        running.migrated(settings) as url,
        running.worker_pool(url, size=POOL_SIZE) as pool,
        InfoClient(settings.info_url, budget=shared_budget(pool, settings), now=now) as info,
    ):
        archive = open_archive(settings.twap_url, url)
        worker = Worker(pool, info, options, archive=archive)
        running.stop_on_signals(worker.stop)
        structlog.get_logger().info("worker started", exchange=settings.info_url)
        await worker.run()


def shared_budget(pool: Pool, settings: Settings) -> SharedBudget:
    """The allowance that all processes share that ask this address."""
    egress = urlsplit(settings.info_url).netloc
    return SharedBudget(pool, egress=egress, weight_per_minute=settings.weight_per_minute)


@click.group(name="pull")
def pull_group() -> None:
    """Bring facts in from the exchange."""


@pull_group.command(name="fills")
@click.option("--wallet", "addresses", multiple=True, help="Only this wallet; may be repeated.")
@click.option("--once", is_flag=True, help="Stop when everything that is due is done.")
def pull_fills(*, addresses: tuple[str, ...], once: bool) -> None:
    """Pull the fills of the tracked wallets now, and compute what follows from them."""
    running.configure_logs()
    settings = program_settings.read()
    checked = [wallets.read_address(address) for address in addresses]

    async def pull() -> int:
        async with running.migrated(settings) as url, running.worker_pool(url) as pool:
            chosen = await schedule.pull_now(pool, checked or None)
            await work(settings, Options(until_idle=once))
            return chosen if not await queue.list_dead(pool, limit=1) else -1

    pulled = running.run(pull())
    if pulled < 0:
        click.echo("some jobs are dead: `hypertally jobs dead` lists them", err=True)
        raise click.exceptions.Exit(1)
    click.echo(f"{pulled} wallets pulled")
