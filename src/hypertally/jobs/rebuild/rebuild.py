"""Rebuilding metrics from facts, and verifying that what is stored is what a rebuild gives."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import date
from typing import Any

from hypertally.errors import Refused
from hypertally.flow import DECISIONS, EARLIER, METRICS, Metric
from hypertally.metrics import definitions
from hypertally.metrics.activity import fill_gaps, global_days, wallet_days
from hypertally.metrics.smart_money import signal_outcomes, signals
from hypertally.metrics.smart_money.signal_history import Past
from hypertally.metrics.twaps import executions, orders, slices
from hypertally.records import OrgDay, Record, TwapKey, WalletDay
from hypertally.store.postgres import Connection, Pool, in_schema, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)
_ORG_DAYS = 64  # of an org whose wallets trade much, a day is a large statement
DAYS_A_STATEMENT = 512  # keeps a transaction and what it holds in memory small
TWAPS_A_STATEMENT = 20_000  # a second of work
# In the order in which they read each other.
TWAP_METRICS: dict[str, Callable[..., Awaitable[int]]] = {
    "twaps": orders.rebuild,
    "twap_slices": slices.rebuild,
    "twap_executions": executions.rebuild,
}
SCRATCH = "verify_scratch"
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(9999, 12, 30)


class Progress(Record, frozen=True, kw_only=True):
    """How far a rebuild is."""

    metric: str
    done: int
    total: int
    rows: int


class Verdict(Record, frozen=True, kw_only=True):
    """What comparing a metric with its recomputation found."""

    metric: str
    rows: int
    waiting: int  # rows whose recomputation is queued: not compared
    differing: int
    first: dict[str, Any] | None  # key and field -> [stored, recomputed]
    sealed: int = 0  # rows whose facts rest in the archive: not compared


def choose(names: Sequence[str]) -> list[Metric]:
    """The metrics of these names, in the order they build on each other; none: all.

    Errors: `Refused` that names the one that does not exist.
    """
    known = {metric.name for metric in METRICS}
    for name in names:
        if name not in known:
            raise Refused(f"no metric is called {name!r}: there are {', '.join(sorted(known))}")
    return [metric for metric in METRICS if not names or metric.name in names]


async def register_definitions(pool: Pool) -> None:
    """Store each definition under its version; the SQL that was used stays readable for ever.

    Errors: `Refused` when a definition changed and its version did not.
    """
    async with transaction(pool) as connection:
        for metric in (*METRICS, *EARLIER, *DECISIONS):
            stored = await definitions.put(
                connection,
                metric.definition,
                metric=metric.name,
                words=metric.words,
                statement=metric.queries[metric.statement],
            )
            if not stored:
                raise Refused(
                    f"{metric.definition} is stored with another meaning: "
                    f"raise its version in metrics/ and rebuild"
                )


async def rebuild(
    pool: Pool, metrics: Sequence[Metric], *, from_day: date | None, to_day: date | None
) -> AsyncIterator[Progress]:
    """Delete and compute again from the facts; readers see each wallet or day before or after.

    Errors: `Refused`, before anything is deleted, when facts of these days rest in the archive.
    """
    names = [metric.name for metric in metrics]
    days = (from_day or FIRST_DAY, to_day or LAST_DAY)
    if "signals" in names:
        await _refuse_sealed(pool, *days)
    if "fill_gaps" in names or "wallet_day_metrics" in names:
        async for progress in _rebuild_wallets(pool, names, *days):
            yield progress
    if "global_day_metrics" in names:
        async for progress in _rebuild_orgs(pool, *days):
            yield progress
    if chosen := [name for name in TWAP_METRICS if name in names]:
        async for progress in _rebuild_twaps(pool, chosen, *days):
            yield progress
    if "signals" in names:
        async for progress in _rebuild_signals(pool, *days):
            yield progress


async def _rebuild_wallets(
    pool: Pool, names: list[str], from_day: date, to_day: date
) -> AsyncIterator[Progress]:
    async with transaction(pool) as connection:
        wallets = await (await connection.execute(QUERIES["list_wallets"].text)).fetchall()
    label = "wallet_day_metrics" if "wallet_day_metrics" in names else "fill_gaps"
    rows = 0
    for done, wallet in enumerate(wallets, start=1):
        async with transaction(pool) as connection:
            await connection.execute(QUERIES["lock_wallet"].text, {"wallet_id": wallet["id"]})
            if "fill_gaps" in names:
                changed = await fill_gaps.rebuild(connection, wallet["id"])
                rows += len(changed) if label == "fill_gaps" else 0
            if "wallet_day_metrics" in names:
                keys = await wallet_days.list_keys(
                    connection, wallet["id"], from_day=from_day, to_day=to_day
                )
                rows += await _in_parts(connection, keys)
        yield Progress(metric=label, done=done, total=len(wallets), rows=rows)


async def _in_parts(connection: Connection, keys: list[WalletDay], schema: str = "metrics") -> int:
    return sum(
        [
            await wallet_days.rebuild(connection, keys[at : at + DAYS_A_STATEMENT], schema=schema)
            for at in range(0, len(keys), DAYS_A_STATEMENT)
        ]
    )


async def _rebuild_orgs(pool: Pool, from_day: date, to_day: date) -> AsyncIterator[Progress]:
    async with transaction(pool) as connection:
        keys = await global_days.list_keys(connection, from_day=from_day, to_day=to_day)
    rows = 0
    for at in range(0, len(keys), _ORG_DAYS):
        part: list[OrgDay] = keys[at : at + _ORG_DAYS]
        async with transaction(pool) as connection:
            await connection.execute(QUERIES["lock_global"].text)
            rows += await global_days.rebuild(connection, part)
        yield Progress(metric="global_day_metrics", done=at + len(part), total=len(keys), rows=rows)


async def _rebuild_twaps(
    pool: Pool, names: Sequence[str], from_day: date, to_day: date
) -> AsyncIterator[Progress]:
    """TWAPs that began, or traded, in these days."""
    rows = dict.fromkeys(names, 0)
    done = 0
    after: TwapKey | None = orders.FIRST
    while after is not None:
        async with transaction(pool) as connection:
            await connection.execute(QUERIES["lock_twaps"].text)
            keys, after = await _next_twaps(connection, after, from_day, to_day)
            for name in names:
                rows[name] += await TWAP_METRICS[name](connection, keys)
        done += len(keys)
        total = done + (TWAPS_A_STATEMENT if after else 0)  # a guess that there are more
        for name in names:
            yield Progress(metric=name, done=done, total=total, rows=rows[name])


async def _next_twaps(
    connection: Connection, after: TwapKey, from_day: date, to_day: date
) -> tuple[list[TwapKey], TwapKey | None]:
    """A batch of TWAPs and where the next begins; with the last come those without a status."""
    keys = await orders.list_keys(
        connection, after=after, from_day=from_day, to_day=to_day, limit=TWAPS_A_STATEMENT
    )
    if len(keys) == TWAPS_A_STATEMENT:
        return keys, keys[-1]
    rest = await slices.list_keys_without_status(connection, from_day=from_day, to_day=to_day)
    return keys + rest, None


async def _refuse_sealed(pool: Pool, from_day: date, to_day: date) -> None:
    async with transaction(pool) as connection:
        keys = await signals.list_keys(connection, from_day=from_day, to_day=to_day)
        released = await _list_released(connection)
    sealed = {at: days for at in keys if (days := signals.days_needed(at) & released)}
    if sealed:
        first, last = min(map(min, sealed.values())), max(map(max, sealed.values()))
        raise Refused(
            f"signals of {min(sealed):%Y-%m-%d} are made of snapshots of {first}, which rest in "
            "the archive: bring them back with hypertally archive restore "
            f"--from {first} --to {last}"
        )


async def _list_released(connection: Connection) -> set[date]:
    found = await connection.execute(QUERIES["list_released"].text)
    return {row["day"] for row in await found.fetchall()}


async def _rebuild_signals(pool: Pool, from_day: date, to_day: date) -> AsyncIterator[Progress]:
    """Period by period, in order of time: each goes on from the one before."""
    async with transaction(pool) as connection:
        keys = await signals.list_keys(connection, from_day=from_day, to_day=to_day)
    rows, past = 0, Past()
    for done, at in enumerate(keys, start=1):
        async with transaction(pool) as connection:
            await connection.execute(QUERIES["lock_signals"].text)
            rows += await signals.rebuild(connection, at, past=past)
            await signal_outcomes.rebuild(connection, at)
        yield Progress(metric="signals", done=done, total=len(keys), rows=rows)


async def verify(pool: Pool, metrics: Sequence[Metric]) -> list[Verdict]:
    """Recompute everything in a scratch schema, in one snapshot, and compare digit for digit.

    `pool` acts as the login, which may make a schema; nothing of it is committed.
    """
    async with (
        pool.connection() as connection,
        connection.transaction(force_rollback=True),
    ):
        await connection.execute("set transaction isolation level repeatable read")
        await connection.execute(QUERIES["make_scratch"].text)
        for metric in METRICS:
            await connection.execute(in_schema(QUERIES[f"scratch_{metric.name}"], SCRATCH))
        for beside in ("signal_contributors", "signal_outcomes"):
            await connection.execute(in_schema(QUERIES[f"scratch_{beside}"], SCRATCH))
        await connection.execute(QUERIES["grant_scratch"].text)
        await connection.execute(QUERIES["act_as_metrics"].text)
        sealed = {"signals": await _recompute(connection)}
        return [
            await _compare(connection, metric, sealed=sealed.get(metric.name, 0))
            for metric in metrics
        ]


async def _recompute(connection: Connection) -> int:
    """Fill the twins; how many signals were taken as they are, their snapshots being sealed."""
    wallets = await (await connection.execute(QUERIES["list_wallets"].text)).fetchall()
    for wallet in wallets:
        await fill_gaps.rebuild(connection, wallet["id"], schema=SCRATCH)
        keys = await wallet_days.list_keys(
            connection, wallet["id"], from_day=FIRST_DAY, to_day=LAST_DAY
        )
        await _in_parts(connection, keys, SCRATCH)
    days = await global_days.list_keys(connection, from_day=FIRST_DAY, to_day=LAST_DAY)
    for at in range(0, len(days), _ORG_DAYS):
        await global_days.rebuild(connection, days[at : at + _ORG_DAYS], schema=SCRATCH)
    await _recompute_twaps(connection)
    return await _recompute_signals(connection)


async def _recompute_signals(connection: Connection) -> int:
    keys = await signals.list_keys(connection, from_day=FIRST_DAY, to_day=LAST_DAY)
    released = await _list_released(connection)
    sealed = {at for at in keys if signals.days_needed(at) & released}
    # Later ones go on from them, and their own outcomes need no snapshot.
    copied = await signals.copy(connection, sorted(sealed), schema=SCRATCH)
    past = Past(SCRATCH)
    for at in keys:
        if at not in sealed:
            await signals.rebuild(connection, at, schema=SCRATCH, past=past)
        await signal_outcomes.rebuild(connection, at, schema=SCRATCH)
    return copied


async def _recompute_twaps(connection: Connection) -> None:
    after: TwapKey | None = orders.FIRST
    while after is not None:
        keys, after = await _next_twaps(connection, after, FIRST_DAY, LAST_DAY)
        for compute in TWAP_METRICS.values():
            await compute(connection, keys, schema=SCRATCH)


async def _compare(connection: Connection, metric: Metric, *, sealed: int) -> Verdict:
    found = await connection.execute(in_schema(QUERIES[f"compare_{metric.name}"], SCRATCH))
    row = await found.fetchone()
    assert row is not None  # an aggregate answers one row
    return Verdict(metric=metric.name, sealed=sealed, **row)
