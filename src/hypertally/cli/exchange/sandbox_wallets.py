"""The wallets of the made-up exchange, tracked by the first org and called by their names."""

import msgspec

from hypertally.cli import runtime
from hypertally.cli.wallets import track
from hypertally.clock import system_clock
from hypertally.records import Record
from hypertally.tenancy import labels
from hypertally.tenancy.orgs import find_org

ORG = "default"


class SandboxWallet(Record, frozen=True, kw_only=True):
    """A wallet that the made-up exchange lists."""

    address: str
    name: str | None = None


async def track_listed(url: str, listed: bytes) -> None:
    """Track the wallets of a list, and give those a label that have a name and no label yet."""
    wallets = msgspec.json.decode(listed, type=list[SandboxWallet])
    await track(url, [wallet.address for wallet in wallets], org=ORG)
    named = [(wallet.address, wallet.name) for wallet in wallets if wallet.name]
    if not named:
        return
    async with runtime.tenancy_transaction(url) as connection:
        org_id = await find_org(connection, ORG)
        for address, name in named:
            if await labels.find_label(connection, address, org_id=org_id) is None:
                await labels.put_label(
                    connection, address, org_id=org_id, label=name, at=system_clock()
                )
