"""Membership: what follows when an org starts or stops tracking wallets."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime

from hypertally.jobs.activity.rollup import enqueue_global, hold_global
from hypertally.jobs.wallet_pulls import start_pull, start_twaps
from hypertally.records import Record
from hypertally.store.postgres import Connection, Pool, read_row, transaction
from hypertally.store.queries import load
from hypertally.tenancy import wallets
from hypertally.tenancy.orgs import find_org
from hypertally.tenancy.wallet_files import FileWallet, store_names
from hypertally.tenancy.wallets import Addition, Member

QUERIES = load(__file__)
WALLETS_A_TRANSACTION = 1000


class Imported(Record, frozen=True, kw_only=True):
    """What a file of wallets changed."""

    addition: Addition
    renamed: int  # wallets that the org calls something else than before


class _Marked(Record, frozen=True, kw_only=True):
    days: int


class _NothingKept(Exception):
    """What was tried is rolled back."""


async def track(
    pool: Pool, addresses: Sequence[str], *, org: str, from_day: date | None = None
) -> Addition:
    """Track wallets for an org, have the org's days computed again, and pull the wallets.

    The intervals and the marks of the days that they change are one commit: a kill leaves both or
    none. A wallet whose pull was not queued yet is found by housekeeping.
    """
    async with transaction(pool) as connection:
        org_id = await find_org(connection, org)
        addition = await _add(connection, addresses, org_id=org_id, from_day=from_day)
    await _start_pulls(pool, addition.changed)
    return addition


async def import_wallets(
    pool: Pool,
    listed: Sequence[FileWallet],
    *,
    org: str,
    from_day: date | None = None,
    at: datetime,
) -> Imported:
    """Track the wallets of a file as `track` does and call them what it says, in one commit."""
    async with transaction(pool) as connection:
        imported = await _import(connection, listed, org=org, from_day=from_day, at=at)
    await _start_pulls(pool, imported.addition.changed)
    return imported


async def try_import(
    pool: Pool,
    listed: Sequence[FileWallet],
    *,
    org: str,
    from_day: date | None = None,
    at: datetime,
) -> Imported:
    """What `import_wallets` would change; nothing is written."""
    imported: Imported | None = None
    with suppress(_NothingKept):
        async with transaction(pool) as connection:
            imported = await _import(connection, listed, org=org, from_day=from_day, at=at)
            raise _NothingKept
    assert imported is not None, "only then is the transaction ended"
    return imported


async def _import(
    connection: Connection,
    listed: Sequence[FileWallet],
    *,
    org: str,
    from_day: date | None,
    at: datetime,
) -> Imported:
    org_id = await find_org(connection, org)
    addresses = [wallet.address for wallet in listed]
    addition = await _add(connection, addresses, org_id=org_id, from_day=from_day)
    renamed = await store_names(connection, listed, org_id=org_id, at=at)
    return Imported(addition=addition, renamed=renamed)


async def _add(
    connection: Connection, addresses: Sequence[str], *, org_id: int, from_day: date | None
) -> Addition:
    addition = await wallets.add(connection, addresses, org_id=org_id, from_day=from_day)
    await _mark_days(connection, addition.changed)
    return addition


async def untrack(pool: Pool, addresses: Sequence[str], *, org: str) -> int:
    """Stop tracking wallets for an org from today on; how many were tracked."""
    async with transaction(pool) as connection:
        org_id = await find_org(connection, org)
        removed = await wallets.remove(connection, addresses, org_id=org_id)
        await _mark_days(connection, removed)
    return len(removed)


class Forgotten(Record, frozen=True, kw_only=True):
    """What is taken out of an org's books."""

    wallets: list[Member]
    not_members: list[str]  # addresses that the org never tracked
    days: int  # days of the org that are computed again


async def forget(pool: Pool, addresses: Sequence[str], *, org: str) -> Forgotten:
    """Take wallets out of an org's books as if they had never been in them.

    Membership, names and the marks of the org's days are one commit: a kill leaves all or none.
    Facts stay. They count for other orgs, and for nobody if no other org tracks the wallet.
    """
    async with transaction(pool) as connection:
        return await _forget(connection, addresses, org=org)


async def try_forget(pool: Pool, addresses: Sequence[str], *, org: str) -> Forgotten:
    """What `forget` would take away; nothing is written."""
    forgotten: Forgotten | None = None
    with suppress(_NothingKept):
        async with transaction(pool) as connection:
            forgotten = await _forget(connection, addresses, org=org)
            raise _NothingKept
    assert forgotten is not None, "only then is the transaction ended"
    return forgotten


async def _forget(connection: Connection, addresses: Sequence[str], *, org: str) -> Forgotten:
    org_id = await find_org(connection, org)
    members = await wallets.find_members(connection, addresses, org_id=org_id)
    wallet_ids = [member.wallet_id for member in members]
    bound = {"org_id": org_id, "wallet_ids": wallet_ids}
    # A rollup that began before counts these wallets: its days must be seen and marked too, or they
    # would change later as if others had left.
    await hold_global(connection)
    # Before the intervals go: they say which days these are.
    days = await read_row(connection, QUERIES["mark_forgotten_days"], bound, shape=_Marked)
    await wallets.forget(connection, wallet_ids, org_id=org_id)
    await enqueue_global(connection)
    tracked = {member.wallet for member in members}
    return Forgotten(
        wallets=members,
        not_members=[address for address in addresses if address not in tracked],
        days=days.days,
    )


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
