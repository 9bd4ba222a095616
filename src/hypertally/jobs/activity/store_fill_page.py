"""Storing one page of fills, in one commit.

The commit holds the page's proof, its fills, the rows that could not be read, and the marks of all
figures that the fills change: so whatever is stored is computed, whichever process is killed.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime

from hypertally.clock import at
from hypertally.errors import SourceDown
from hypertally.facts import pages
from hypertally.facts.activity import fills
from hypertally.facts.activity import rejects as rejected_fills
from hypertally.jobs.activity.day_marks import Window, mark_readings, mark_windows
from hypertally.jobs.activity.kinds import ROLLUP_TWAPS, ROLLUP_WALLET_DAY
from hypertally.jobs.activity.settled_ends import Days, earliest, lock_cursor, settle_ends
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.kinds import NoPayload, WalletPayload, enqueue
from hypertally.jobs.runtime.queue import Job
from hypertally.records import Answer, Fill, ProvenPage, Record, Wallet
from hypertally.sources.info import InfoClient
from hypertally.sources.pagination import Fetch
from hypertally.store.postgres import Connection, Pool, read_row, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)
THIN_TRIES = 3  # then an answer that lacks a known fill is taken, and its hole recorded


class Stored(Record, frozen=True, kw_only=True):
    """What storing one page added."""

    page_id: int
    asked_at: datetime  # our clock, before the request left
    fills: int
    conflicts: int
    rejects: int
    days: dict[date, datetime | None]  # to judge again -> its earliest new fill, if it has one
    first_new_at: datetime | None  # its earliest new fill; a day may be judged again without one
    twaps: set[int]  # TWAPs that new fills are slices of


class _EndDay(Record, frozen=True, kw_only=True):
    day: date


class _Reached(Record, frozen=True, kw_only=True):
    from_at: datetime | None


def fetcher(info: InfoClient, wallet: Wallet, request_type: str) -> Fetch:
    """What a sweep asks for a wallet's rows with."""

    async def fetch(start_ms: int, end_ms: int | None) -> Answer:
        until = {} if end_ms is None else {"endTime": end_ms}
        return await info.fetch(request_type, user=wallet.address, startTime=start_ms, **until)

    return fetch


async def make_room(pool: Pool, page: ProvenPage, decoded: fills.Decoded) -> None:
    """Make the monthly partitions that a page's rows go into."""
    times = {at(fill.time_ms) for fill in decoded.fills}
    await pages.ensure_months(pool, "hl_fills_raw", times)
    await pages.ensure_months(pool, "pages", {page.answer.asked_at})


async def store_page(
    connection: Connection,
    page: ProvenPage,
    decoded: fills.Decoded,
    *,
    wallet: Wallet,
    job: Job | None,
    proves_days: bool = True,
) -> Stored:
    """Append one page: its proof, its fills and what could not be read, in the caller's commit.

    `proves_days=False`: it says nothing of the wallet's other fills.
    Errors: `LeaseLost` when `job` was given away.
    """
    if job:
        await queue.hold(connection, job)
    await lock_cursor(connection, wallet.id)
    page_id = await pages.insert(connection, page, wallet_id=wallet.id, closed=proves_days)
    inserted = await fills.insert(connection, decoded.fills, wallet_id=wallet.id, page_id=page_id)
    rejects = await _store_rejects(connection, page, decoded, wallet=wallet, page_id=page_id)
    await mark_twaps(connection, wallet.address, inserted.twaps)
    days: list[Days] = [inserted.days]
    if inserted.fills:
        new = [fill for fill in decoded.fills if at(fill.time_ms).date() in inserted.days]
        days.append(await _note_unchecked(connection, new, wallet.id, page_id))
    if proves_days:
        days.append(await _note_reading(connection, page, wallet.id, page_id=page_id))
    return Stored(
        page_id=page_id,
        asked_at=page.answer.asked_at,
        fills=inserted.fills,
        conflicts=inserted.conflicts,
        rejects=rejects,
        days=earliest(days),
        first_new_at=min(filter(None, inserted.days.values()), default=None),
        twaps=inserted.twaps,
    )


