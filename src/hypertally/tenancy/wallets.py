"""Wallets of orgs: each counts in dated intervals; facts stay when a wallet is removed.

An interval holds the days from `from_day` (None: the whole history) up to and without `to_day`
(None: still open). The intervals of a wallet and an org never overlap. Adding a wallet never takes
away a day that counts already: published figures rest on that day.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from hypertally.records import Record
from hypertally.store.postgres import Connection, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)


class WalletInterval(Record, frozen=True, kw_only=True):
    """One interval of a wallet."""

    wallet: str
    label: str | None  # what the org calls it; None: it has no label
    tags: list[str]
    groups: list[str]
    note: str | None
    from_day: date | None
    to_day: date | None


class OpenInterval(Record, frozen=True, kw_only=True):
    """The interval of a wallet that has no end yet."""

    wallet_id: int
    wallet: str
    from_day: date | None
    counting: bool  # the interval began: figures of the org may rest on its days


class Addition(Record, frozen=True, kw_only=True):
    """What adding wallets changed."""

    added: list[int]
    moved: list[int]  # tracked before, with another first day
    kept: list[OpenInterval]  # their days count already, and a later first day would drop them
    same: int  # tracked before, and nothing to change

    @property
    def changed(self) -> list[int]:
        """The wallets whose days are to be computed again."""
        return [*self.added, *self.moved]


class Member(Record, frozen=True, kw_only=True):
    """A wallet that an org tracks or has tracked."""

    wallet_id: int
    wallet: str
    label: str | None
    is_shared: bool  # another org tracks it or has tracked it


class _WalletId(Record, frozen=True, kw_only=True):
    wallet_id: int


class _Address(Record, frozen=True, kw_only=True):
    wallet: str


class _Start(Record, frozen=True, kw_only=True):
    wallet_id: int
    from_day: date | None


async def add(
    connection: Connection, addresses: Sequence[str], *, org_id: int, from_day: date | None
) -> Addition:
    """Count wallets for an org from a day on (None: their whole history, if they are new).

    A wallet that counts from a later day counts from this day instead. One that counts from an
    earlier day keeps it, unless that day is still to come.
    """
    await give_ids(connection, addresses)
    bound = _bind(addresses, org_id)
    await connection.execute(QUERIES["lock_org_wallets"].text, bound)
    tracked = await read_rows(connection, QUERIES["list_open_intervals"], bound, shape=OpenInterval)
    new = await read_rows(
        connection, QUERIES["insert_org_wallets"], {**bound, "from_day": from_day}, shape=_WalletId
    )
    added = [row.wallet_id for row in new]
    if from_day is None:
        return Addition(added=added, moved=[], kept=[], same=len(tracked))
    other = [interval for interval in tracked if interval.from_day != from_day]
    kept = [row for row in other if row.counting and _is_before(row.from_day, from_day)]
    moved = [row.wallet_id for row in other if row not in kept]
    await _start_at(connection, [*added, *moved], org_id=org_id, from_day=from_day)
    return Addition(added=added, moved=moved, kept=kept, same=len(tracked) - len(other))


def _is_before(first_day: date | None, day: date) -> bool:
    return first_day is None or first_day < day


async def _start_at(
    connection: Connection, wallet_ids: Sequence[int], *, org_id: int, from_day: date
) -> None:
    """Begin the open intervals on a day; closed intervals that overlap then become part of them."""
    bound = {"wallet_ids": list(wallet_ids), "org_id": org_id, "from_day": from_day}
    merged = await read_rows(connection, QUERIES["delete_overlapped"], bound, shape=_Start)
    await connection.execute(QUERIES["move_starts"].text, bound)
    await connection.execute(
        QUERIES["keep_earlier_starts"].text,
        {
            "org_id": org_id,
            "wallet_ids": [row.wallet_id for row in merged],
            "from_days": [row.from_day for row in merged],
        },
    )


async def give_ids(connection: Connection, addresses: Sequence[str]) -> None:
    """Give each address its id, once; the wallet is not tracked by that alone."""
    await connection.execute(
        QUERIES["insert_wallets"].text, {"addresses": _decode_addresses(addresses)}
    )


async def find_known(connection: Connection, addresses: Sequence[str]) -> set[str]:
    """Those of these addresses that have an id, whoever tracks them or once did."""
    bound = {"addresses": _decode_addresses(addresses)}
    rows = await read_rows(connection, QUERIES["list_known"], bound, shape=_Address)
    return {row.wallet for row in rows}


async def remove(connection: Connection, addresses: Sequence[str], *, org_id: int) -> list[int]:
    """Stop tracking wallets today; their earlier days go on counting. The ids of those removed."""
    bound = _bind(addresses, org_id)
    await connection.execute(QUERIES["lock_org_wallets"].text, bound)
    deleted = await read_rows(connection, QUERIES["delete_empty"], bound, shape=_WalletId)
    closed = await read_rows(connection, QUERIES["close_intervals"], bound, shape=_WalletId)
    return [row.wallet_id for row in (*deleted, *closed)]


async def forget(connection: Connection, wallet_ids: Sequence[int], *, org_id: int) -> None:
    """Take wallets out of the past of an org, with all that it calls them."""
    bound = {"wallet_ids": list(wallet_ids), "org_id": org_id}
    for name in ("intervals", "labels", "tags", "groups", "notes"):
        await connection.execute(QUERIES[f"forget_{name}"].text, bound)


async def find_members(
    connection: Connection, addresses: Sequence[str], *, org_id: int
) -> list[Member]:
    """Those of these wallets that an org tracks or has tracked; nobody changes them meanwhile."""
    bound = _bind(addresses, org_id)
    await connection.execute(QUERIES["lock_org_wallets"].text, bound)
    return await read_rows(connection, QUERIES["list_members"], bound, shape=Member)


async def list_wallets(connection: Connection, *, org_id: int) -> list[WalletInterval]:
    """The wallets of an org with their intervals."""
    return await read_rows(
        connection, QUERIES["list_wallets"], {"org_id": org_id}, shape=WalletInterval
    )


def _bind(addresses: Sequence[str], org_id: int) -> Mapping[str, object]:
    return {"addresses": _decode_addresses(addresses), "org_id": org_id}


def _decode_addresses(addresses: Sequence[str]) -> list[bytes]:
    return [bytes.fromhex(address.removeprefix("0x")) for address in addresses]
