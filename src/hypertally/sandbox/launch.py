"""The exchange to serve, made from plain options, and its server."""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from time import time
from types import MappingProxyType

from msgspec.structs import asdict

from hypertally.sandbox.exchange.application import ServerOptions
from hypertally.sandbox.exchange.population_exchange import PopulationExchange
from hypertally.sandbox.exchange.protocol import Exchange
from hypertally.sandbox.exchange.server import HOST, serve
from hypertally.sandbox.population.population import (
    DEFAULT_DAYS,
    DEFAULT_FILLS,
    DEFAULT_LIVE_PER_SECOND,
    DEFAULT_SEED,
    DEFAULT_WALLETS,
    Population,
)
from hypertally.sandbox.population.sessions import LiveSessions, PopulationOptions, read_options
from hypertally.sandbox.population.traders import DEFAULT_SCALE
from hypertally.sandbox.regimes.desk import DESK_LEADERS
from hypertally.sandbox.regimes.exchange import exchange_with_leaders, regime_exchange
from hypertally.sandbox.replay.replay import ReplayExchange

WORLD_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The sizes of a made-up world."""

    wallets: int
    fills: int
    live_per_second: float
    scale: str
    leaders: int  # wallets of the leaderboard that follow regimes
    watched_days: int = 0  # how long they traded before, as a seed's books record; 0: not at all
    watched_hours: int = 0  # of each of these days: at night nobody watched
    unbroken_hours: int = 0  # up to the end: watched by day and night


LEADERS = 190  # with the wallets that trade live, more than the 180 that a universe needs

WORLDS = MappingProxyType(
    {
        "tiny": World(
            wallets=5,
            fills=400,
            live_per_second=0.1,
            scale="desk",
            leaders=DESK_LEADERS,
            watched_days=2,
            watched_hours=1,
            unbroken_hours=2,
        ),
        "small": World(
            wallets=30, fills=6_500, live_per_second=0.2, scale="small", leaders=LEADERS
        ),
        "desk": World(
            wallets=300,
            fills=45_000,
            live_per_second=0.5,
            scale="desk",
            leaders=DESK_LEADERS,
            watched_days=30,
            watched_hours=8,
            unbroken_hours=24,
        ),
    }
)


def world_of_state(state: Path) -> str | None:
    """Return the name of the world whose state a file keeps; None without a file or a name.

    Raises ValueError for a file that holds none.
    """
    if not state.exists():
        return None
    options = read_options(state)
    sizes = (options.wallets, options.scale)
    return next(
        (name for name, world in WORLDS.items() if (world.wallets, world.scale) == sizes), None
    )


def identity_of(
    *,
    seed: int = DEFAULT_SEED,
    replay: Path | None,
    regime: str | None,
    world: str | None = None,
) -> str:
    """The name by which books of an exchange are told from others: books of two never mix."""
    if replay is not None:
        return f"replay:{re.sub(r'[^a-zA-Z0-9._-]', '_', replay.resolve().name) or '_'}"
    name = f"sandbox:{seed}" if regime is None else f"sandbox:{seed}:{regime}"
    return name if world is None else f"{name}@{world}"


def world_of(state: Path | None) -> str:
    """The number of a world, which tells it from others of its seed; kept beside its state.

    Fills depend on when a world was begun, and when it ran: without a state each start makes one.
    """
    if state is None:
        return token_hex(WORLD_BYTES)
    file = state.with_suffix(".world")
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new_file = file.with_suffix(".new-world")
        _ = new_file.write_text(token_hex(WORLD_BYTES))
        _ = new_file.replace(file)
    return file.read_text().strip()


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
    watched_days: int = 0,
    scale: str = DEFAULT_SCALE,
) -> Exchange:
    """Build the exchange to serve.

    `state` is a file by which the same population goes on after a restart; it holds `until_ms` too.
    `replay` serves recordings instead, and no other option applies. `twaps_dir` receives the TWAP
    statuses of every UTC day once the day is over. `leaders` more wallets stand on the leaderboard,
    whose regimes take turns, for `watched_days` before `until_ms` already. `regime` serves a
    single regime, from the last full five minutes on; an unknown name raises ValueError.
    """
    if replay is not None:
        return ReplayExchange(replay)
    now_ms = int(time() * 1000) if until_ms is None else until_ms
    if regime is not None:
        return regime_exchange(regime, start_ms=now_ms, wallets=leaders, seed=seed)
    options = PopulationOptions(
        seed=seed,
        wallets=wallets,
        days=days,
        fills=fills,
        live_per_second=live_per_second,
        scale=scale,
    )
    sessions = None if state is None else LiveSessions(state, options, now_ms=now_ms)
    population = (
        Population(until_ms=now_ms, **asdict(options)) if sessions is None else sessions.population
    )
    write_twaps = None if twaps_dir is None else _write_twaps(twaps_dir, population)
    exchange = PopulationExchange(population, sessions=sessions, on_advance=write_twaps)
    return exchange_with_leaders(exchange, leaders, days=watched_days) if leaders else exchange


def _write_twaps(folder: Path, population: Population) -> Callable[[int], None]:
    from hypertally.sandbox.population.twap_parquet import (
        TwapSourceFolder,
    )  # pyarrow loads slowly

    source = TwapSourceFolder(folder, population)
    source.advance(population.time_ms)
    return source.advance


def run(
    exchange: Exchange, *, host: str = HOST, port: int, options: ServerOptions | None = None
) -> None:
    """Serve an exchange in this process until a signal stops it."""
    with suppress(KeyboardInterrupt):  # the server has stopped cleanly before
        asyncio.run(serve(exchange, host=host, port=port, options=options))
