"""The choice of the universe: from the leaderboard, else a second address, else our own facts."""

from datetime import datetime, timedelta
from typing import Any

import structlog

from hypertally.errors import RateLimited, SourceDown
from hypertally.facts import pages
from hypertally.facts.activity import fills
from hypertally.facts.smart_money import leaderboard
from hypertally.facts.smart_money.leaderboard import BestRows
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.kinds import (
    Handlers,
    Kind,
    Lane,
    NoPayload,
    declare,
    enqueue,
)
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources
from hypertally.metrics.smart_money import universe
from hypertally.metrics.smart_money.universe import CHURN_WARNS_ABOVE, Ranking, Run, Source
from hypertally.records import Answer, Record
from hypertally.sources import leaderboard as leaderboard_source
from hypertally.store.postgres import Connection, Pool, transaction
from hypertally.tenancy import wallets

log = structlog.get_logger()

RETRY_SECONDS = 900  # after a run that did not come from the leaderboard

REFRESH_UNIVERSE = declare(
    Kind(
        name="refresh_universe",
        payload_type=NoPayload,
        lane=Lane.WATCHING,
        leaves_when_killed="the runs that failed before; the universe stays as it was",
        priority=96,
        period=timedelta(hours=6),
    )
)


async def refresh_universe(resources: Resources, job: Job) -> None:
    """Choose the wallets that are watched, and queue the next choice."""
    runs = await choose_universe(resources, job)
    last = runs[-1]
    best = "leaderboard" if resources.require_watch().leaderboard_url else "own_facts"
    async with queue.finishing(resources.pool, job) as connection:
        if last.status == "chosen" and last.source == best:
            later = 60 * resources.require_watch().refresh_minutes
            await enqueue(connection, REFRESH_UNIVERSE, NoPayload(), delay_seconds=later)
        else:
            await enqueue(connection, REFRESH_UNIVERSE, NoPayload(), delay_seconds=RETRY_SECONDS)


async def hurry_refresh(connection: Connection) -> None:
    """Queue the next choice of the universe for now."""
    await enqueue(connection, REFRESH_UNIVERSE, NoPayload())


async def choose_universe(resources: Resources, job: Job) -> list[Run]:
    """Try the sources in turn until one gives a universe, or keeps the present universe."""
    pool, clock, watch = resources.pool, resources.clock, resources.require_watch()
    runs: list[Run] = []
    addresses: tuple[tuple[Source, str | None], ...] = (
        ("leaderboard", watch.leaderboard_url),
        ("fallback", watch.fallback_url),
    )
    for source, url in addresses:
        if url is not None:
            board = Leaderboard(source=source, url=url)
            runs.append(await _choose_from(board, resources, job))
            if runs[-1].status != "failed":
                return runs
    async with transaction(pool) as connection:
        await queue.hold(connection, job)
        taken_at = clock()
        ranking = await universe.rank_own_facts(connection, taken_at=taken_at)
        runs.append(await _choose(connection, ranking, taken_at, size=watch.universe_size))
    return runs


class Leaderboard(Record, frozen=True, kw_only=True):
    """One address of the leaderboard, and the name that runs have it by."""

    source: Source
    url: str


async def _choose_from(board: Leaderboard, resources: Resources, job: Job) -> Run:
    pool, clock, source = resources.pool, resources.clock, board.source
    size = resources.require_watch().universe_size
    async with transaction(pool) as connection:
        watched = await universe.list_watched(connection, clock())
    try:
        answer, best = await leaderboard_source.fetch(
            board.url, lambda: BestRows(watched), clock=clock
        )
    except (SourceDown, RateLimited) as problem:
        failed = Run(taken_at=clock(), source=source, status="failed", error_text=str(problem))
        async with transaction(pool) as connection:
            await queue.hold(connection, job)
            await _store_run(connection, failed)
        return failed
    await pages.ensure_months(pool, "pages", {answer.asked_at})
    async with transaction(pool) as connection:
        await queue.hold(connection, job)
        return await choose_from_answer(
            connection, answer, best, source=source, taken_at=clock(), size=size
        )


async def choose_from_answer(
    connection: Connection,
    answer: Answer,
    best: BestRows,
    *,
    source: Source,
    taken_at: datetime,
    size: int,
) -> Run:
    """Store what was read of a leaderboard, and choose the universe from it."""
    page_id = await _store_rows(connection, answer, best)
    ranking = await universe.rank_leaderboard(
        connection,
        page_id,
        source=source,
        taken_at=taken_at,
        rows_seen=best.seen,
        rows_valid=best.valid,
    )
    return await _choose(connection, ranking, taken_at, size=size)


async def _store_rows(connection: Connection, answer: Answer, best: BestRows) -> int:
    page_id = await pages.insert_reference(connection, answer, row_count=best.seen)
    await leaderboard.insert(connection, best.rows(), answer=answer, page_id=page_id)
    await fills.insert_rejects(
        connection, best.rejects, wallet_id=None, source=answer.source, page_id=page_id
    )
    return page_id


async def _choose(
    connection: Connection, ranking: Ranking, taken_at: datetime, *, size: int
) -> Run:
    known = await universe.read_known(connection, taken_at)
    current = [wallet.address for wallet in known.wallets] if known else []
    run = universe.choose(ranking, current=current, taken_at=taken_at, size=size)
    await wallets.give_ids(connection, [member.wallet for member in run.members])
    await _store_run(connection, run)
    return run


async def _store_run(connection: Connection, run: Run) -> None:
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
    """The wallets that left the universe, and what each made in the 30 days after."""
    async with transaction(pool) as connection:
        return await universe.list_survivorship(connection)


HANDLERS: Handlers = {REFRESH_UNIVERSE: refresh_universe}
