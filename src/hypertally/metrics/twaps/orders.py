"""TWAPs: the latest state of each TWAP order, from its statuses."""

from collections.abc import Sequence

from hypertally.metrics.metric import Metric
from hypertally.metrics.twaps.twap_walk import TWAPS, bind, insert_for_audiences, of_batches
from hypertally.records import TwapKey
from hypertally.store.postgres import Connection, in_schema
from hypertally.store.queries import load

QUERIES = load(__file__)
DEFINITION = "twaps/2"
WORDS = (
    "The latest state of a wallet's TWAP order is its latest status. Statuses are ordered by the "
    "time they were taken (if the source does not give it, the time the TWAP began), then by "
    "executed size, then as received. A final status (finished, terminated, error) is never "
    "followed by another state; words are compared without quotes and capitals, and with an "
    "unknown word it is not known whether the TWAP runs. If an object of the TWAP source is read "
    "again with other content, what it says now of a TWAP's end, or of its run, replaces what it "
    "said before; two final statuses that then still disagree are a conflict. A status with a "
    "duration over 7 days, or a start over a day ahead, counts for nothing. Sizes are those of "
    "the latest status. They are true at its time only, so they do not show the progress of a "
    "TWAP that is still running. The planned end is the end that was requested; the actual end "
    "is the time of the final status. A TWAP that is known by its slices alone began with the "
    "first of them; its status, duration and requested size are unknown. A status that the "
    "exchange was asked for is used only for orgs that track the wallet; for the others the "
    "state follows from what is public."
)


async def rebuild(
    connection: Connection, keys: Sequence[TwapKey], *, schema: str = "metrics"
) -> int:
    """Compute these rows again, after `twap_slices`, in the caller's transaction; how many.

    A TWAP that had ended and whose totals now differ leaves a restatement.
    """
    bound = {**bind(keys), "definition": DEFINITION}
    await connection.execute(QUERIES["temp_table"].text)
    await connection.execute(in_schema(QUERIES["delete_twaps"], schema), bound)
    rows = await insert_for_audiences(connection, QUERIES["insert_twaps"], bound, schema=schema)
    if schema == "metrics":
        await connection.execute(in_schema(QUERIES["insert_restatements"], schema))
    return rows


METRIC = Metric(
    name="twaps",
    reads=(
        "facts.twap_status",
        "facts.twap_status_repeats",
        "facts.pages",
        "metrics.twap_slices",
    ),
    key=("twap_id", "wallet"),
    audience="audience",
    definition=DEFINITION,
    words=WORDS,
    queries=QUERIES,
    statement="insert_twaps",
    module=__name__,
    walk=TWAPS,
    rebuild=of_batches(rebuild),
)
