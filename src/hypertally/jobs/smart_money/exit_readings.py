"""Fills of exits: only fills say whether a wallet left of its own will or was liquidated.

After each recorded minute the positions that became smaller are noted (ops.exit_windows). A minute
later, when most late fills have come, their fills are asked for, wallet by wallet, from a small
part of the allowance and from what pulls leave; what finds no weight waits a minute, a day at most.
What was read is in facts.watched_readings, whoever tracks the wallet; no record moves by it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from msgspec.structs import asdict

from hypertally.clock import milliseconds
from hypertally.errors import BadPayload, RateLimited, SourceDown, SourcePaused
from hypertally.facts import pages
from hypertally.facts.smart_money import watched_fills
from hypertally.facts.smart_money.watched_fills import WatchedPage
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.kinds import Handlers, Kind, Lane, NoPayload, declare, enqueue
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import Resources
from hypertally.jobs.smart_money.exits_budget import exits_budget
from hypertally.jobs.smart_money.restated_signals import (
    enqueue_marked,
    lock_signals,
    mark_signals,
)
from hypertally.jobs.smart_money.snapshot_share import has_waiting_exits, share_weight
from hypertally.metrics.smart_money import universe
from hypertally.metrics.smart_money.v3 import reductions
from hypertally.metrics.smart_money.v3.reductions import Reduction
from hypertally.records import Answer, ProvenPage, Record
from hypertally.sources.pagination import sweep
from hypertally.sources.weights import Budget
from hypertally.store.postgres import Connection, Pool, find_row, read_rows, transaction
from hypertally.store.queries import load

log = structlog.get_logger()

QUERIES = load(__file__)
LOOKED_BACK = timedelta(hours=1)  # runs may fail; each run looks at all minutes since then
READ_AFTER = timedelta(seconds=55)  # of a reduction: in the next minute's run
WAITED_MAX = timedelta(days=1)
KEPT = timedelta(days=7)  # why a window was given up can be read so long
MERGED_WITHIN = timedelta(hours=2)  # windows of one wallet that are asked for at once
AGAIN_SECONDS = 10  # what was spent leaves the minute bit by bit: one run a minute would miss it

PULL_EXIT_FILLS = declare(
    Kind(
        name="pull_exit_fills",
        payload_type=NoPayload,
        lane=Lane.WATCHING,
        leaves_when_killed="the pages stored so far; the rest of a window is asked for again",
        priority=40,  # after the minute and its signals
    )
)


class ExitWindow(Record, frozen=True, kw_only=True):
    """The time of a wallet's reductions whose fills are asked for at once."""

    wallet_id: int
    address: str
    from_at: datetime  # begin of the first
    to_at: datetime  # end of the last
    assets: list[str]  # of each reduction, as the lists below
    begins: list[datetime]
    ends: list[datetime]
    due_at: list[datetime]  # before it was claimed


class _Dropped(Record, frozen=True, kw_only=True):
    wallet: str
    asset: str
    from_at: datetime
    to_at: datetime
    reason: str


async def enqueue_exit_readings(connection: Connection) -> None:
    """Queue the readings of fills that follow a recorded minute."""
    await enqueue(connection, PULL_EXIT_FILLS, NoPayload())


async def pull_exit_fills(resources: Resources, job: Job) -> None:
    """Note the positions that became smaller, and read the fills of those noted before."""
    pool, watch = resources.pool, resources.require_watch()
    async with transaction(pool) as connection:
        await queue.hold(connection, job)
        now = resources.clock()
        waiting = await _note_windows(connection, now)
        watched = await universe.read_known(connection, now)
    wallets = len(watched.wallets) if watched else 0
    if waiting:
        # At once: until the windows are asked for, pulls have left room.
        await watch.budget.reserve_share(share_weight(wallets, exits=True))
        budget = exits_budget(watch.budget, wallets=wallets, weight_max=watch.exits_weight_max)
        while await budget.read_free():
            window = await _claim_window(pool, now)
            if window is None or not await _read_window(resources, job, window, budget=budget):
                break
    async with queue.finishing(pool, job) as connection:
        # Once for all that was read; marks that a killed run left are found too.
        await enqueue_marked(connection)
        if await has_waiting_exits(connection):
            await enqueue(connection, PULL_EXIT_FILLS, NoPayload(), delay_seconds=AGAIN_SECONDS)


