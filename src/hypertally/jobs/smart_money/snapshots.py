"""Snapshots: the positions of the watched wallets, every minute.

    every 6 hours --> refresh_universe   (jobs/smart_money/universe.py)
    every minute ---> snapshot_minute ---> compute_signals, every five
                                      +--> pull_exit_fills ---> recompute_signals

Each minute is one row of the queue, however many workers see the minute begin. A minute that no
worker asked for while it lasted is recorded as missed: its positions can no longer be seen.
"""

import asyncio
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

import structlog
from msgspec.structs import replace

from hypertally.errors import BadPayload, RateLimited, SourceDown
from hypertally.facts.smart_money import wallet_snapshots
from hypertally.facts.smart_money.wallet_snapshots import Snapshot
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.alert_checks import enqueue_alert_check
from hypertally.jobs.runtime.kinds import Handlers, Kind, Lane, declare, enqueue
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources, Watch
from hypertally.jobs.smart_money.exit_readings import enqueue_exit_readings
from hypertally.jobs.smart_money.feed_health import note_coverage, note_health
from hypertally.jobs.smart_money.signals import enqueue_signals
from hypertally.jobs.smart_money.snapshot_share import (
    PART_WEIGHT,
    has_waiting_exits,
    share_weight,
)
from hypertally.metrics.smart_money import snapshot_anomalies, universe
from hypertally.metrics.smart_money.formulas.feed_health import Health
from hypertally.metrics.smart_money.universe import Known
from hypertally.records import Record, Wallet
from hypertally.sources.info import InfoClient
from hypertally.sources.weights import LIGHT_WEIGHT, Prepaid
from hypertally.store.postgres import Connection, Pool, find_row, transaction
from hypertally.store.queries import load

log = structlog.get_logger()

QUERIES = load(__file__)
MINUTE = timedelta(minutes=1)
ANSWERED_WITHIN = timedelta(seconds=50)  # of the minute: the rest is for writing it down
ANSWER_SECONDS_MIN = 10.0  # of what was begun late in its minute
DAYS_AHEAD = 2  # partitions exist this long before they are needed


class MinutePayload(Record, frozen=True, kw_only=True):
    """The minute that is recorded."""

    minute: datetime


SNAPSHOT_MINUTE = declare(
    Kind(
        name="snapshot_minute",
        payload_type=MinutePayload,
        lane=Lane.WATCHING,
        leaves_when_killed="nothing: a minute is one transaction, and is asked for again or missed",
        distinguish=lambda payload: payload.minute.isoformat(),
        priority=99,  # nothing else has only a minute
    )
)


class Cycle(Record, frozen=True, kw_only=True):
    """A row of ops.ingest_runs and what is written with it."""

    minute: datetime
    started_at: datetime
    universe_run_id: int | None
    wallets: tuple[Wallet, ...]
    snapshots: tuple[Snapshot, ...] = ()
    wallets_ok: int = 0
    error_text: str | None = None

    @property
    def status(self) -> str:
        """Whether all, some or none of the wallets answered."""
        if self.wallets_ok == len(self.wallets) > 0:
            return "success"
        return "partial" if self.wallets_ok else "failed"

    @property
    def coverage(self) -> Decimal:
        """The share of the wallets that answered; of none, 0."""
        if not self.wallets:
            return Decimal(0)
        return (Decimal(self.wallets_ok) / len(self.wallets)).quantize(Decimal("1e-8"))


def floor_minute(at: datetime) -> datetime:
    """The minute that a time is in."""
    return at.replace(second=0, microsecond=0)


async def begin_minute(pool: Pool, minute: datetime) -> bool:
    """Queue the recording of a minute, once over all workers; false if it was queued before."""
    payload = MinutePayload(minute=minute)
    parameters = {"key": SNAPSHOT_MINUTE.dedupe_key(payload)}
    async with transaction(pool) as connection:
        await connection.execute(QUERIES["lock_minutes"].text)
        cursor = await connection.execute(QUERIES["find_minute"].text, parameters)
        if await cursor.fetchone() is not None:
            return False
        return await enqueue(connection, SNAPSHOT_MINUTE, payload)


async def snapshot_minute(resources: Resources, job: Job) -> None:
    """Record one minute: positions, anomalies, the run, health, and the jobs that follow."""
    pool, clock = resources.pool, resources.clock
    minute = SNAPSHOT_MINUTE.read_payload(job).minute
    start = time.monotonic()
    days = {minute + timedelta(days=days) for days in range(DAYS_AHEAD + 1)}
    await wallet_snapshots.ensure_days(pool, days)
    cycle = await observe(resources, minute)
    async with queue.finishing(pool, job) as connection:
        duration_ms, health = await record_cycle(
            connection, cycle, as_of=clock(), begun_seconds=start
        )
        await enqueue_signals(connection, minute)
        await enqueue_exit_readings(connection)
        await enqueue_alert_check(connection, minute)
    log.info(
        "minute recorded",
        minute=minute.isoformat(),
        wallets=len(cycle.wallets),
        answered=cycle.wallets_ok,
        health=health.state,
        duration_ms=duration_ms,
    )


