"""Days, times and ranges of time, as requests write them: one rule for each kind of range."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema

from hypertally.api.http.problems import bad_parameter
from hypertally.api.resource.parameters import Parameters
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, read_row

YEARS: Final = range(1970, 9000)  # any offset and any range from here stays a valid time
MINUTE: Final = timedelta(minutes=1)

DayCount: TypeAlias = Literal["1d", "7d", "30d", "90d"]
RangeDays: TypeAlias = Literal["7d", "30d", "90d"]
RANGES: Final[tuple[RangeDays, ...]] = ("7d", "30d", "90d")

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_QUERIES = queries.load(__file__)


def _day(value: object) -> date:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("a day is written YYYY-MM-DD")
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError("there is no such day") from error


def _day_or_time(value: object) -> date | datetime:
    if isinstance(value, str) and not _DAY.fullmatch(value):
        try:
            time = datetime.fromisoformat(value)
        except ValueError as error:
            raise ValueError("write a day YYYY-MM-DD or a time YYYY-MM-DDTHH:MM:SSZ") from error
        return time if time.tzinfo else time.replace(tzinfo=UTC)
    return _day(value)


def _utc_time(value: object) -> datetime:
    bound = _day_or_time(value)
    if bound.year not in YEARS:
        raise ValueError(f"a time lies between the years {YEARS.start} and {YEARS.stop - 1}")
    return bound.astimezone(UTC) if isinstance(bound, datetime) else midnight(bound)


def midnight(day: date) -> datetime:
    """Return the first moment of a UTC day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


_EITHER: Final = WithJsonSchema(
    {"anyOf": [{"type": "string", "format": kind} for kind in ("date", "date-time")]}
)
Day: TypeAlias = Annotated[
    date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})
]
# A time is in UTC unless it names an offset.
DayOrTime: TypeAlias = Annotated[date | datetime, BeforeValidator(_day_or_time), _EITHER]
# A day is its first moment, so that [start, end) of two days holds whole days.
UtcTime: TypeAlias = Annotated[datetime, BeforeValidator(_utc_time), _EITHER]


class AsOfParameters(Parameters):
    """The time at which progress is measured; by default the start of the current minute."""

    as_of: UtcTime | None = None


class StartEndParameters(Parameters):
    """A range, `end` exclusive; by default the seven days before the current minute."""

    start: UtcTime | None = None
    end: UtcTime | None = None


class FromToParameters(Parameters):
    """A range, `to` exclusive; by default the day that ends with the current minute."""

    start: Annotated[UtcTime | None, Field(alias="from")] = None
    end: Annotated[UtcTime | None, Field(alias="to")] = None


class TimeRange(Record, frozen=True, kw_only=True):
    """[start, end)."""

    start: datetime
    end: datetime


# The range that holds every stored time.
ALL_TIME: Final = TimeRange(
    start=datetime.min.replace(tzinfo=UTC), end=datetime.max.replace(tzinfo=UTC)
)


class RangeRule(Record, frozen=True, kw_only=True):
    """How the bounds of a range are called, its length by default, and its greatest length."""

    start_name: str
    end_name: str
    default: timedelta
    longest: timedelta
    holds_current_minute: bool  # without an end: whether the current minute is in the range

    def resolve(
        self, start: datetime | None, end: datetime | None, *, minute: datetime
    ) -> TimeRange:
        """Return the range that a request asks for; `minute` is the current one.

        Errors: `Problem` 400 naming the bound that cannot be used.
        """
        last = end or (minute + MINUTE if self.holds_current_minute else minute)
        first = start or last - self.default
        told_end = f"{self.end_name}, which is {last.isoformat()}"
        if first >= last:
            remedy = f"it must lie before {told_end}"
            raise bad_parameter(self.start_name, value=first.isoformat(), remedy=remedy)
        if last - first > self.longest:
            remedy = f"at most {_length(self.longest)} before {told_end}"
            raise bad_parameter(self.start_name, value=first.isoformat(), remedy=remedy)
        return TimeRange(start=first, end=last)


def _length(length: timedelta) -> str:
    hours = int(length.total_seconds()) // 3600
    return f"{length.days} days" if length == timedelta(days=length.days) else f"{hours} hours"


def start_end_rule(*, longest: timedelta) -> RangeRule:
    """Return the rule of paths with `start` and `end`: see `StartEndParameters`."""
    return RangeRule(
        start_name="start",
        end_name="end",
        default=timedelta(days=7),
        longest=longest,
        holds_current_minute=False,
    )


def from_to_rule(*, longest: timedelta) -> RangeRule:
    """Return the rule of paths with `from` and `to`: see `FromToParameters`."""
    return RangeRule(
        start_name="from",
        end_name="to",
        default=timedelta(days=1),
        longest=longest,
        holds_current_minute=True,
    )


def days_in(count: DayCount) -> int:
    """Return the number of days that `7d` and the like mean."""
    return int(count.removesuffix("d"))


def begin_of(bound: date | datetime | None) -> datetime | None:
    """Return the first moment of a lower bound; None stays None: there is no bound."""
    if bound is None or isinstance(bound, datetime):
        return bound
    return midnight(bound)


def end_of(bound: date | datetime | None) -> datetime | None:
    """Return the first moment after an upper bound: a day is inclusive, a time exclusive."""
    if bound is None or isinstance(bound, datetime):
        return bound
    return None if bound == date.max else midnight(bound + timedelta(days=1))


class _CurrentMinute(Record, frozen=True, kw_only=True):
    minute: datetime


async def read_minute(connection: Connection) -> datetime:
    """Return the start of the current minute, by the database's clock."""
    row = await read_row(connection, _QUERIES["read_minute"], shape=_CurrentMinute)
    return row.minute
