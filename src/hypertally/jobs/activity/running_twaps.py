"""Running TWAPs: when a slice of one is stored, its wallet's TWAPs are asked about soon."""

from hypertally.jobs.activity.kinds import INGEST_TWAPS
from hypertally.jobs.runtime.kinds import WalletPayload, enqueue
from hypertally.store.postgres import Connection

RUNNING_TWAP_SECONDS, RUNNING_TWAP_PRIORITY = 60, 20


async def hurry_twaps(connection: Connection, wallet_id: int) -> None:
    """Queue the pull of a wallet's TWAPs as if a TWAP ran: a slice of one was stored.

    Not in the commit of the slice: its marks hold the job that the pull of TWAPs waits for.
    """
    await enqueue(
        connection,
        INGEST_TWAPS,
        WalletPayload(wallet_id=wallet_id),
        priority=RUNNING_TWAP_PRIORITY,
        delay_seconds=RUNNING_TWAP_SECONDS,
    )
