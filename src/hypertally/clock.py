"""The system clock: the one place that asks the machine what time it is.

Only commands name the system clock; everything else is handed a `Clock`.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]  # the time now, UTC


def system_clock() -> datetime:
    """The current time of this machine, UTC."""
    return datetime.now(UTC)