async def _note_reading(
    connection: Connection, page: ProvenPage, wallet_id: int, *, page_id: int
) -> Days:
    """Mark the days that an answer covers or confirms; those whose gaps it may change."""
    to_at = min(at(page.covers_to_ms), page.answer.asked_at)
    covers = Window(from_at=at(page.covers_from_ms), to_at=to_at)
    await mark_readings(connection, wallet_id, page_id=page_id, covers=covers)
    parameters = {"wallet_id": wallet_id, "page_id": page_id, "to_at": to_at}
    reached = await read_row(connection, QUERIES["read_reached"], parameters, shape=_Reached)
    settled = await settle_ends(connection, wallet_id, page, page_id=page_id)
    from_at = reached.from_at
    return earliest([settled, {from_at.date(): from_at} if from_at else {}])


async def _note_unchecked(
    connection: Connection, new: Sequence[Fill], wallet_id: int, page_id: int
) -> Days:
    """Note that chains end with new fills, unchecked; the days on which they ended before.

    `new`: the fills shown of the days that new ones belong to.
    """
    parameters = {
        "wallet_id": wallet_id,
        "page_id": page_id,
        "time": [at(fill.time_ms) for fill in new],
        "coin": [fill.coin for fill in new],
    }
    await connection.execute(QUERIES["note_unchecked"].text, parameters)
    ended = await read_rows(connection, QUERIES["list_ends_before"], parameters, shape=_EndDay)
    return {end.day: None for end in ended}


async def _store_rejects(
    connection: Connection,
    page: ProvenPage,
    decoded: fills.Decoded,
    *,
    wallet: Wallet,
    page_id: int,
) -> int:
    """Keep what could not be read, and note what now could; the number of new rejects."""
    answered = rejected_fills.Answered(
        wallet_id=wallet.id,
        page_id=page_id,
        source=page.answer.source,
        asked_at=page.answer.asked_at,
        covers=(page.covers_from_ms, page.covers_to_ms),
    )
    new = await rejected_fills.insert(connection, decoded.rejects, rows=page.rows, page=answered)
    unread = [reject.ordinal for reject in decoded.rejects]
    read = await rejected_fills.settle(connection, page.rows, unread=unread, page=answered)
    mended = await rejected_fills.settle_mended(
        connection, decoded.fills, page.rows, unread=unread, page=answered
    )
    windows = [Window(from_at=each.from_at, to_at=each.to_at) for each in (*new, *read, *mended)]
    await mark_windows(connection, wallet.id, windows)
    return len(new)


async def mark_dirty(
    connection: Connection,
    wallet_id: int,
    days: Mapping[date, datetime | None],
    *,
    delay_seconds: int = 0,
) -> None:
    """Have these days of a wallet recomputed: day -> the earliest new fill, None: no new one."""
    if not days:
        return
    ordered = sorted(days)
    await connection.execute(
        QUERIES["mark_wallet_days"].text,
        {
            "wallet_id": wallet_id,
            "days": ordered,
            "from_at": [days[day] for day in ordered],
        },
    )
    await enqueue(
        connection,
        ROLLUP_WALLET_DAY,
        WalletPayload(wallet_id=wallet_id),
        delay_seconds=delay_seconds,
    )


async def mark_twaps(connection: Connection, wallet: str, twap_ids: Iterable[int]) -> None:
    """Have these TWAPs of a wallet recomputed."""
    if not (ordered := sorted(twap_ids)):
        return
    await connection.execute(QUERIES["mark_twaps"].text, {"wallet": wallet, "twap_ids": ordered})
    await enqueue_twap_rollup(connection)


async def mark_twaps_for_prices(connection: Connection, page_id: int) -> None:
    """Have the TWAPs recomputed that lack a price, or whose market a page of reference changed."""
    marked = await connection.execute(QUERIES["mark_twaps_for_prices"].text, {"page_id": page_id})
    if marked.rowcount:
        await enqueue_twap_rollup(connection)


async def enqueue_twap_rollup(connection: Connection, *, delay_seconds: int = 0) -> None:
    """Have the TWAPs that are marked recomputed."""
    await enqueue(connection, ROLLUP_TWAPS, NoPayload(), delay_seconds=delay_seconds)


def why_thin(lacking: Collection[int], job: Job | None) -> str | None:
    """Why the answers of a sweep are thin: they lack fills of these times. None: they lack none.

    Errors: `SourceDown` as long as asking again may help.
    """
    if not lacking:
        return None
    reason = f"the answer does not hold the known fill of {at(min(lacking))}"
    if job is None or job.attempts < THIN_TRIES:
        raise SourceDown(f"{reason}: it proves nothing, ask again later")
    return reason
