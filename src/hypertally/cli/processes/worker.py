"""`hypertally worker`: run jobs, for good or until no job is due."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import click
import structlog

from hypertally.cli import database, runtime
from hypertally.cli.exchange.sandbox_home import read_settings
from hypertally.clock import system_clock
from hypertally.errors import Refused
from hypertally.jobs.runtime.resources import AlertBounds, Resources, Watch
from hypertally.jobs.runtime.shared_budget import SharedBudget
from hypertally.jobs.runtime.source_pause import SharedPause
from hypertally.jobs.twaps.source_import import open_twap_source
from hypertally.jobs.worker import POOL_SIZE, Options, Worker
from hypertally.settings import PREFIX, Settings
from hypertally.sources.heartbeat import Heartbeat
from hypertally.sources.info import InfoClient
from hypertally.sources.notifications import Channels, open_channels
from hypertally.store.postgres import Pool

# Snapshots of 200 wallets take two seconds, at a fifth of a second each. An answer that takes more
# than ten seconds comes too late, and a second try leaves the rest of the minute free.
SNAPSHOT_TRIES_MAX = 2


@click.command(name="worker")
def worker_command() -> None:
    """Run jobs: pull facts, compute metrics, watch wallets. Workers may share a database."""
    runtime.configure_logs()
    runtime.run(work(read_settings(), watching=True))


async def work(
    settings: Settings, options: Options | None = None, *, watching: bool = False
) -> None:
    """Run a worker until a signal, or until no job is due; `watching`: smart money too."""
    channels = channels_of(settings)  # a bad address stops the start before the database is opened
    async with (
        database.migrated(settings) as url,
        database.worker_pool(url, size=POOL_SIZE) as pool,
        info_client(pool, settings) as info,
        watch_of(settings, pool) as watch,
    ):
        chosen = options or Options()
        is_watching = watching and (settings.smart_money or chosen.watching_alone)
        resources = Resources(
            pool=pool,
            info=info,
            clock=system_clock,
            weight_per_minute=settings.weight_per_minute,
            channels=channels,
            alert_bounds=alert_bounds_of(settings),
            heartbeat=heartbeat_of(settings),
            alerts_page=settings.alerts_page,
            twap_source=open_twap_source(settings.twap_source, url),
            watch=watch if is_watching else None,
        )
        worker = Worker(resources, chosen)
        runtime.stop_on_signals(worker.stop)
        structlog.get_logger().info(
            "worker started",
            exchange=settings.info_url,
            alerts=", ".join(channels) or "not sent",
        )
        await worker.run()


@asynccontextmanager
async def watch_of(settings: Settings, pool: Pool) -> AsyncGenerator[Watch]:
    """The clients with which a worker watches wallets."""
    budget = shared_budget(pool, settings).snapshots()
    async with InfoClient(
        settings.info_url,
        budget=budget,
        clock=system_clock,
        concurrency=settings.snapshot_concurrency,
        tries=SNAPSHOT_TRIES_MAX,
        answer_seconds_max=settings.snapshot_timeout_seconds,
        pause=shared_pause(pool, settings),
    ) as positions:
        yield Watch(
            leaderboard_url=settings.leaderboard,
            fallback_url=settings.leaderboard_fallback_url,
            positions=positions,
            budget=budget,
            universe_size=settings.universe_size,
            refresh_minutes=settings.universe_refresh_minutes,
        )


def info_client(pool: Pool, settings: Settings) -> InfoClient:
    """The exchange's info endpoint, paid from the allowance that all processes share."""
    return InfoClient(
        settings.info_url,
        budget=shared_budget(pool, settings),
        clock=system_clock,
        pause=shared_pause(pool, settings),
    )


def channels_of(settings: Settings) -> Channels:
    """The channels that receive alerts.

    Errors: `Refused` for an address that is none.
    """
    urls = settings.alert_urls.get_secret_value() if settings.alert_urls else None
    try:
        return open_channels(urls)
    except Refused as problem:
        raise Refused(f"bad settings: {PREFIX}ALERT_URLS: {problem}") from problem


def alert_bounds_of(settings: Settings) -> AlertBounds:
    """From which size on alerts tell what happened."""
    return AlertBounds(
        twap_share_percent=settings.alert_twap_share_percent,
        wallet_usd=settings.alert_wallet_usd,
    )


def heartbeat_of(settings: Settings) -> Heartbeat | None:
    """The monitor that a healthy worker calls; None: the setting names none."""
    url = settings.heartbeat_url
    return Heartbeat(url.get_secret_value()) if url else None


def shared_budget(pool: Pool, settings: Settings) -> SharedBudget:
    """The request weight that all processes share which send requests to this host."""
    upstream_host = urlsplit(settings.info_url).netloc
    return SharedBudget(
        pool, upstream_host=upstream_host, weight_per_minute=settings.weight_per_minute
    )


def shared_pause(pool: Pool, settings: Settings) -> SharedPause:
    """The pause that all processes keep while this host is down."""
    return SharedPause(pool, upstream_host=urlsplit(settings.info_url).netloc)
