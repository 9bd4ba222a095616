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
    "The latest state of a TWAP order of a wallet is its latest status: by the time it was taken "
    "(where the source does not say, the time the TWAP began), then by the size executed, then in "
    "the order received; a TWAP that has left activated does not go back to it. Sizes are as that "
    "status says: they are true at its time only, so they are not the progress of one that runs. "
    "It ends when it was asked to; when it ended is the time of a status other than activated."
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
