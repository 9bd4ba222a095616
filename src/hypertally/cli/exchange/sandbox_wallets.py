"""The wallets of the made-up exchange, tracked by the first org and called by their names."""

import msgspec

from hypertally.cli import database
from hypertally.clock import system_clock
from hypertally.jobs import membership
from hypertally.records import Record
from hypertally.store.postgres import transaction
from hypertally.tenancy import wallets
from hypertally.tenancy.wallet_files import FileWallet

ORG = "default"


class SandboxWallet(Record, frozen=True, kw_only=True):
    """A wallet that the made-up exchange lists."""

    address: str
    name: str | None = None


async def track_listed(url: str, listed: bytes) -> None:
    """Track and name the wallets of a list that these books have never known.

    One that was removed or forgotten stays so, and a label that was taken away is not given back.
    """
    exchange_wallets = msgspec.json.decode(listed, type=list[SandboxWallet])
    addresses = [wallet.address for wallet in exchange_wallets]
    async with database.worker_pool(url) as pool:
        async with transaction(pool) as connection:
            of_before = await wallets.find_known(connection, addresses)
        new = [
            FileWallet(address=wallet.address, label=wallet.name)
            for wallet in exchange_wallets
            if wallet.address not in of_before
        ]
        await membership.import_wallets(pool, new, org=ORG, at=system_clock())
