"""The walk over wallets: each wallet's gaps and days are computed together."""

from hypertally.metrics.metric import Days, Walk, all_at_once
from hypertally.store.postgres import Connection
from hypertally.store.queries import load

QUERIES = load(__file__)


async def _list_wallets(connection: Connection, _: Days) -> list[int]:
    cursor = await connection.execute(QUERIES["list_wallets"].text)
    return [row["id"] for row in await cursor.fetchall()]


WALLETS = Walk(
    list_units=all_at_once(_list_wallets),
    lock=QUERIES["lock_wallet"],
    waiting=QUERIES["list_waiting"],
    waiting_key=("wallet_id",),
)
