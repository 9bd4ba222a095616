"""The stretch of time a question is about: as given, or the days before now."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema

from hypertally.api.http.problems import bad_parameter
from hypertally.api.resource.resource import Parameters, day_or_time, read_row
from hypertally.store import queries
from hypertally.store.postgres import Connection

RANGE_MAX: Final = timedelta(days=366)  # a leap year; the widest question a statement answers
RANGE_DEFAULT: Final = timedelta(days=7)
YEARS: Final = range(1970, 9000)  # any offset and any range from here stays a valid time

_QUERIES = queries.load(__file__)


def _moment(value: object) -> datetime:
    bound = day_or_time(value)
    if bound.year not in YEARS:
        raise ValueError(f"a time lies between the years {YEARS.start} and {YEARS.stop - 1}")
    if isinstance(bound, datetime):
        return bound.astimezone(UTC)
    return datetime(bound.year, bound.month, bound.day, tzinfo=UTC)


# A day is its first moment, so that [start, end) of two days holds whole days.
Moment: TypeAlias = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "format": kind} for kind in ("date", "date-time")]}
    ),
]


class AsOfParameters(Parameters):
    """The moment that shares of time are reckoned at; by default the current minute's start."""

    as_of: Moment | None = None


class WindowParameters(Parameters):
    """A stretch of time, `end` exclusive; by default the seven days before the current minute."""

    start: Moment | None = None
    end: Moment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """[start, end) and the moment that shares of time are reckoned at."""

    start: datetime
    end: datetime
    as_of: datetime


def whole_life(as_of: datetime) -> Window:
    """Return the window that holds everything."""
    start, end = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    return Window(start=start, end=end, as_of=as_of)


async def read_minute(connection: Connection) -> datetime:
    """Return the start of the current minute, by the database's clock."""
    row = await read_row(connection, _QUERIES["read_minute"], {})
    return row["minute"]


def resolve(
    start: datetime | None,
    end: datetime | None,
    *,
    minute: datetime,
    as_of: datetime | None = None,
    longest: timedelta = RANGE_MAX,
) -> Window:
    """Return the window of a question.

    Errors: `Problem` 400 naming the bound that cannot be.
    """
    last = end or minute
    first = start or last - RANGE_DEFAULT
    if first >= last:
        remedy = f"it must lie before end, which is {last.isoformat()}"
        raise bad_parameter("start", value=first.isoformat(), remedy=remedy)
    if last - first > longest:
        remedy = f"at most {longest.days} days before end, which is {last.isoformat()}"
        raise bad_parameter("start", value=first.isoformat(), remedy=remedy)
    return Window(start=first, end=last, as_of=as_of or minute)
