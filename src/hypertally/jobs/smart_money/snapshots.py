"""What the watched wallets hold: the universe every six hours, their positions every minute.

    every 6 hours --> refresh_universe   (jobs/smart_money/universe.py)
    every minute ---> snapshot_minute ---> compute_signals, every five

The minutes are rows of the queue, one a minute however many workers see it begin. A minute that
nobody asked for while it lasted is recorded as missed: what was held then can no longer be seen.
"""

import asyncio
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import structlog
from msgspec.structs import replace

from hypertally.clock import now
from hypertally.errors import BadPayload, RateLimited, SourceDown
from hypertally.facts.smart_money import wallet_snapshots
from hypertally.facts.smart_money.wallet_snapshots import Snapshot
from hypertally.jobs.runtime import enqueue_alert_check, queue
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.shared_budget import SharedBudget
from hypertally.jobs.smart_money import signals
from hypertally.metrics.smart_money import snapshot_anomalies, universe
from hypertally.metrics.smart_money.formulas.feed_health import Health, assess_health
from hypertally.metrics.smart_money.universe import Known
from hypertally.records import Record, Wallet
from hypertally.sources.info import InfoClient
from hypertally.sources.weights import LIGHT_WEIGHT, Prepaid
from hypertally.store.postgres import Connection, Pool, transaction
from hypertally.store.queries import load

log = structlog.get_logger()

QUERIES = load(__file__)
# Jobs of a worker that is given a `Watch`; another leaves them alone.
KINDS = frozenset(("refresh_universe", "snapshot_minute", "compute_signals"))
MINUTE = timedelta(minutes=1)
SNAPSHOT_PRIORITY = 99  # nothing else has only a minute
ANSWERED_WITHIN = timedelta(seconds=50)  # of the minute: the rest is for writing it down
ANSWER_SECONDS_MIN = 10.0  # of what was begun late in its minute
# Weight reserved at a time: fifty wallets. See `Prepaid`.
PART_WEIGHT = 100
DAYS_AHEAD = 2  # partitions exist this long before they are needed


class Watch(Record, frozen=True, kw_only=True):
    """What a worker needs to watch wallets."""

    leaderboard_url: str | None  # None: there is none of this exchange
    fallback_url: str | None
    positions: InfoClient  # one for snapshots alone: they do not queue up behind pulls
    budget: SharedBudget  # for snapshots


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
    """Have a minute recorded, once, whoever says so; false if that was said before."""
    key = f"snapshot_minute:{minute.isoformat()}"
    async with transaction(pool) as connection:
        await connection.execute(QUERIES["lock_minutes"].text)
        found = await connection.execute(QUERIES["find_minute"].text, {"key": key})
        if await found.fetchone() is not None:
            return False
        return await queue.enqueue(
            connection,
            "snapshot_minute",
            {"minute": minute.isoformat()},
            dedupe_key=key,
            priority=SNAPSHOT_PRIORITY,
        )


async def snapshot_minute(pool: Pool, watch: Watch, job: Job) -> None:
    """Record one minute: positions, what is wrong with them, how it went, and what follows."""
    minute = datetime.fromisoformat(job.payload["minute"])
    start = time.monotonic()
    days = {minute + timedelta(days=days) for days in range(DAYS_AHEAD + 1)}
    await wallet_snapshots.ensure_days(pool, days)
    cycle = await observe(pool, watch, minute)
    async with queue.finishing(pool, job) as connection:
        written = await _store(connection, cycle)
        await snapshot_anomalies.find(connection, minute)
        duration_ms = round((time.monotonic() - start) * 1000)
        await _insert_run(connection, cycle, rows_written=written, duration_ms=duration_ms)
        health = await note_health(connection, now())
        await signals.enqueue(connection, minute)
        await enqueue_alert_check.enqueue(connection, minute)
    log.info(
        "minute recorded",
        minute=minute.isoformat(),
        wallets=len(cycle.wallets),
        answered=cycle.wallets_ok,
        health=health.state,
        duration_ms=duration_ms,
    )


async def observe(pool: Pool, watch: Watch, minute: datetime) -> Cycle:
    """Ask for the positions of the universe that is known now; who does not answer is missing."""
    started_at = now()
    async with transaction(pool) as connection:
        known = await universe.read_known(connection, started_at)
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
        rows = [_unseen(wallet, minute, reason) for wallet in known.wallets]
        return replace(cycle, snapshots=_in_one(rows), error_text=reason)
    left = (minute + ANSWERED_WITHIN - started_at).total_seconds()
    rows = await _ask(watch, known, minute, seconds=max(left, ANSWER_SECONDS_MIN))
    ok = sum(found[0].payload_fingerprint is not None for found in rows)
    return replace(cycle, snapshots=_in_one(rows), wallets_ok=ok)


async def _ask(
    watch: Watch, known: Known, minute: datetime, *, seconds: float
) -> list[list[Snapshot]]:
    weight = LIGHT_WEIGHT * len(known.wallets)
    # A part more than is spent: the minute before still counts where it was answered late.
    await watch.budget.keep(weight + PART_WEIGHT)
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


def _in_one(rows: Iterable[list[Snapshot]]) -> tuple[Snapshot, ...]:
    return tuple(snapshot for found in rows for snapshot in found)


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


async def read_run(pool: Pool, minute: datetime) -> dict[str, Any] | None:
    """How the recording of a minute went, with the health of then; None: it was not recorded."""
    async with transaction(pool) as connection:
        found = await connection.execute(QUERIES["read_run"].text, {"minute": minute})
        return await found.fetchone()


async def note_health(connection: Connection, as_of: datetime) -> Health:
    """Judge how far the snapshots can be trusted now, and keep the judgement."""
    found = await connection.execute(QUERIES["read_last_success"].text, {"as_of": as_of})
    row = await found.fetchone() or {"minute": None, "coverage": None}
    health = assess_health(as_of=as_of, last_success_at=row["minute"], coverage=row["coverage"])
    await connection.execute(
        QUERIES["insert_health"].text,
        {
            "at": as_of,
            "state": health.state,
            "last_success": row["minute"],
            "age_seconds": int(health.age.total_seconds()) if health.age is not None else None,
            "coverage": row["coverage"],
            "reason": _reason(health),
        },
    )
    return health


def _reason(health: Health) -> str:
    if health.age is None or health.coverage is None:
        return "no minute was recorded yet"
    share = f"{health.coverage:.1%} of the wallets"
    return f"the last minute recorded is {int(health.age.total_seconds())} s old, with {share}"
