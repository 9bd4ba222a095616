"""One kind of job never holds every computing place of a worker."""

import asyncio
from typing import Any

from tests.db.runtime.offline import offline

from hypertally.jobs.activity.kinds import ROLLUP_WALLET_DAY
from hypertally.jobs.activity.rollup import enqueue_global
from hypertally.jobs.runtime.kinds import WalletPayload, enqueue
from hypertally.jobs.runtime.lanes import COMPUTING_PLACES
from hypertally.jobs.worker import Options, Worker
from hypertally.store.postgres import Pool, open_pool, transaction

SECONDS_MAX = 20
WALLETS = range(1, COMPUTING_PLACES + 3)
# What a rollup of a wallet takes first: while this is held, such a rollup does not go on.
HELD = "select pg_advisory_xact_lock(hashtext('rollup_wallet_day'), %s)"


async def rows(pool: Pool) -> list[dict[str, Any]]:
    async with transaction(pool) as connection:
        cursor = await connection.execute("select kind, status from ops.jobs order by id")
        return await cursor.fetchall()


async def statuses(pool: Pool, kind: str) -> list[str]:
    return [row["status"] for row in await rows(pool) if row["kind"] == kind]


async def test_jobs_of_one_kind_leave_a_place_to_another_kind(database_url: str) -> None:
    async with open_pool(database_url, role="hypertally_worker", size=12) as pool:
        async with transaction(pool) as connection:
            for wallet_id in WALLETS:
                await enqueue(connection, ROLLUP_WALLET_DAY, WalletPayload(wallet_id=wallet_id))
        async with transaction(pool) as connection:  # later, so it is claimed after them
            await enqueue_global(connection)
        running = Worker(offline(pool), Options())
        async with transaction(pool) as held:
            for wallet_id in WALLETS:
                await held.execute(HELD, (wallet_id,))
            task = asyncio.create_task(running.run())
            async with asyncio.timeout(SECONDS_MAX):
                while await statuses(pool, "rollup_global_day") != ["done"]:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            assert sorted(await statuses(pool, "rollup_wallet_day")).count("running") == (
                COMPUTING_PLACES - 1
            )
        async with asyncio.timeout(SECONDS_MAX):
            while set(await statuses(pool, "rollup_wallet_day")) != {"done"}:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            running.stop()
            await task
