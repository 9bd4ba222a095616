"""Marks of days whose completeness changes: of the wallet's days, and of the days of its orgs.

A day of an org rests on all of its wallets, also on those that did not trade: what changes how
much is known of a wallet changes the orgs' days whether the wallet has a day of its own or not.
"""

from collections.abc import Iterable
from datetime import datetime

from hypertally.jobs.activity.kinds import ROLLUP_GLOBAL_DAY, ROLLUP_WALLET_DAY
from hypertally.jobs.runtime.kinds import NoPayload, WalletPayload, enqueue
from hypertally.records import Record
from hypertally.store.postgres import Connection, read_row
from hypertally.store.queries import load

QUERIES = load(__file__)
GLOBAL_DELAY_SECONDS = 1  # so that many wallets of one moment are summed once


class Window(Record, frozen=True, kw_only=True):
    """A part of a wallet's record, both ends inclusive."""

    from_at: datetime
    to_at: datetime


class Marked(Record, frozen=True, kw_only=True):
    """How many marks were made."""

    wallet_days: int
    org_days: int


async def mark_windows(connection: Connection, wallet_id: int, windows: Iterable[Window]) -> None:
    """Have the days that lie in these windows computed again, those that have rows."""
    listed = list(windows)
    if not listed:
        return
    bound = {
        "wallet_id": wallet_id,
        "from_at": [window.from_at for window in listed],
        "to_at": [window.to_at for window in listed],
    }
    marked = await read_row(connection, QUERIES["mark_windows"], bound, shape=Marked)
    await enqueue_rollups(connection, wallet_id, marked)


async def mark_org_windows(
    connection: Connection, wallet_id: int, windows: Iterable[Window]
) -> None:
    """Have the days of the wallet's orgs that lie in these windows computed again."""
    listed = list(windows)
    bound = {
        "wallet_id": wallet_id,
        "from_at": [window.from_at for window in listed],
        "to_at": [window.to_at for window in listed],
    }
    marked = await read_row(connection, QUERIES["mark_org_windows"], bound, shape=Marked)
    await enqueue_rollups(connection, wallet_id, marked)


async def mark_readings(
    connection: Connection, wallet_id: int, *, page_id: int, covers: Window
) -> None:
    """Have the days computed again of which an answer covers or confirms what no other does."""
    bound = {
        "wallet_id": wallet_id,
        "page_id": page_id,
        "from_at": covers.from_at,
        "to_at": covers.to_at,
    }
    marked = await read_row(connection, QUERIES["mark_readings"], bound, shape=Marked)
    await enqueue_rollups(connection, wallet_id, marked)


async def enqueue_rollups(connection: Connection, wallet_id: int, marked: Marked) -> None:
    """Queue the rollups of the days that were marked."""
    if marked.wallet_days:
        await enqueue(connection, ROLLUP_WALLET_DAY, WalletPayload(wallet_id=wallet_id))
    if marked.org_days:
        await enqueue(
            connection, ROLLUP_GLOBAL_DAY, NoPayload(), delay_seconds=GLOBAL_DELAY_SECONDS
        )
