"""The stretch of time a question about smart money is of: as given, or the day before now."""

from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import Field

from hypertally.api.http.problems import bad_parameter
from hypertally.api.resource.resource import Parameters
from hypertally.api.resource.time_range import Moment

RANGE_DEFAULT: Final = timedelta(days=1)
MINUTE: Final = timedelta(minutes=1)


class StretchParameters(Parameters):
    """A stretch of time, `to` exclusive; by default the day that ends with the current minute."""

    start: Annotated[Moment | None, Field(alias="from")] = None
    end: Annotated[Moment | None, Field(alias="to")] = None


def resolve_stretch(
    start: datetime | None, end: datetime | None, *, minute: datetime, longest: timedelta
) -> tuple[datetime, datetime]:
    """Return the stretch of a question; without an end the current minute is the last in it.

    Errors: `Problem` 400 naming the bound that cannot be.
    """
    last = end or minute + MINUTE
    first = start or last - RANGE_DEFAULT
    if first >= last:
        remedy = f"it must lie before to, which is {last.isoformat()}"
        raise bad_parameter("from", value=first.isoformat(), remedy=remedy)
    if last - first > longest:
        hours = int(longest.total_seconds()) // 3600
        remedy = f"at most {hours} hours before to, which is {last.isoformat()}"
        raise bad_parameter("from", value=first.isoformat(), remedy=remedy)
    return first, last
