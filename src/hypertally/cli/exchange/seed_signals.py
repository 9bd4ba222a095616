"""The watched wallets of a seed: what a recorder would have stored of them for some weeks.

The made-up exchange is asked in this process, as of each time, and the answers take the program's
own way: leaderboard, universe, prices, positions and their anomalies are stored, and the signals
are rebuilt from them. The recorder looked once in five minutes, by day alone but for the last day:
every minute of a month would make a seed of gigabytes.
"""

import hashlib
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from hypertally.cli.exchange.seed_progress import SeedProgress
from hypertally.clock import at as time_at
from hypertally.clock import milliseconds
from hypertally.facts import pages
from hypertally.facts.market import mids
from hypertally.facts.smart_money import wallet_snapshots
from hypertally.facts.smart_money.leaderboard import BestRows
from hypertally.facts.smart_money.wallet_snapshots import Snapshot
from hypertally.jobs.market.candles_and_mids import store_prices
from hypertally.jobs.rebuild import rebuild
from hypertally.jobs.smart_money.snapshots import Cycle, record_cycle
from hypertally.jobs.smart_money.universe import choose_from_answer
from hypertally.metrics.smart_money import universe
from hypertally.metrics.smart_money.formulas.thresholds import PERIOD
from hypertally.metrics.smart_money.universe import Known
from hypertally.records import Answer, Wallet
from hypertally.sandbox.exchange.leaderboard import Leaderboard
from hypertally.sandbox.launch import WORLDS, World
from hypertally.sandbox.population.sessions import read_state
from hypertally.sandbox.regimes.exchange import RegimeExchange, leaders_alone
from hypertally.store.postgres import Connection, Pool, transaction

FIRST_HOUR = 7  # UTC, of a day's watch
FILLER_ROWS = 60
UNIVERSE_BEFORE = timedelta(minutes=1)  # the first look, when the wallets were chosen
PRICES_BEFORE = timedelta(seconds=2)  # of each look
AT_ONCE = 12  # looks in one transaction


def looks(world: World, until: datetime) -> Iterator[datetime]:
    """The ends of periods at which the recorder of a world looked, oldest first."""
    last = until - (until - time_at(0)) % PERIOD
    looks_a_day = timedelta(days=1) // PERIOD
    unbroken = last - timedelta(hours=world.unbroken_hours)
    hours = range(FIRST_HOUR, FIRST_HOUR + world.watched_hours)
    for number in range(world.watched_days * looks_a_day - 1, -1, -1):
        look = last - number * PERIOD
        if look > unbroken or look.hour in hours:
            yield look


async def make_signals(pool: Pool, state: Path, *, world: str, progress: SeedProgress) -> int:
    """Store what the recorder of a world saw, and compute its signals; how many rows."""
    sizes, begun = WORLDS[world], read_state(state)
    exchange = leaders_alone(
        begun.options,
        until_ms=begun.until_ms,
        leaders=sizes.leaders,
        days=sizes.watched_days,
    )
    times = list(looks(sizes, time_at(begun.until_ms)))
    if not times:
        return 0
    await pages.ensure_months(pool, "pages", {*times, times[0] - PERIOD})
    await wallet_snapshots.ensure_days(pool, set(times))
    async with transaction(pool) as connection:
        watched = await _choose_universe(connection, exchange, times[0] - UNIVERSE_BEFORE)
    for first in range(0, len(times), AT_ONCE):
        async with transaction(pool) as connection:
            for look in times[first : first + AT_ONCE]:
                await _record(connection, exchange, watched, look)
        progress.tell("looks recorded", done=first + AT_ONCE, total=len(times))
    rows = 0
    async for rebuilt in rebuild.rebuild(
        pool, rebuild.choose(["signals"]), from_day=None, to_day=None
    ):
        rows = rebuilt.rows
        progress.tell("signals computed", done=rebuilt.done, total=rebuilt.total)
    return rows


async def _choose_universe(connection: Connection, exchange: RegimeExchange, at: datetime) -> Known:
    """Read the leaderboard as of a time, and choose the wallets that are watched."""
    bodies = Leaderboard(seed=exchange.playback.seed, rows=FILLER_ROWS).bodies(
        exchange.leaderboard(milliseconds(at))
    )
    best = BestRows()
    for body in bodies:
        best.take(msgspec.json.decode(body))
    answer = _answer("leaderboard", {}, b"".join(bodies), at=at, body=len(bodies))
    await choose_from_answer(
        connection,
        answer,
        best,
        source="leaderboard",
        taken_at=at,
        size=len(exchange.playback.addresses),
    )
    watched = await universe.read_known(connection, at)
    assert watched is not None, "every leader of the leaderboard can be chosen"
    return watched


async def _record(
    connection: Connection, exchange: RegimeExchange, watched: Known, look: datetime
) -> None:
    """Store prices and positions as of a time."""
    begun = time.monotonic()
    asked_at = look - PRICES_BEFORE
    body = _ask(exchange, {"type": "allMids"}, asked_at)
    prices = _answer("info.allMids", {"type": "allMids"}, body, at=asked_at)
    await store_prices(connection, prices, mids.decode(prices))
    cycle = Cycle(
        minute=look,
        started_at=look,
        universe_run_id=watched.run_id,
        wallets=watched.wallets,
        snapshots=tuple(_positions(exchange, watched.wallets, look)),
        wallets_ok=len(watched.wallets),
    )
    await record_cycle(connection, cycle, as_of=look, begun_seconds=begun)


def _positions(
    exchange: RegimeExchange, wallets: Sequence[Wallet], look: datetime
) -> Iterator[Snapshot]:
    for wallet in wallets:
        request = {"type": wallet_snapshots.SOURCE, "user": wallet.address}
        body = msgspec.json.decode(_ask(exchange, request, look))
        yield from wallet_snapshots.decode(body, wallet=wallet, minute=look)


def _ask(exchange: RegimeExchange, request: dict[str, Any], at: datetime) -> bytes:
    return exchange.answer(msgspec.json.encode(request), now_ms=milliseconds(at)).body


def _answer(
    source: str, request: dict[str, Any], content: bytes, *, at: datetime, body: Any = None
) -> Answer:
    return Answer(
        request=request,
        source=source,
        body=msgspec.json.decode(content) if body is None else body,
        body_sha256=hashlib.sha256(content).digest(),
        asked_at=at,
        weight=0,
    )
