"""Slices: the orders that a wallet's TWAP was executed by, from its fills."""

from collections.abc import Sequence

from hypertally.metrics.metric import Metric
from hypertally.metrics.twaps.twap_walk import TWAPS, bind, insert_for_audiences, of_batches
from hypertally.records import TwapKey
from hypertally.store.postgres import Connection, in_schema
from hypertally.store.queries import load

QUERIES = load(__file__)
DEFINITION = "twap_slices/1"
WORDS = (
    "A slice of a TWAP is the fills of one of its orders at one time: fills that carry the "
    "TWAP's number, or that the exchange listed as its slices. A fill that an archive holds too "
    "counts once, as the exchange gave it. Orgs that do not track the wallet have the slices "
    "that the archive alone gives. Size and notional are the sums of a slice's fills. Fees are "
    "signed (a rebate is negative), in the token they were charged in. In US dollars, USDC "
    "counts as 1, a fee in the base token of its pair is converted at the fill's own price, and "
    "another token at the stored opening price of its hour. If a price is missing, the USD "
    "figure is null."
)


async def rebuild(
    connection: Connection, keys: Sequence[TwapKey], *, schema: str = "metrics"
) -> int:
    """Compute the slices of these TWAPs again, in the caller's transaction; how many there are."""
    bound = {**bind(keys), "definition": DEFINITION}
    await connection.execute(in_schema(QUERIES["delete_twap_slices"], schema), bound)
    return await insert_for_audiences(
        connection, QUERIES["insert_twap_slices"], bound, schema=schema
    )


METRIC = Metric(
    name="twap_slices",
    reads=(
        "facts.hl_fills_raw",
        "facts.twap_slices",
        "facts.archived_fills",
        "facts.spot_pairs",
        "facts.perp_dexs",
        "facts.token_prices",
    ),
    key=("wallet_id", "twap_id", "at", "oid"),
    audience="audience",
    definition=DEFINITION,
    words=WORDS,
    queries=QUERIES,
    statement="insert_twap_slices",
    module=__name__,
    walk=TWAPS,
    rebuild=of_batches(rebuild),
)
