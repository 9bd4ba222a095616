"""When an org starts or stops tracking wallets: pull what is new, recompute what counts."""

from collections.abc import Sequence

from hypertally.jobs.activity.rollup import enqueue_global
from hypertally.jobs.periodic import enqueue_ingest, start_twaps
from hypertally.store.postgres import open_pool, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)
WALLETS_A_TRANSACTION = 1000


async def membership_changed(url: str, wallet_ids: Sequence[int], *, pull: bool) -> None:
    """Have the orgs' days recomputed, and the wallets pulled if they are new to an org."""
    async with open_pool(url, role="hypertally_worker", size=1) as pool:
        for at in range(0, len(wallet_ids), WALLETS_A_TRANSACTION):
            part = list(wallet_ids[at : at + WALLETS_A_TRANSACTION])
            async with transaction(pool) as connection:
                await connection.execute(QUERIES["mark_global_days"].text, {"wallet_ids": part})
                await enqueue_global(connection)
                for wallet_id in part if pull else ():
                    await enqueue_ingest(connection, wallet_id, last_ms=None, first=True)
                    await start_twaps(connection, wallet_id)
