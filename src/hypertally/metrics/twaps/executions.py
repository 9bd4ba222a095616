"""Executions: how a wallet's TWAP was carried out, from its slices, status and candles."""

from collections.abc import Sequence

from hypertally.metrics.metric import Metric
from hypertally.metrics.twaps.twap_walk import TWAPS, bind, insert_for_audiences, of_batches
from hypertally.records import TwapKey
from hypertally.store.postgres import Connection, in_schema
from hypertally.store.queries import load

QUERIES = load(__file__)
DEFINITION = "twap_executions/2"
WORDS = (
    "Executed size, notional and fees of a TWAP are the sums of its slices, never the cumulative "
    "totals of a status. A TWAP has a row once a slice is known, or once the exchange was asked "
    "for slices after the TWAP began: only then is it a fact that nothing was executed. Slices "
    "that an archive alone holds are all there were only if their size and notional are exactly "
    "those of the last status of a TWAP that has ended; else they are what is known at least, "
    "and completeness is below 1. For orgs that do not track the wallet the execution follows "
    "from what is public. Two slices a minute are expected over the whole duration. The residual "
    "is the sum of the slices less the total in the last status; it is known once the TWAP has "
    "ended. Completeness is 1 if there is no residual in size, else the share of the executed "
    "size that the slices hold. The arrival price is the mark when the TWAP began, and its "
    "source is named: the stored mid price of that minute; else the opening price of its candle "
    "of 1, of 5 or of 15 minutes; else the price of its own first slice, if all of its slices "
    "are known. Market volume and notional cover all trades in the minutes from its beginning to "
    "its end, each minute at its typical price, (high + low + close) / 3. A figure that cannot "
    "be known is null, with the reason beside it."
)


async def rebuild(
    connection: Connection, keys: Sequence[TwapKey], *, schema: str = "metrics"
) -> int:
    """Compute these rows again, after `twaps` and `twap_slices`; how many there are.

    A TWAP that had ended, whole, and whose execution now differs leaves a restatement.
    """
    bound = {**bind(keys), "definition": DEFINITION}
    await connection.execute(QUERIES["temp_table"].text)
    await connection.execute(in_schema(QUERIES["delete_twap_executions"], schema), bound)
    rows = await insert_for_audiences(
        connection, QUERIES["insert_twap_executions"], bound, schema=schema
    )
    if schema == "metrics":
        await connection.execute(in_schema(QUERIES["insert_restatements"], schema))
        await connection.execute(QUERIES["keep_computed_at"].text, bound)
    return rows


METRIC = Metric(
    name="twap_executions",
    reads=(
        "metrics.twaps",
        "metrics.twap_slices",
        "facts.candles",
        "facts.mids",
        "facts.pages",
    ),
    key=("wallet_id", "twap_id"),
    audience="audience",
    definition=DEFINITION,
    words=WORDS,
    queries=QUERIES,
    statement="insert_twap_executions",
    module=__name__,
    walk=TWAPS,
    rebuild=of_batches(rebuild),
)
