"""How often a wallet is asked for, and how urgently: the busier, the fresher its record."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from hypertally.jobs.activity.pull_fills import RECENT_MS
from hypertally.jobs.activity.running_twaps import RUNNING_TWAP_PRIORITY, RUNNING_TWAP_SECONDS
from hypertally.records import Record

AGAIN_SECONDS = 120  # after a pull, while weight is to spare
CONFIRM_SECONDS = 3660  # an hour after a pull, and the time that answers take
CONFIRM_SECONDS_AT_REST = 86_400
ACTIVE_WITHIN = timedelta(days=1)
RECENT = timedelta(milliseconds=RECENT_MS)


class Pace(Record, frozen=True, kw_only=True):
    """When a wallet is looked at again, and how urgently."""

    active_within: timedelta | None  # the wallet traded within this time; None: any wallet
    seconds: int
    priority: int


PACES = (
    Pace(active_within=timedelta(hours=1), seconds=60, priority=20),
    Pace(active_within=timedelta(days=1), seconds=900, priority=10),
    Pace(active_within=None, seconds=3600, priority=0),
)
FIRST_PULL = Pace(active_within=None, seconds=0, priority=30)  # before the rounds
# The same for a wallet's TWAPs: a wallet without TWAPs costs twenty of the allowance a day.
RUNNING_TWAP_PACE = Pace(
    active_within=None, seconds=RUNNING_TWAP_SECONDS, priority=RUNNING_TWAP_PRIORITY
)
TWAP_PACES = (
    Pace(active_within=timedelta(days=1), seconds=900, priority=10),
    Pace(active_within=timedelta(days=30), seconds=3600, priority=0),
    Pace(active_within=None, seconds=86_400, priority=0),
)
FIRST_TWAP_PULL = Pace(active_within=None, seconds=0, priority=5)  # after the rounds of fills


def pace_of(paces: Sequence[Pace], active_at: datetime | None, *, now: datetime) -> Pace:
    """The first pace that fits a wallet; None: the wallet was never seen to be active."""
    idle = now - active_at if active_at else timedelta.max
    return next(pace for pace in paces if pace.active_within is None or idle < pace.active_within)


def seconds_to_confirm(last_fill_at: datetime, *, now: datetime) -> int:
    """How long until the second reading of a record that ends with a fill."""
    idle = now - last_fill_at
    if idle >= ACTIVE_WITHIN:
        return CONFIRM_SECONDS_AT_REST
    if idle < RECENT or last_fill_at.date() < now.date():
        return CONFIRM_SECONDS
    # Nothing new to read before the day is over and confirmed as a whole.
    tomorrow = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
    return int((tomorrow - now).total_seconds()) + CONFIRM_SECONDS
