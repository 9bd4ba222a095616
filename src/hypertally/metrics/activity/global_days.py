"""Global days: the figures of all wallets an org tracks on one UTC day."""

from collections.abc import Sequence

from hypertally.metrics.activity import day_states
from hypertally.metrics.activity.org_day_walk import ORG_DAYS
from hypertally.metrics.metric import Metric, Scope
from hypertally.records import OrgDay
from hypertally.store.postgres import Connection, in_schema
from hypertally.store.queries import load

QUERIES = load(__file__)
DEFINITION = "global_day_metrics/2"
WORDS = (
    "All wallets that the org tracked on the day, taken together. DAU is the number of them with "
    "at least one fill with volume. A figure that wallet days have too is the sum over the wallet "
    "days. Total volume counts each leg of each tracked wallet once, so it equals taker plus maker "
    "volume. A trade between two tracked wallets has two legs. Internal volume counts such trades "
    "once; unique volume, the platform volume of the tracked set, is total volume less internal "
    "volume. The two legs of a trade are matched by coin, time and trade id; fills without a trade "
    "id are never matched. Completeness is the mean over the wallets; a wallet whose record does "
    "not reach the day counts as 0. A USD figure of which a part has no price is null; beside it "
    "stand the known part, its bounds and the amounts without price by token."
)


async def rebuild(
    connection: Connection,
    keys: Sequence[OrgDay],
    *,
    schema: str = "metrics",
    cause: str | None = None,
) -> int:
    """Compute these rows again from wallet days and facts, in the caller's transaction.

    `cause`: why published figures change, where the rows do not tell.
    """
    bound = {
        "org_ids": [key.org_id for key in keys],
        "days": [key.day for key in keys],
        "definition": DEFINITION,
        "cause": cause,
    }
    await connection.execute(QUERIES["temp_table"].text)
    await day_states.compute(connection, day_states.MEMBERS, bound, schema=schema)
    await connection.execute(in_schema(QUERIES["delete_global_days"], schema), bound)
    inserted = await connection.execute(in_schema(QUERIES["insert_global_days"], schema), bound)
    if schema == "metrics":
        await connection.execute(in_schema(QUERIES["insert_restatements"], schema), bound)
        await connection.execute(QUERIES["keep_computed_at"].text, bound)
    return inserted.rowcount


async def rebuild_unit(connection: Connection, keys: Sequence[OrgDay], scope: Scope) -> int:
    """Compute a batch of orgs' days again; how many rows."""
    return await rebuild(connection, keys, schema=scope.schema)


METRIC = Metric(
    name="global_day_metrics",
    reads=(
        "metrics.wallet_day_metrics",
        "metrics.fill_gaps",
        "facts.hl_fills_raw",
        "facts.pages",
        "facts.reject_windows",
        "facts.conflicts",
    ),
    key=("org_id", "day"),
    definition=DEFINITION,
    words=WORDS,
    queries=QUERIES | day_states.QUERIES,
    statement="insert_global_days",
    module=__name__,
    walk=ORG_DAYS,
    rebuild=rebuild_unit,
)
