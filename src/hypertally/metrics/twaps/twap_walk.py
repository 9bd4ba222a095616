"""The walk over TWAPs: order, slices and execution of each are computed together, in batches."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from hypertally.metrics.metric import Days, Scope, Walk
from hypertally.records import Record, TwapKey
from hypertally.store.postgres import Connection, in_schema, read_rows
from hypertally.store.queries import Query, load

QUERIES = load(__file__)
TWAPS_A_STATEMENT = 20_000  # a second of work
FIRST = TwapKey(twap_id=-1, wallet="")  # before every key


class TwapBatch(Record, frozen=True, kw_only=True):
    """TWAPs that are computed together, and where the next batch begins (None: there is none)."""

    keys: Sequence[TwapKey]
    last: TwapKey | None


async def _list_batches(
    connection: Connection, days: Days, after: TwapBatch | None
) -> list[TwapBatch]:
    """The next batch of TWAPs that began, or traded, in these days.

    The last batch also holds the TWAPs that traded and of which no status is known.
    """
    start = FIRST if after is None else after.last
    if start is None:
        return []
    bounds = {"from_day": days.first, "to_day": days.last}
    place = {"twap_id": start.twap_id, "wallet": start.wallet, "limit": TWAPS_A_STATEMENT}
    keys = await read_rows(connection, QUERIES["list_twaps"], bounds | place, shape=TwapKey)
    if len(keys) == TWAPS_A_STATEMENT:
        return [TwapBatch(keys=keys, last=keys[-1])]
    without_status = QUERIES["list_twaps_without_status"]
    keys += await read_rows(connection, without_status, bounds, shape=TwapKey)
    return [TwapBatch(keys=keys, last=None)] if keys else []


class RebuildTwaps(Protocol):
    """What a metric of TWAPs is computed by."""

    async def __call__(
        self, connection: Connection, keys: Sequence[TwapKey], *, schema: str
    ) -> int:
        """Compute the rows of these TWAPs again; how many there are."""
        ...


def of_batches(rebuild: RebuildTwaps) -> Callable[[Connection, TwapBatch, Scope], Awaitable[int]]:
    """The `rebuild` of a metric from one that takes keys."""

    async def rebuild_batch(connection: Connection, batch: TwapBatch, scope: Scope) -> int:
        return await rebuild(connection, batch.keys, schema=scope.schema)

    return rebuild_batch


def bind(keys: Sequence[TwapKey]) -> dict[str, list[int] | list[str]]:
    """The keys as a statement takes them."""
    return {
        "twap_ids": [key.twap_id for key in keys],
        "wallets": [key.wallet for key in keys],
    }


async def insert_for_audiences(
    connection: Connection, query: Query, bound: Mapping[str, object], *, schema: str
) -> int:
    """Insert the rows of all facts, then those for orgs that do not track the wallet; how many.

    The second ones are made of public facts alone, and only where other facts made the first.
    """
    statement = in_schema(query, schema)
    rows = 0
    for for_others in (False, True):
        inserted = await connection.execute(statement, {**bound, "for_others": for_others})
        rows += inserted.rowcount
    return rows


TWAPS = Walk(
    list_units=_list_batches,
    lock=QUERIES["lock_twaps"],
    waiting=QUERIES["list_waiting"],
    waiting_key=("twap_id", "wallet", "wallet_id"),
)
