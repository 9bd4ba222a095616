"""Membership: what follows when an org starts or stops tracking wallets."""

from collections.abc import Sequence
from datetime import date

from hypertally.jobs.activity.rollup import enqueue_global
from hypertally.jobs.wallet_pulls import start_pull, start_twaps
from hypertally.store.postgres import Connection, Pool, transaction
from hypertally.store.queries import load
from hypertally.tenancy import wallets
from hypertally.tenancy.orgs import find_org
from hypertally.tenancy.wallets import Addition

QUERIES = load(__file__)
WALLETS_A_TRANSACTION = 1000


async def track(
    pool: Pool, addresses: Sequence[str], *, org: str, from_day: date | None = None
) -> Addition:
    """Track wallets for an org, have the org's days computed again, and pull the wallets.

    The intervals and the marks of the days that they change are one commit: a kill leaves both or
    none. A wallet whose pull was not queued yet is found by housekeeping.
    """
    async with transaction(pool) as connection:
        org_id = await find_org(connection, org)
        addition = await wallets.add(connection, addresses, org_id=org_id, from_day=from_day)
        await _mark_days(connection, addition.changed)
    await _start_pulls(pool, addition.changed)
    return addition


async def untrack(pool: Pool, addresses: Sequence[str], *, org: str) -> int:
    """Stop tracking wallets for an org from today on; how many were tracked."""
    async with transaction(pool) as connection:
        org_id = await find_org(connection, org)
        removed = await wallets.remove(connection, addresses, org_id=org_id)
        await _mark_days(connection, removed)
    return len(removed)


async def _mark_days(connection: Connection, wallet_ids: Sequence[int]) -> None:
    if wallet_ids:
        bound = {"wallet_ids": list(wallet_ids)}
        await connection.execute(QUERIES["mark_global_days"].text, bound)
        await enqueue_global(connection)


async def _start_pulls(pool: Pool, wallet_ids: Sequence[int]) -> None:
    for first in range(0, len(wallet_ids), WALLETS_A_TRANSACTION):
        async with transaction(pool) as connection:
            for wallet_id in wallet_ids[first : first + WALLETS_A_TRANSACTION]:
                await start_pull(connection, wallet_id)
                await start_twaps(connection, wallet_id)
