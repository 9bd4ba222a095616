"""Starts a sandbox from plain options: the one call the command line needs."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import time

from msgspec.structs import asdict

from hypertally.sandbox.exchange.marketdata import PopulationExchange
from hypertally.sandbox.exchange.protocol import Exchange
from hypertally.sandbox.exchange.server import HOST, Options, serve
from hypertally.sandbox.population.population import (
    DEFAULT_DAYS,
    DEFAULT_FILLS,
    DEFAULT_LIVE_PER_SECOND,
    DEFAULT_SEED,
    DEFAULT_WALLETS,
    Population,
)
from hypertally.sandbox.population.sessions import LiveSessions, Scene
from hypertally.sandbox.regimes.exchange import regime_exchange, with_leaders
from hypertally.sandbox.replay.replay import ReplayExchange


def build_exchange(
    *,
    seed: int = DEFAULT_SEED,
    wallets: int = DEFAULT_WALLETS,
    days: int = DEFAULT_DAYS,
    fills: int = DEFAULT_FILLS,
    live_per_second: float = DEFAULT_LIVE_PER_SECOND,
    until_ms: int | None = None,
    replay: Path | None = None,
    state: Path | None = None,
    twaps_dir: Path | None = None,
    regime: str | None = None,
    leaders: int = 0,
) -> Exchange:
    """Make the world to serve.

    With `state`, a file, the same population goes on after a restart; `until_ms` is then taken
    from it. `replay` serves recordings instead, and the other options mean nothing. Into
    `twaps_dir` every UTC day's statuses of TWAPs are written once the day is over. `leaders` more
    wallets stand on the leaderboard, whose regimes take turns. `regime` serves that one alone, from
    the last full five minutes on; raises ValueError for a name that is none.
    """
    if replay is not None:
        return ReplayExchange(replay)
    now_ms = int(time() * 1000) if until_ms is None else until_ms
    if regime is not None:
        return regime_exchange(regime, start_ms=now_ms, wallets=leaders, seed=seed)
    scene = Scene(
        seed=seed, wallets=wallets, days=days, fills=fills, live_per_second=live_per_second
    )
    sessions = None if state is None else LiveSessions(state, scene, now_ms=now_ms)
    population = (
        Population(until_ms=now_ms, **asdict(scene)) if sessions is None else sessions.population
    )
    archive = None if twaps_dir is None else _archive(twaps_dir, population)
    world = PopulationExchange(population, sessions=sessions, archive=archive)
    return with_leaders(world, leaders) if leaders else world


def _archive(folder: Path, population: Population) -> Callable[[int], None]:
    from hypertally.sandbox.population.twap_parquet import TwapArchive  # pyarrow takes its time

    archive = TwapArchive(folder, population)
    archive.advance(population.time_ms)
    return archive.advance


def run(exchange: Exchange, *, host: str = HOST, port: int, options: Options | None = None) -> None:
    """Serve an exchange in this process until a signal stops it."""
    with suppress(KeyboardInterrupt):  # the server has already stopped cleanly by then
        asyncio.run(serve(exchange, host=host, port=port, options=options))
