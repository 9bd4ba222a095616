"""The walk over periods: each is computed in order of time, for it goes on from the one before."""

from datetime import date, datetime, timedelta

from hypertally.metrics.metric import Days, Walk, all_at_once
from hypertally.metrics.smart_money.formulas.thresholds import PERIOD
from hypertally.metrics.smart_money.signal_history import SIZES_OF
from hypertally.store.postgres import Connection
from hypertally.store.queries import load

QUERIES = load(__file__)


def days_needed(at: datetime) -> set[date]:
    """The days whose snapshots the signals of a period are made of."""
    return {(at - SIZES_OF + timedelta(minutes=1)).date(), at.date()}


async def list_periods(connection: Connection, days: Days) -> list[datetime]:
    """The ends of the periods that have, or should have, a signal."""
    cursor = await connection.execute(
        QUERIES["list_periods"].text,
        {
            "from_day": days.first,
            "to_day": days.last,
            "period_seconds": PERIOD // timedelta(seconds=1),
        },
    )
    return [row["at"] for row in await cursor.fetchall()]


async def list_archived(connection: Connection, days: Days) -> dict[datetime, set[date]]:
    """The periods whose snapshots rest in the archive alone, each with these days."""
    cursor = await connection.execute(QUERIES["list_released_days"].text)
    released = {row["day"] for row in await cursor.fetchall()}
    needed = {at: days_needed(at) & released for at in await list_periods(connection, days)}
    return {at: archived for at, archived in needed.items() if archived}


PERIODS = Walk(
    list_units=all_at_once(list_periods),
    lock=QUERIES["lock_signals"],
    waiting=QUERIES["list_waiting"],
    waiting_key=("at",),
)
