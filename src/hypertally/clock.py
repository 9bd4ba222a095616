"""Time: the system clock, and the milliseconds since 1970 that the exchange counts in.

Only commands name the system clock; everything else is handed a `Clock`.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]  # the time now, UTC
AHEAD_MAX = timedelta(minutes=5)  # no time of a fact further ahead of our clock is believed
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def system_clock() -> datetime:
    """The current time of this machine, UTC."""
    return datetime.now(UTC)


def at(time_ms: int) -> datetime:
    """The UTC time of a count of milliseconds, exactly: a float would be off in the far future."""
    return _EPOCH + timedelta(milliseconds=time_ms)


def milliseconds(time: datetime) -> int:
    """A time as the exchange counts it, exactly."""
    return (time - _EPOCH) // timedelta(milliseconds=1)
