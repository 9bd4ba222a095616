"""The position chain of one coin: where it does not connect, and where statements contradict it."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby, pairwise

from hypertally.records import Record


class Leg(Record, frozen=True, kw_only=True):
    """What the chain needs of a fill."""

    time: datetime
    start: Decimal  # position before the fill
    change: Decimal  # signed size
    exempt: bool  # no trade id: a row of 2023, whose chain cannot be trusted


class Statement(Record, frozen=True, kw_only=True):
    """The position that the exchange stated, after which all fills were read."""

    at: datetime
    size: Decimal  # signed


class Break(Record, frozen=True, kw_only=True):
    """A chain does not connect: (from_at, to_at], and the signed size missing between."""

    from_at: datetime | None  # None: before the first fill known
    to_at: datetime
    missing: Decimal
    is_stated: bool = False  # a statement contradicts the fills, which connect


class _Run(Record, frozen=True, kw_only=True):
    """Statements in turn of the same position."""

    size: Decimal
    first_at: datetime
    last_at: datetime
    is_single: bool


def follow(legs: Iterable[Leg], statements: Iterable[Statement] = ()) -> list[Break]:
    """The breaks in the position chain of one coin, from legs and statements in order of time.

    Inside one millisecond, where the order of the rows says little, the legs are put in an order
    in which each starts where the one before it ended, if there is one. Statements are held
    against the chain where it connects: a break between two legs says all by itself.
    """
    breaks: list[Break] = []
    position: Decimal | None = None
    last_at: datetime | None = None
    waiting = deque(statements)
    for time, group in groupby(legs, key=lambda leg: leg.time):
        together = list(group)
        between = list(_take(waiting, last_at, time))
        if any(leg.exempt for leg in together):
            position, last_at = None, time
            continue
        if position is None:
            # Nothing was held before the first fill; after exempt ones the chain begins anew.
            between = between if last_at is None else []
            position = Decimal(0) if last_at is None else _entry(together)
        ordered = _in_order(together, position)
        if ordered[0].start == position:
            breaks += _contradictions(between, last_at, position, next_at=time)
        for leg in ordered:
            if leg.start != position:
                missing = leg.start - position
                breaks.append(Break(from_at=last_at, to_at=time, missing=missing))
            position, last_at = leg.start + leg.change, time
    if last_at is None:
        position = Decimal(0)
    if position is not None:
        breaks += _contradictions(list(_take(waiting, last_at, None)), last_at, position)
    return breaks


def _take(
    waiting: deque[Statement], after: datetime | None, until: datetime | None
) -> Iterator[Statement]:
    """Take the statements before a time, None: all; those of a leg's own millisecond say little."""
    while waiting and (until is None or waiting[0].at <= until):
        statement = waiting.popleft()
        if (after is None or statement.at > after) and statement.at != until:
            yield statement


def _contradictions(
    statements: Sequence[Statement],
    from_at: datetime | None,
    position: Decimal,
    *,
    next_at: datetime | None = None,
) -> Iterator[Break]:
    """Where statements contradict a chain that connects: fills are missing, there and back.

    A position that was stated once, between others, may have been a wrong answer: it counts when
    it was stated twice in turn, or last after the last leg.
    """
    size = position
    for run in _runs(statements, position, is_end=next_at is None):
        if run.size != size:
            yield Break(
                from_at=from_at, to_at=run.first_at, missing=run.size - size, is_stated=True
            )
        from_at, size = run.last_at, run.size
    if next_at is not None and size != position:
        yield Break(from_at=from_at, to_at=next_at, missing=position - size, is_stated=True)


def _runs(statements: Sequence[Statement], position: Decimal, *, is_end: bool) -> Iterator[_Run]:
    """The runs of statements that count: those that agree with the chain do, however few."""
    runs: list[_Run] = []
    for size, group in groupby(statements, key=lambda statement: statement.size):
        times = [statement.at for statement in group]
        runs.append(
            _Run(size=size, first_at=times[0], last_at=times[-1], is_single=len(times) == 1)
        )
    last = runs[-1:] if is_end else []
    before = runs[: len(runs) - len(last)]
    yield from (run for run in before if run.size == position or not run.is_single)
    yield from last


def _in_order(legs: list[Leg], position: Decimal) -> list[Leg]:
    if len(legs) == 1:
        return legs
    return (
        _trail(legs, position)
        or _trail(legs, _entry(legs))
        or list(_as_they_connect(legs, position))
    )


def _trail(legs: Sequence[Leg], position: Decimal) -> list[Leg] | None:
    """All legs in an unbroken chain from `position`: an Eulerian trail, by Hierholzer's method."""
    leaving: defaultdict[Decimal, list[Leg]] = defaultdict(list)
    for leg in reversed(legs):
        leaving[leg.start].append(leg)
    path: list[Leg] = []
    trail: list[Leg] = []
    while True:
        at = path[-1].start + path[-1].change if path else position
        if leaving[at]:
            path.append(leaving[at].pop())
        elif path:
            trail.append(path.pop())
        else:
            break
    trail.reverse()
    connected = all(one.start + one.change == next_one.start for one, next_one in pairwise(trail))
    return trail if len(trail) == len(legs) and connected else None


def _as_they_connect(legs: Sequence[Leg], position: Decimal) -> Iterator[Leg]:
    """One after another, each from where the one before ended or, if none does, from an entry."""
    pending = list(legs)
    while pending:
        if all(leg.start != position for leg in pending):
            position = _entry(pending)
        leg = next(leg for leg in pending if leg.start == position)
        pending.remove(leg)
        position = leg.start + leg.change
        yield leg


def _entry(legs: Sequence[Leg]) -> Decimal:
    """Where a chain through these legs begins: a position that more of them leave than reach."""
    surplus = Counter(leg.start for leg in legs)
    surplus.subtract(leg.start + leg.change for leg in legs)
    return next((leg.start for leg in legs if surplus[leg.start] > 0), legs[0].start)
