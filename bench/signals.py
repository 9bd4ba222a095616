"""Signals: the formulas alone, one period from its rows, and a longer time of history.

The rivals are the sandbox's oracle, plain decimal arithmetic by the definitions, and a history
whose every period reads its day and week again.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from random import Random

from bench import stored_minutes
from bench.database import fresh_database
from bench.machine import announce, console
from bench.measuring import Claim, percentile, report_claims, show_times
from hypertally.flow import DEFINITIONS
from hypertally.jobs.rebuild import rebuild
from hypertally.metrics import definitions
from hypertally.metrics.smart_money import signals
from hypertally.metrics.smart_money.formulas.exits import exit_baseline
from hypertally.metrics.smart_money.formulas.herding import pool as pooled
from hypertally.metrics.smart_money.formulas.scores import ExitBaselines, score
from hypertally.metrics.smart_money.formulas.scoring_window import build_window
from hypertally.metrics.smart_money.formulas.v1.scores import score_v1
from hypertally.metrics.smart_money.formulas.wallet_moves import Move, epsilon
from hypertally.metrics.smart_money.signal_history import SignalHistory
from hypertally.sandbox.oracles import smart_money
from hypertally.store.postgres import Pool, open_pool, transaction

AIMS_MS = {200: 5.0, 2_000: 25.0}  # an asset
FORMULA_ROUNDS = 40
ORACLE_ROUNDS = 5
ALONE_PERIODS = 12
ALONG_PERIODS = 36
HOURS = 27  # a day before, and the periods
ROLE = "hypertally_worker"
PERIOD = timedelta(minutes=5)
PERIODS_A_YEAR = 105_120
USUAL = ExitBaselines(all=exit_baseline({(1, 10): 300, (0, 10): 1_500, (3, 12): 216}))


async def run() -> None:
    """Formulas and single periods of 200 and of 2,000 wallets."""
    claims: list[Claim] = []
    async with fresh_database() as url:
        announce("signals of five minutes, an asset", url)
        for wallets, aim in AIMS_MS.items():
            ours = _formulas(wallets)
            show_times(f"formulas, {wallets} wallets, an asset, processor time", ours)
            claims.append(
                Claim(
                    text=f"formulas, {wallets} wallets, both versions, p50",
                    measured=percentile(ours["ours, both versions"], 50),
                    bound=aim,
                    unit="ms",
                    at_least=False,
                )
            )
    for wallets in AIMS_MS:
        async with fresh_database() as url:
            rows = stored_minutes.write(url, wallets=wallets, hours=HOURS)
            announce(f"a period of three assets from {rows:,} stored snapshots", url)
            show_times(f"{wallets} wallets: read, compute and store an asset", await _periods(url))
    report_claims(claims)


def _formulas(wallets: int) -> dict[str, list[float]]:
    moves = _moves(wallets)
    at = stored_minutes.BEGIN

    def ours() -> None:
        window = build_window("HYPE", at, moves)
        score(window, pooled=pooled(window.counts), mark=Decimal("38.5"), baselines=USUAL)
        score_v1(window)

    ends = {(move.wallet, end): size for move in moves for end, size in _ends(move)}
    addresses = [move.wallet for move in moves]

    def oracle() -> None:
        def position_at(wallet: str, minute: int) -> Decimal | None:
            return ends.get((wallet, minute))

        smart_money.score_window("HYPE", addresses, position_at, minute=5)

    return {
        "ours, both versions": _timed(ours, FORMULA_ROUNDS),
        "plain decimal, without contributors": _timed(oracle, ORACLE_ROUNDS),
    }


def _ends(move: Move) -> Sequence[tuple[int, Decimal | None]]:
    return (0, move.before), (5, move.now)


def _timed(compute: Callable[[], None], rounds: int) -> list[float]:
    compute()
    spent: list[float] = []
    for _ in range(rounds):
        started = time.process_time()
        compute()
        spent.append((time.process_time() - started) * 1000)
    return spent


def _moves(wallets: int) -> list[Move]:
    """Every wallet has a position and half of the wallets traded: more than in reality."""
    draw = Random(wallets)
    sizes = (25, 100, -40, "12.5")
    moves: list[Move] = []
    for number in range(wallets):
        before = Decimal(draw.choice(sizes))
        now = before + (Decimal(draw.randint(-900, 900)) / 100 if draw.random() < 0.5 else 0)
        moves.append(
            Move(
                wallet=f"0x{number:040x}",
                before=before,
                now=now,
                epsilon=epsilon("HYPE", abs(before)),
                forced=False,
            )
        )
    return moves


async def _periods(url: str) -> dict[str, list[float]]:
    """Milliseconds an asset: each period alone reads its day again, consecutive periods do not."""
    first = stored_minutes.BEGIN + stored_minutes.DAY
    async with open_pool(url, role=ROLE, size=2) as pool:
        alone = [await _period(pool, first + n * PERIOD, None) for n in range(ALONE_PERIODS)]
        history = SignalHistory()
        along = [await _period(pool, first + n * PERIOD, history) for n in range(ALONG_PERIODS)]
    return {"consecutive": along[1:], "alone": alone}


async def _period(pool: Pool, at: datetime, history: SignalHistory | None) -> float:
    started = time.perf_counter()
    async with transaction(pool) as connection:
        await signals.rebuild(connection, at, history=history)
    return (time.perf_counter() - started) * 1000 / len(stored_minutes.ASSETS)


async def run_history(*, days: int, wallets: int) -> None:
    """Rebuild some days of history as `hypertally rebuild signals` does."""
    async with fresh_database() as url:
        started = time.perf_counter()
        rows = stored_minutes.write(url, wallets=wallets, hours=24 * days)
        announce(
            f"{days} days of {wallets} wallets rebuilt: {rows:,} snapshots, "
            f"written in {time.perf_counter() - started:,.0f} s",
            url,
        )
        async with open_pool(url, role=ROLE, size=4) as pool:
            async with pool.connection() as connection:
                await definitions.register(connection, DEFINITIONS)
            seconds, periods, stored = await _rebuild(pool)
    each = seconds / periods
    console.print(
        f"{periods:,} periods, {stored:,} signals in {seconds:,.0f} s: {each * 1000:.1f} ms a "
        f"period; at this pace a year of {PERIODS_A_YEAR:,}: {each * PERIODS_A_YEAR / 3600:.1f} h"
    )


async def _rebuild(pool: Pool) -> tuple[float, int, int]:
    started = time.perf_counter()
    done = rows = 0
    start = partial(rebuild.rebuild, pool, rebuild.choose(["signals"]))
    async for progress in start(from_day=None, to_day=None):
        done, rows = progress.done, progress.rows
    return time.perf_counter() - started, done, rows