async def record_cycle(
    connection: Connection, cycle: Cycle, *, as_of: datetime, begun_seconds: float
) -> tuple[int, Health]:
    """Store a minute: positions, their anomalies, the run, and the health of the feed.

    `begun_seconds`: of the monotonic clock; how many milliseconds it took, and the health.
    """
    written = await _store(connection, cycle)
    await snapshot_anomalies.find(connection, cycle.minute)
    duration_ms = round((time.monotonic() - begun_seconds) * 1000)
    await _insert_run(connection, cycle, rows_written=written, duration_ms=duration_ms)
    await note_coverage(connection, cycle.minute)
    return duration_ms, await note_health(connection, as_of)


async def observe(resources: Resources, minute: datetime) -> Cycle:
    """Ask for the positions of the universe known now; a wallet without an answer is missing."""
    started_at = resources.clock()
    async with transaction(resources.pool) as connection:
        known = await universe.read_known(connection, started_at)
        exits = await has_waiting_exits(connection)
    cycle = Cycle(
        minute=minute,
        started_at=started_at,
        universe_run_id=known.run_id if known else None,
        wallets=known.wallets if known else (),
    )
    if known is None:
        return replace(cycle, error_text="no universe is chosen yet")
    if started_at >= minute + MINUTE:
        reason = "nobody asked before the minute was over"
        answers = [_unseen(wallet, minute, reason) for wallet in known.wallets]
        return replace(cycle, snapshots=_flatten(answers), error_text=reason)
    left = (minute + ANSWERED_WITHIN - started_at).total_seconds()
    seconds = max(left, ANSWER_SECONDS_MIN)
    watch = resources.require_watch()
    await watch.budget.reserve_share(share_weight(len(known.wallets), exits=exits))
    answers = await _ask(watch, known, minute, seconds=seconds)
    answered = sum(snapshots[0].payload_fingerprint is not None for snapshots in answers)
    return replace(cycle, snapshots=_flatten(answers), wallets_ok=answered)


async def _ask(
    watch: Watch, known: Known, minute: datetime, *, seconds: float
) -> list[list[Snapshot]]:
    weight = LIGHT_WEIGHT * len(known.wallets)
    until = asyncio.get_running_loop().time() + seconds
    async with (
        Prepaid(watch.budget, expected=weight, part=PART_WEIGHT) as paid,
        asyncio.TaskGroup() as group,
    ):
        tasks = [
            group.create_task(_ask_one(watch.positions, paid, wallet, minute, until=until))
            for wallet in known.wallets
        ]
    return [task.result() for task in tasks]


async def _ask_one(
    positions: InfoClient, paid: Prepaid, wallet: Wallet, minute: datetime, *, until: float
) -> list[Snapshot]:
    try:
        async with asyncio.timeout_at(until):
            answer = await positions.fetch_paid_by(
                paid, wallet_snapshots.SOURCE, user=wallet.address
            )
            return wallet_snapshots.decode(answer.body, wallet=wallet, minute=minute)
    except TimeoutError:
        return _unseen(wallet, minute, "there was no answer within the minute")
    except (SourceDown, RateLimited, BadPayload) as problem:
        return _unseen(wallet, minute, str(problem))


def _unseen(wallet: Wallet, minute: datetime, reason: str) -> list[Snapshot]:
    return wallet_snapshots.missing(wallet, minute=minute, reason=reason)


def _flatten(answers: Iterable[list[Snapshot]]) -> tuple[Snapshot, ...]:
    return tuple(snapshot for snapshots in answers for snapshot in snapshots)


async def _store(connection: Connection, cycle: Cycle) -> int:
    addresses = {wallet.id: wallet.address for wallet in cycle.wallets}
    return await wallet_snapshots.insert(connection, cycle.snapshots, addresses)


async def _insert_run(
    connection: Connection, cycle: Cycle, *, rows_written: int, duration_ms: int
) -> None:
    await connection.execute(
        QUERIES["insert_run"].text,
        {
            "minute": cycle.minute,
            "status": cycle.status,
            "started_at": cycle.started_at,
            "duration_ms": duration_ms,
            "wallets": len(cycle.wallets),
            "wallets_ok": cycle.wallets_ok,
            "wallets_failed": len(cycle.wallets) - cycle.wallets_ok,
            "rows_written": rows_written,
            "coverage": cycle.coverage,
            "universe_run_id": cycle.universe_run_id,
            "error_text": cycle.error_text,
        },
    )


class RecordedRun(Record, frozen=True, kw_only=True):
    """How the recording of a minute went, with the latest health."""

    status: str
    wallets: int
    wallets_ok: int
    rows_written: int
    duration_ms: int
    error_text: str | None
    health: str | None


async def read_run(pool: Pool, minute: datetime) -> RecordedRun | None:
    """How the recording of a minute went; None: the minute was not recorded."""
    async with transaction(pool) as connection:
        return await find_row(
            connection, QUERIES["read_run"], {"minute": minute}, shape=RecordedRun
        )


HANDLERS: Handlers = {SNAPSHOT_MINUTE: snapshot_minute}
