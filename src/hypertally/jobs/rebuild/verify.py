"""Verifying metrics: each is recomputed in temporary tables, and compared digit for digit."""

from collections.abc import Sequence

from hypertally.flow import METRICS
from hypertally.jobs.rebuild.differences import Difference, Row, describe
from hypertally.jobs.rebuild.rebuild import by_walk
from hypertally.metrics.metric import METRICS_SCHEMA, Metric, Scope
from hypertally.records import Record
from hypertally.store.postgres import Connection, Pool, read_row
from hypertally.store.queries import load
from hypertally.store.twins import Twins, compare_twins, make_twin

QUERIES = load(__file__)
SCRATCH = "pg_temp"  # gone with the transaction, and no role needs a right to make schemas
DIFFERENCES_SHOWN_MAX = 5  # of each metric: enough to see whether they are of one kind


class Comparison(Record, frozen=True, kw_only=True):
    """What comparing a metric with its recomputation found."""

    metric: str
    rows: int
    waiting: int  # rows whose recomputation is queued: not compared
    differing: int
    sealed: int  # rows whose facts rest in the archive: taken over, so they cannot differ
    first: Difference | None
    differences: Sequence[Difference]  # the first ones, in the order of the key


class Names(Record, frozen=True, kw_only=True):
    """What a wallet and an org are called."""

    wallet_id: str | None
    org_id: str | None


def needed_by(metrics: Sequence[Metric]) -> list[Metric]:
    """These metrics and the ones they read, directly or not, in the order they build on."""
    needed: set[str] = set()
    pending = [metric.name for metric in metrics]
    by_name = {metric.name: metric for metric in METRICS}
    while pending:
        name = pending.pop()
        if name in by_name and name not in needed:
            needed.add(name)
            pending += [table.partition(".")[2] for table in by_name[name].reads]
    return [metric for metric in METRICS if metric.name in needed]


async def verify(pool: Pool, metrics: Sequence[Metric]) -> list[Comparison]:
    """Recompute these metrics and what they need in temporary tables, in one snapshot.

    `pool` acts as a worker; nothing of it is committed.
    """
    async with pool.connection() as connection, connection.transaction(force_rollback=True):
        await connection.execute(QUERIES["hold_snapshot"].text)
        await connection.execute(QUERIES["give_memory"].text)
        needed = needed_by(metrics)
        for table in (table for metric in needed for table in metric.tables):
            await make_twin(connection, table, schema=METRICS_SCHEMA, scratch=SCRATCH)
        sealed = await _recompute(connection, needed)
        return [await _compare(connection, metric, sealed[metric.name]) for metric in metrics]


async def _recompute(connection: Connection, metrics: Sequence[Metric]) -> dict[str, int]:
    """Fill the twins; by metric, how many rows were taken over, their facts being archived."""
    scope = Scope(schema=SCRATCH)
    sealed = dict.fromkeys((metric.name for metric in metrics), 0)
    for walk, together in by_walk(metrics):
        archived = {
            metric.name: await metric.archived.list_units(connection, scope.days)
            for metric in together
            if metric.archived
        }
        after = None
        while units := await walk.list_units(connection, scope.days, after):
            after = units[-1]
            for unit in units:
                for metric in together:
                    if metric.archived and unit in archived[metric.name]:
                        sealed[metric.name] += await metric.archived.copy(connection, unit, scope)
                    else:
                        await metric.rebuild(connection, unit, scope)
    return sealed


async def _compare(connection: Connection, metric: Metric, sealed: int) -> Comparison:
    compared = await compare_twins(connection, twins_of(metric), limit=DIFFERENCES_SHOWN_MAX)
    differences = [
        describe(stored, recomputed, key=await _name(connection, metric, stored or recomputed))
        for stored, recomputed in compared.pairs()
    ]
    return Comparison(
        metric=metric.name,
        rows=compared.rows,
        waiting=compared.waiting,
        differing=compared.differing,
        sealed=sealed,
        first=differences[0] if differences else None,
        differences=differences,
    )


def twins_of(metric: Metric) -> Twins:
    """A metric's table and its temporary twin."""
    walk = metric.walk
    return Twins(
        table=metric.name,
        schema=METRICS_SCHEMA,
        scratch=SCRATCH,
        key=metric.whole_key,
        parts=metric.parts,
        waiting=walk.waiting,
        waiting_key=[column for column in walk.waiting_key if column in metric.key],
    )


async def _name(connection: Connection, metric: Metric, row: Row) -> dict[str, str | None]:
    """What names a row, as a reader knows it: wallets by address, orgs by name."""
    key = {column: row[column] for column in metric.key}
    ids = {"wallet_id": key.get("wallet_id"), "org_id": key.get("org_id")}
    names = await read_row(connection, QUERIES["read_names"], ids, shape=Names)
    known = {"wallet_id": names.wallet_id, "org_id": names.org_id}
    return {column: known.get(column) or value for column, value in key.items()}
