"""Membership: what follows when an org starts or stops tracking wallets."""

from collections.abc import Sequence

from hypertally.jobs.activity.rollup import enqueue_global
from hypertally.jobs.periodic import start_pull, start_twaps
from hypertally.store.postgres import open_pool, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)
WALLETS_A_TRANSACTION = 1000


async def membership_changed(url: str, wallet_ids: Sequence[int], *, pull: bool) -> None:
    """Queue the rollup of the orgs' days and, if the wallets are new to an org, their pulls."""
    async with open_pool(url, role="hypertally_worker", size=1) as pool:
        for first in range(0, len(wallet_ids), WALLETS_A_TRANSACTION):
            part = list(wallet_ids[first : first + WALLETS_A_TRANSACTION])
            async with transaction(pool) as connection:
                await connection.execute(QUERIES["mark_global_days"].text, {"wallet_ids": part})
                await enqueue_global(connection)
                for wallet_id in part if pull else ():
                    await start_pull(connection, wallet_id)
                    await start_twaps(connection, wallet_id)
