"""Choosing the universe: the leaderboard, else a second address, else our own facts."""

from datetime import datetime
from typing import Any

import structlog

from hypertally.clock import now
from hypertally.errors import RateLimited, SourceDown
from hypertally.facts import pages
from hypertally.facts.activity import fills
from hypertally.facts.smart_money import leaderboard
from hypertally.facts.smart_money.leaderboard import BestRows
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.smart_money.snapshots import Watch
from hypertally.metrics.smart_money import universe
from hypertally.metrics.smart_money.universe import CHURN_WARNS_ABOVE, Ranking, Run, Source
from hypertally.records import Answer
from hypertally.sources import leaderboard as door
from hypertally.store.postgres import Connection, Pool, transaction
from hypertally.tenancy import wallets

log = structlog.get_logger()

REFRESH_SECONDS = 6 * 3600
AGAIN_SECONDS = 900  # after a run that did not come from the leaderboard
PRIORITY = 96


async def refresh_universe(pool: Pool, watch: Watch, job: Job) -> None:
    """Choose the wallets that are watched, and queue the next time."""
    runs = await choose_universe(pool, watch, job)
    last = runs[-1]
    asked = watch.leaderboard_url is not None
    is_best = last.status == "chosen" and last.source == ("leaderboard" if asked else "own_facts")
    async with queue.finishing(pool, job) as connection:
        await queue.enqueue(
            connection,
            "refresh_universe",
            dedupe_key="refresh_universe",
            priority=PRIORITY,
            delay_seconds=REFRESH_SECONDS if is_best else AGAIN_SECONDS,
        )


async def hurry_refresh(connection: Connection) -> None:
    """Have the universe chosen again now."""
    await queue.enqueue(
        connection, "refresh_universe", dedupe_key="refresh_universe", priority=PRIORITY
    )


async def choose_universe(pool: Pool, watch: Watch, job: Job) -> list[Run]:
    """Try the sources in turn until one gives a universe, or keeps the one there is."""
    runs: list[Run] = []
    addresses: tuple[tuple[Source, str | None], ...] = (
        ("leaderboard", watch.leaderboard_url),
        ("fallback", watch.fallback_url),
    )
    for source, url in addresses:
        if url is not None:
            runs.append(await _from_leaderboard(pool, source, url, job))
            if runs[-1].status != "failed":
                return runs
    async with transaction(pool) as connection:
        await queue.hold(connection, job)
        taken_at = now()
        ranking = await universe.rank_own_facts(connection, taken_at=taken_at)
        runs.append(await _choose(connection, ranking, taken_at))
    return runs


async def _from_leaderboard(pool: Pool, source: Source, url: str, job: Job) -> Run:
    async with transaction(pool) as connection:
        watched = await universe.list_watched(connection, now())
    try:
        answer, best = await door.fetch(url, lambda: BestRows(watched), now=now)
    except (SourceDown, RateLimited) as problem:
        failed = Run(taken_at=now(), source=source, status="failed", error_text=str(problem))
        async with transaction(pool) as connection:
            await queue.hold(connection, job)
            await _keep(connection, failed)
        return failed
    await pages.ensure_months(pool, "pages", {answer.asked_at})
    async with transaction(pool) as connection:
        await queue.hold(connection, job)
        page_id = await _store(connection, answer, best)
        taken_at = now()
        ranking = await universe.rank_leaderboard(
            connection,
            page_id,
            source=source,
            taken_at=taken_at,
            rows_seen=best.seen,
            rows_valid=best.valid,
        )
        return await _choose(connection, ranking, taken_at)


async def _store(connection: Connection, answer: Answer, best: BestRows) -> int:
    page_id = await pages.insert_reference(connection, answer, row_count=best.seen)
    await leaderboard.insert(connection, best.rows(), answer=answer, page_id=page_id)
    await fills.insert_rejects(
        connection, best.rejects, wallet_id=None, source=answer.source, page_id=page_id
    )
    return page_id


async def _choose(connection: Connection, ranking: Ranking, taken_at: datetime) -> Run:
    known = await universe.read_known(connection, taken_at)
    current = [wallet.address for wallet in known.wallets] if known else []
    run = universe.choose(ranking, current=current, taken_at=taken_at)
    await wallets.give_ids(connection, [member.wallet for member in run.members])
    await _keep(connection, run)
    return run


async def _keep(connection: Connection, run: Run) -> None:
    await universe.insert_run(connection, run)
    figures = {
        "source": run.source,
        "wallets": len(run.members),
        "entered": len(run.entered),
        "exited": len(run.exited),
        "passed_over": dict(run.excluded),
    }
    if run.status != "chosen":
        log.warning("universe not chosen", status=run.status, problem=run.error_text, **figures)
    elif run.churn is not None and run.churn > CHURN_WARNS_ABOVE:
        log.warning("universe changed much", churn=str(run.churn), **figures)
    else:
        log.info("universe chosen", **figures)


async def list_survivorship(pool: Pool) -> list[dict[str, Any]]:
    """Who left the universe, and what they made in the 30 days after."""
    async with transaction(pool) as connection:
        return await universe.list_survivorship(connection)