async def _note_windows(connection: Connection, now: datetime) -> bool:
    """Note what is to be read, and give up what is too old; whether anything is left to read."""
    recent = await reductions.list_reductions(connection, after=now - LOOKED_BACK, until=now)
    await _insert_windows(connection, [each for each in recent if not each.is_known], now)
    bound = {"now": now, "waited_max": WAITED_MAX, "kept": KEPT}
    dropped = await read_rows(connection, QUERIES["drop_windows"], bound, shape=_Dropped)
    for window in dropped:
        log.warning(
            "fills of an exit are not known",
            wallet=window.wallet,
            asset=window.asset,
            from_at=window.from_at.isoformat(),
            to_at=window.to_at.isoformat(),
            reason=window.reason,
        )
    await connection.execute(QUERIES["forget_windows"].text, bound)
    return await has_waiting_exits(connection)


async def _insert_windows(
    connection: Connection, unknown: Sequence[Reduction], now: datetime
) -> None:
    names = ("wallet_id", "asset", "from_at", "to_at", "held_size", "left_size")
    columns = {name: [getattr(each, name) for each in unknown] for name in names}
    await connection.execute(QUERIES["insert_windows"].text, {**columns, "now": now})


async def _claim_window(pool: Pool, now: datetime) -> ExitWindow | None:
    """The next windows of one wallet that are due, asked for once more; None: none is due."""
    bound = {"now": now, "found_by": now - READ_AFTER, "merged_within": MERGED_WITHIN}
    async with transaction(pool) as connection:
        return await find_row(connection, QUERIES["claim_window"], bound, shape=ExitWindow)


async def _read_window(
    resources: Resources, job: Job, window: ExitWindow, *, budget: Budget
) -> bool:
    """Ask for the fills of a window and store them; whether another window may be asked for."""
    info, wallet = resources.require_watch().positions, window.address
    from_ms = milliseconds(window.from_at)
    until_ms = milliseconds(window.to_at) + 1
    answers = 0

    async def fetch(start_ms: int, end_ms: int | None) -> Answer:
        nonlocal answers
        until = {} if end_ms is None else {"endTime": end_ms}
        answer = await info.fetch_paid_by(
            budget, watched_fills.SOURCE, user=wallet, startTime=start_ms, **until
        )
        answers += 1
        return answer

    try:
        async for page in sweep(fetch, from_ms, until_ms):
            shown = watched_fills.decode_page(page, wallet=wallet)
            await _store_page(resources.pool, job, window, page, shown)
    except RateLimited as problem:
        if answers:  # paid for: to keep its turn would let it take the weight of all others
            error = f"refused after {answers} answers: {problem}"
            await _note_error(resources.pool, window, error)
        else:
            await _note_error(resources.pool, window, str(problem), query="put_back_windows")
        return False
    except (SourceDown, BadPayload) as problem:
        await _note_error(resources.pool, window, str(problem))
        return not isinstance(problem, SourcePaused)
    return True


async def _store_page(
    pool: Pool, job: Job, window: ExitWindow, page: ProvenPage, shown: WatchedPage
) -> None:
    """Commit one page: its fills, what it proves, and the signals that it changes."""
    await pages.ensure_months(pool, "pages", {page.answer.asked_at})
    async with transaction(pool) as connection:
        await queue.hold(connection, job)
        await lock_signals(connection)
        await watched_fills.store_page(connection, page, shown, wallet_id=window.wallet_id)
        error = shown.unread or "the fills shown do not lead to the smaller position"
        await connection.execute(QUERIES["settle_windows"].text, {**asdict(window), "error": error})
        await mark_signals(connection, window.wallet_id, from_at=window.from_at, to_at=window.to_at)


async def _note_error(
    pool: Pool, window: ExitWindow, error: str, *, query: str = "note_error"
) -> None:
    """Note why the fills of a window are not known, in the windows that were claimed alone."""
    async with transaction(pool) as connection:
        await connection.execute(QUERIES[query].text, {**asdict(window), "error": error})


HANDLERS: Handlers = {PULL_EXIT_FILLS: pull_exit_fills}
