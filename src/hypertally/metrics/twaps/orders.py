"""TWAPs: the latest state of each TWAP order, from its statuses."""

from collections.abc import Sequence

from hypertally.metrics.metric import Metric
from hypertally.metrics.twaps.twap_walk import TWAPS, bind, of_batches
from hypertally.records import TwapKey
from hypertally.store.postgres import Connection, in_schema
from hypertally.store.queries import load

QUERIES = load(__file__)
DEFINITION = "twaps/1"
WORDS = (
    "The latest state of a wallet's TWAP order is its latest status. Statuses are ordered by the "
    "time they were taken (if the source does not give it, the time the TWAP began), then by "
    "executed size, then as received. A TWAP that has left the status activated does not return to "
    "it. Sizes are those of the latest status. They are true at its time only, so they do not show "
    "the progress of a TWAP that is still running. The planned end is the end that was requested; "
    "the actual end is the time of a status other than activated."
)


async def rebuild(
    connection: Connection, keys: Sequence[TwapKey], *, schema: str = "metrics"
) -> int:
    """Compute these rows again from the facts, in the caller's transaction; how many there are."""
    bound = {**bind(keys), "definition": DEFINITION}
    await connection.execute(in_schema(QUERIES["delete_twaps"], schema), bound)
    inserted = await connection.execute(in_schema(QUERIES["insert_twaps"], schema), bound)
    return inserted.rowcount


METRIC = Metric(
    name="twaps",
    reads=("facts.twap_status",),
    key=("twap_id", "wallet"),
    definition=DEFINITION,
    words=WORDS,
    queries=QUERIES,
    statement="insert_twaps",
    module=__name__,
    walk=TWAPS,
    rebuild=of_batches(rebuild),
)
