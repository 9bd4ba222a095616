"""Ranges of whole UTC days, as requests write them: both bounds inclusive, or a month's name."""

import calendar
import re
from datetime import date, datetime, timedelta
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from hypertally.api.http.problems import Problem, bad_parameter
from hypertally.api.resource.parameters import Parameters
from hypertally.api.resource.time_range import YEARS, Day, begin_of, midnight
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, read_row

DAYS_MAX: Final = 366  # a leap year: the longest range of the calendar that the pages offer
DAY: Final = timedelta(days=1)

_MONTH: Final = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_QUERIES = queries.load(__file__)


class DayRange(Record, frozen=True, kw_only=True):
    """Whole UTC days, both inclusive."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days the range has."""
        return (self.last - self.first).days + 1


def _usable_day(value: date) -> date:
    if value.year not in YEARS:
        raise ValueError(f"a day lies between the years {YEARS.start} and {YEARS.stop - 1}")
    return value


def _first_day_of_month(value: object) -> date:
    month = _MONTH.fullmatch(value) if isinstance(value, str) else None
    if month is None or int(month[1]) not in YEARS:
        raise ValueError(f"a month is written YYYY-MM, from the year {YEARS.start} on")
    return date(int(month[1]), int(month[2]), 1)


def last_day_of_month(day: date) -> date:
    """Return the last day of the month that a day lies in."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


UsableDay: TypeAlias = Annotated[Day, AfterValidator(_usable_day)]
Month: TypeAlias = Annotated[  # its first day
    date,
    BeforeValidator(_first_day_of_month),
    WithJsonSchema({"type": "string", "pattern": f"^{_MONTH.pattern}$"}),
]


class DayRangeParameters(Parameters):
    """Days by their bounds, both inclusive, or as a calendar month."""

    first: Annotated[UsableDay | None, Field(alias="from", description="first day, inclusive")] = (
        None
    )
    last: Annotated[UsableDay | None, Field(alias="to", description="last day, inclusive")] = None
    month: Annotated[
        Month | None,
        Field(description="all days of a month, such as 2026-10; instead of from and to"),
    ] = None

    def bounds(self, *, other: str | None = None) -> tuple[date | None, date | None]:
        """Return the first and the last day as they are given; None: no such bound.

        `other` is a parameter that gives a range in another way, if the request has it.
        Errors: `Problem` 400 for a range that is given in two ways, or backwards.
        """
        name, value = self._first_given()
        if self.month and (self.first or self.last):
            raise bad_parameter(name, value=value, remedy="give either month or from and to")
        if other and name:
            raise bad_parameter(name, value=value, remedy=f"give either {name} or {other}")
        if self.month:
            return self.month, last_day_of_month(self.month)
        if self.first and self.last and self.first > self.last:
            remedy = f"it must not lie after to, which is {self.last}"
            raise bad_parameter("from", value=f"{self.first}", remedy=remedy)
        return self.first, self.last

    def bounds_begun(self, *, today: date) -> tuple[date | None, date | None]:
        """Return the bounds, the last of them cut at today; None: no such bound.

        Errors: `Problem` 400, as `bounds`; also for days that have not begun.
        """
        first, last = self.bounds()
        if first:
            self._require_begun(first, today)
        return first, last and min(last, today)

    def _require_begun(self, first: date, today: date) -> None:
        if first > today:
            name, value = self._first_given()
            raise _not_begun(name, value, today)

    def _first_given(self) -> tuple[str, str]:
        """Return the name and the value of the first of these parameters; empty: there is none."""
        if self.month:
            return "month", f"{self.month:%Y-%m}"
        return (
            ("from", f"{self.first}") if self.first else ("to" if self.last else "", f"{self.last}")
        )

    def resolve(
        self, *, today: date, default_days: int, other: str | None = None
    ) -> DayRange | None:
        """Return the range that is asked for, cut at today; None: the request names no days.

        Without `from` the range is `default_days` long; without `to` it ends with today.
        Errors: `Problem` 400, as `bounds`; also for days that have not begun, and for too many.
        """
        first, last = self.bounds(other=other)
        if first is None and last is None:
            return None
        end = min(last or today, today)
        start = first or end - (default_days - 1) * DAY
        self._require_begun(start, today)
        if (end - start).days >= DAYS_MAX:
            remedy = f"a range has at most {DAYS_MAX} days: begin at {end - (DAYS_MAX - 1) * DAY}"
            raise bad_parameter("from", value=f"{start}", remedy=f"{remedy} or later")
        return DayRange(first=start, last=end)


def _not_begun(name: str, value: str, today: date) -> Problem:
    return bad_parameter(name, value=value, remedy=f"it must not lie after today, which is {today}")


def require_begun(name: str, value: date | datetime | None, *, today: date) -> None:
    """Refuse a day, or a time of one, that has not begun; None: the request names none.

    Errors: `Problem` 400 that names the parameter.
    """
    begins = begin_of(value)
    if begins and begins >= midnight(today + DAY):
        raise _not_begun(name, f"{value}", today)


class _Today(Record, frozen=True, kw_only=True):
    day: date


async def read_today(connection: Connection) -> date:
    """Return the current UTC day, by the clock of the database."""
    row = await read_row(connection, _QUERIES["read_today"], shape=_Today)
    return row.day


def days_until(last: date, *, days: int) -> DayRange:
    """Return the range of so many days that ends with `last`."""
    return DayRange(first=last - (days - 1) * DAY, last=last)
