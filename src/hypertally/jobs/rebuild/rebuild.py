"""Rebuilding metrics: every unit of work is deleted and computed again from the facts."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from itertools import groupby

from hypertally.errors import Refused
from hypertally.flow import METRICS
from hypertally.metrics.metric import Days, Metric, Scope, Unit, Walk
from hypertally.records import Record
from hypertally.store.postgres import Pool, transaction


class Progress(Record, frozen=True, kw_only=True):
    """How far a rebuild is."""

    metric: str
    done: int  # units of work
    total: int  # of those listed so far
    rows: int


def choose(names: Sequence[str]) -> list[Metric]:
    """The metrics of these names, in the order in which they build on each other; none: all.

    Errors: `Refused` that names the metric that does not exist.
    """
    known = {metric.name for metric in METRICS}
    for name in names:
        if name not in known:
            raise Refused(f"no metric is called {name!r}: there are {', '.join(sorted(known))}")
    return [metric for metric in METRICS if not names or metric.name in names]


def by_walk(metrics: Sequence[Metric]) -> list[tuple[Walk, list[Metric]]]:
    """The metrics that are computed together, walk by walk, in the order given."""
    groups = groupby(metrics, key=lambda metric: id(metric.walk))
    together = [list(group) for _, group in groups]
    return [(group[0].walk, group) for group in together]


async def rebuild(
    pool: Pool, metrics: Sequence[Metric], *, from_day: date | None, to_day: date | None
) -> AsyncIterator[Progress]:
    """Delete and compute again from the facts; readers see each unit before or after.

    Errors: `Refused`, before anything is deleted, when facts of these days rest in the archive.
    """
    asked = Days()
    days = Days(first=from_day or asked.first, last=to_day or asked.last)
    for metric in metrics:
        await _refuse_archived(pool, metric, days)
    for walk, together in by_walk(metrics):
        async for progress in _rebuild_together(pool, walk, together, Scope(days=days)):
            yield progress


async def _rebuild_together(
    pool: Pool, walk: Walk, metrics: Sequence[Metric], scope: Scope
) -> AsyncIterator[Progress]:
    rows = dict.fromkeys((metric.name for metric in metrics), 0)
    done, after = 0, None
    while units := await _list_units(pool, walk, scope.days, after):
        total, after = done + len(units), units[-1]
        for unit in units:
            async with transaction(pool) as connection:
                await connection.execute(walk.lock.text, {"unit": unit})
                for metric in metrics:
                    rows[metric.name] += await metric.rebuild(connection, unit, scope)
            done += 1
            for name, count in rows.items():
                yield Progress(metric=name, done=done, total=total, rows=count)


async def _list_units(pool: Pool, walk: Walk, days: Days, after: Unit | None) -> Sequence[Unit]:
    async with transaction(pool) as connection:
        return await walk.list_units(connection, days, after)


async def _refuse_archived(pool: Pool, metric: Metric, days: Days) -> None:
    if metric.archived is None:
        return
    async with transaction(pool) as connection:
        units = await metric.archived.list_units(connection, days)
    if units:
        first, last = min(map(min, units.values())), max(map(max, units.values()))
        raise Refused(
            f"{metric.name} of {min(units):%Y-%m-%d} are made of facts of {first}, which rest in "
            "the archive: bring them back with hypertally archive restore "
            f"--from {first} --to {last}"
        )
