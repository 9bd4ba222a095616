"""Wallet days: the figures of one wallet on one UTC day, from its fills."""

from collections.abc import Sequence
from datetime import date
from functools import cache

from hypertally.metrics.activity import day_states
from hypertally.metrics.activity.wallet_walk import WALLETS
from hypertally.metrics.metric import Metric, Scope
from hypertally.records import WalletDay
from hypertally.store.postgres import Connection, in_schema
from hypertally.store.queries import load

QUERIES = load(__file__)
DAYS_A_STATEMENT = 512  # keeps a transaction and what it holds in memory small
FEW_DAYS = 16  # up to here one plan for any days is as good as one made for these
DEFINITION = "wallet_day_metrics/3"
WORDS = (
    "All fills of the wallet whose own time lies in the UTC day; each leg, one side of a trade, "
    "counts once. Volume is price times size in the quote token, by kind of market: spot (@n and "
    "PURR/USDC), perp, HIP-3 perp (dex:coin, included in perp), outcome (#n). Fills of an unknown "
    "direction, or of a coin of an unknown kind, are of kind other. Settlement, dust conversion, "
    "netting and legs of size 0 are events without volume. A taker fill crossed the book, a maker "
    "fill rested in it. Gross realised PnL is the sum of closedPnl of perps, before fees. Fees "
    "are signed (a rebate is negative) and include builder fees. USDC is the unit of account and "
    "counts as 1. Another token is converted at the stored opening price of its hour, but a fee "
    "in the base token of its pair at the fill's own price. If a price is missing, the USD figure "
    "is null and the amount in the token itself is given beside it, with the known part and the "
    "bounds that follow from it. Completeness is the share of the day that answers cover and that "
    "lies outside known gaps, times the share of its rows that could be read and came with one "
    "content; it is below 1 until a second reading, an hour or more after the first, brought "
    "nothing new, and until the exchange stated the positions of each dex after its last fill."
)


async def rebuild(
    connection: Connection, keys: Sequence[WalletDay], *, schema: str = "metrics"
) -> int:
    """Compute these rows again from the facts, in the caller's transaction; how many there are.

    A day whose row was published, closed to its end, and now differs leaves a restatement.
    """
    bound = {
        "wallet_ids": [key.wallet_id for key in keys],
        "days": [key.day for key in keys],
        "definition": DEFINITION,
    }
    async with connection.pipeline():  # all of it in one way there and back
        await day_states.compute(connection, day_states.KEYS, bound, schema=schema)
        if len(keys) <= FEW_DAYS:
            await connection.execute(QUERIES["keep_plan"].text)
        written = await connection.execute(
            _in_schema("insert_wallet_days", schema), bound, prepare=True
        )
        if len(keys) <= FEW_DAYS:
            await connection.execute(QUERIES["leave_plan"].text)
        if schema == "metrics":
            await connection.execute(QUERIES["keep_computed_at"].text, bound)
    row = await written.fetchone()
    assert row is not None  # a count answers one row
    return row["rows"]


@cache
def _in_schema(name: str, schema: str) -> bytes:
    # Putting the long text together takes longer than sending it.
    return in_schema(QUERIES[name], schema).as_bytes()


async def list_keys(
    connection: Connection, wallet_id: int, *, from_day: date, to_day: date
) -> list[WalletDay]:
    """Every day of a wallet that has, or should have, a row."""
    cursor = await connection.execute(
        QUERIES["list_wallet_days"].text,
        {"wallet_id": wallet_id, "from_day": from_day, "to_day": to_day},
    )
    return [WalletDay(**row) for row in await cursor.fetchall()]


async def rebuild_unit(connection: Connection, wallet_id: int, scope: Scope) -> int:
    """Compute the days of a wallet again, those the scope asks for; how many rows."""
    keys = await list_keys(connection, wallet_id, from_day=scope.days.first, to_day=scope.days.last)
    return sum(
        [
            await rebuild(connection, keys[at : at + DAYS_A_STATEMENT], schema=scope.schema)
            for at in range(0, len(keys), DAYS_A_STATEMENT)
        ]
    )


METRIC = Metric(
    name="wallet_day_metrics",
    reads=(
        "facts.hl_fills_raw",
        "facts.spot_pairs",
        "facts.perp_dexs",
        "facts.token_prices",
        "facts.pages",
        "facts.reject_windows",
        "facts.conflicts",
        "facts.account_positions",
        "metrics.fill_gaps",
    ),
    key=("wallet_id", "day"),
    definition=DEFINITION,
    words=WORDS,
    queries=QUERIES | day_states.QUERIES,
    statement="insert_wallet_days",
    module=__name__,
    walk=WALLETS,
    rebuild=rebuild_unit,
)
