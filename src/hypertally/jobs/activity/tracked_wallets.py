"""The wallets that some org tracks today: no other wallet's record goes on."""

from collections.abc import Sequence

from hypertally.errors import Refused
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.kinds import Kind, WalletPayload
from hypertally.jobs.runtime.queue import Job
from hypertally.records import Wallet
from hypertally.store.postgres import Pool, find_row, read_rows, transaction
from hypertally.store.queries import load

QUERIES = load(__file__)


async def find_tracked(pool: Pool, kind: Kind[WalletPayload], job: Job) -> Wallet | None:
    """The wallet of a job; None, with the job done, when no org tracks the wallet any more."""
    parameters = {"wallet_id": kind.read_payload(job).wallet_id}
    async with transaction(pool) as connection:
        wallet = await find_row(
            connection, QUERIES["read_tracked_wallet"], parameters, shape=Wallet
        )
    if wallet is None:
        async with queue.finishing(pool, job):
            return None
    return wallet


async def list_tracked(pool: Pool, addresses: Sequence[str] | None) -> list[Wallet]:
    """The tracked wallets of these addresses, None: all.

    Errors: `Refused` that names an address that no org tracks.
    """
    async with transaction(pool) as connection:
        wallets = await read_rows(
            connection, QUERIES["list_tracked_wallets"], {"addresses": addresses}, shape=Wallet
        )
    if missing := set(addresses or ()) - {wallet.address for wallet in wallets}:
        raise Refused(
            f"{min(missing)} is not tracked: `hypertally wallets add {min(missing)}` tracks it"
        )
    return wallets
