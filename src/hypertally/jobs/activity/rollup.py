"""Rolling up: the days that new facts touched, wallet days first, then the orgs' days."""

from datetime import date, timedelta

from hypertally.jobs.activity.store_fill_page import ROLLUP_PRIORITY
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.queue import Job
from hypertally.metrics.activity import fill_gaps, global_days, wallet_days
from hypertally.metrics.activity.fill_gaps import BEGINNING
from hypertally.records import Gap, OrgDay, WalletDay
from hypertally.store.postgres import Connection, Pool
from hypertally.store.queries import load

QUERIES = load(__file__)
PRICES_PRIORITY = 40  # one answer gives many figures their price; a pull gives one wallet's
GLOBAL_DAYS_A_JOB = 64  # keeps one transaction short; the rest follow in the next
GLOBAL_DELAY_SECONDS = 1  # so that many wallets of one moment are summed once
REPAIRS_AFTER_SECONDS = (
    30,
    600,
    7200,
)  # answers that came thin fill up later, or never
REPAIRS_MAX = 20  # of the gaps one rollup found; a torn history is not asked for gap by gap


async def rollup_wallet_day(pool: Pool, job: Job) -> None:
    """Recompute the dirty days of one wallet and hand on to its orgs' days."""
    wallet_id: int = job.payload["wallet_id"]
    async with queue.finishing(pool, job) as connection:
        await connection.execute(QUERIES["lock_wallet"].text, {"wallet_id": wallet_id})
        marks = await (
            await connection.execute(QUERIES["take_wallet_days"].text, {"wallet_id": wallet_id})
        ).fetchall()
        if marks:
            days = {mark["day"] for mark in marks}
            since = [mark["from_at"] for mark in marks if mark["from_at"] is not None]
            if since:
                changed = await fill_gaps.rebuild(connection, wallet_id, since=min(since))
                days |= await _days_in(connection, wallet_id, changed)
                await _repair_later(connection, wallet_id, changed)
            keys = [WalletDay(wallet_id=wallet_id, day=day) for day in sorted(days)]
            await wallet_days.rebuild(connection, keys)
            await _hand_on(connection, wallet_id, sorted(days))


async def rollup_global_day(pool: Pool, job: Job) -> None:
    """Recompute dirty days of orgs, the newest first."""
    async with queue.finishing(pool, job) as connection:
        await connection.execute(QUERIES["lock_global"].text)
        taken = await (
            await connection.execute(QUERIES["take_global_days"].text, {"limit": GLOBAL_DAYS_A_JOB})
        ).fetchall()
        if taken:
            await global_days.rebuild(connection, [OrgDay(**row) for row in taken])
        if len(taken) == GLOBAL_DAYS_A_JOB:
            await enqueue_global(connection)


async def enqueue_global(connection: Connection, *, delay_seconds: int = 0) -> None:
    """Have the dirty days of orgs recomputed."""
    await queue.enqueue(
        connection,
        "rollup_global_day",
        dedupe_key="rollup_global_day",
        priority=ROLLUP_PRIORITY,
        delay_seconds=delay_seconds,
    )


async def _hand_on(connection: Connection, wallet_id: int, days: list[date]) -> None:
    bound = {"wallet_id": wallet_id, "days": days}
    await connection.execute(QUERIES["mark_global_days"].text, bound)
    await enqueue_global(connection, delay_seconds=GLOBAL_DELAY_SECONDS)
    found = await connection.execute(QUERIES["list_tokens_without_price"].text, bound)
    for row in await found.fetchall():
        await queue.enqueue(
            connection,
            "pull_prices",
            {"token": row["token"]},
            dedupe_key=f"pull_prices:{row['token']}",
            priority=PRICES_PRIORITY,
            delay_seconds=row["delay_seconds"],
        )


async def _days_in(connection: Connection, wallet_id: int, gaps: list[Gap]) -> set[date]:
    """The computed days that gaps which came or went lie over."""
    days: set[date] = set()
    for gap in gaps:
        keys = await wallet_days.list_keys(
            connection, wallet_id, from_day=gap.from_at.date(), to_day=gap.to_at.date()
        )
        days |= {key.day for key in keys}
    return days


async def _repair_later(connection: Connection, wallet_id: int, gaps: list[Gap]) -> None:
    """Ask for the windows of new breaks again, a few times."""
    breaks = [gap for gap in gaps if gap.kind == "position_break" and gap.from_at > BEGINNING]
    for gap in breaks[:REPAIRS_MAX]:
        from_ms, to_ms = _ms(gap, "from_at"), _ms(gap, "to_at")
        for delay_seconds in REPAIRS_AFTER_SECONDS:
            await queue.enqueue(
                connection,
                "repair_gap",
                {
                    "wallet_id": wallet_id,
                    "coin": gap.coin,
                    "from_ms": from_ms,
                    "to_ms": to_ms,
                },
                dedupe_key=f"repair_gap:{wallet_id}:{gap.coin}:{to_ms}:{delay_seconds}",
                delay_seconds=delay_seconds,
                max_attempts=3,
            )


def _ms(gap: Gap, field: str) -> int:
    return (getattr(gap, field) - BEGINNING) // timedelta(milliseconds=1)
