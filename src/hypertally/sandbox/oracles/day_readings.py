"""How far answers prove a day: each moment is looked at alone, in the order of the clock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

SECOND_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the exchange: what it covers, from and up to, and when it was asked for."""

    asked_at: datetime
    from_at: datetime
    to_at: datetime

    @property
    def end(self) -> datetime:
        """Nothing is known of a time after the question."""
        return min(self.to_at, self.asked_at)


@dataclass(frozen=True, slots=True)
class Readings:
    """How long a day is covered by an answer, and how long by two that are an hour apart."""

    covered: timedelta
    confirmed: timedelta


def read_day(
    answers: Sequence[Answer], *, first: datetime, last: datetime, news_at: datetime | None
) -> Readings:
    """What these answers say of the time from `first` up to `last`.

    `news_at`: when the last answer was asked for that brought something new of it.
    """
    inside = [
        min(max(at, first), last) for answer in answers for at in (answer.from_at, answer.end)
    ]
    moments = sorted({first, last, *inside})
    covered = confirmed = timedelta(0)
    for begin, end in pairwise(moments):
        asked = [each.asked_at for each in answers if each.from_at <= begin and each.end >= end]
        if asked:
            covered += end - begin
            confirmed += (end - begin) * _is_confirmed(asked, news_at)
    return Readings(covered, confirmed)


def _is_confirmed(asked: Iterable[datetime], news_at: datetime | None) -> bool:
    times = list(asked)
    late_enough = max(min(times), news_at or min(times)) + SECOND_AFTER
    return max(times) >= late_enough
