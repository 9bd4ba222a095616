"""Ends of periods, from stored snapshots: what the watched wallets held at a time."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from hypertally.metrics.smart_money.formulas.v3.period_ends import (
    MINUTE,
    EndSize,
    LastSightings,
    resolve_end,
)
from hypertally.metrics.smart_money.formulas.v3.thresholds import HOLDER_SEEN_WITHIN, WINDOWS
from hypertally.records import ASSETS, Record, Wallet
from hypertally.store.postgres import Connection, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)
LONGEST = max(WINDOWS.values())


class Universe(Record, frozen=True, kw_only=True):
    """The wallets known to be watched at a time."""

    run_id: int
    wallets: Mapping[int, Wallet]  # by id


class SightingRow(Record, frozen=True, kw_only=True):
    """The newest snapshots of a wallet in an asset, at an end."""

    asset: str
    wallet_id: int
    at_end: Decimal | None
    minute_before: Decimal | None
    earlier: Decimal | None
    end_fingerprint: int | None
    before_fingerprint: int | None


class SeenSize(Record, frozen=True, kw_only=True):
    """What a wallet held at an end, with the snapshot that says so."""

    size: Decimal  # coin, signed
    age: timedelta
    minute: datetime
    fingerprint: int


class DirtySnapshot(Record, frozen=True, kw_only=True):
    """Names a snapshot that is known to be wrong."""

    minute: datetime
    asset: str
    wallet_id: int


class _MemberRow(Record, frozen=True, kw_only=True):
    at: datetime
    run_id: int
    wallet_id: int
    wallet: str


End = Mapping[tuple[str, int], SeenSize]  # (asset, wallet id) -> what was seen


class PeriodEnds:
    """The ends of successive periods: each is read once while periods are computed in order."""

    def __init__(self) -> None:
        self._ends: dict[tuple[int, datetime], End] = {}

    async def read(self, connection: Connection, universe: Universe, at: datetime) -> End:
        """What the wallets of a universe held at a time, as it was known then."""
        key = (universe.run_id, at)
        if key not in self._ends:
            self._ends[key] = await _read_end(connection, universe, at)
        return self._ends[key]

    def forget_before(self, at: datetime) -> None:
        """Let go of the ends that no period from this time on begins with."""
        self._ends = {key: end for key, end in self._ends.items() if key[1] >= at - LONGEST}


async def read_universes(
    connection: Connection, times: Sequence[datetime]
) -> dict[datetime, Universe]:
    """The universe known at each time; a time before the first one is left out."""
    rows = await read_rows(
        connection, QUERIES["list_universes"], {"times": list(times)}, shape=_MemberRow
    )
    members: dict[tuple[datetime, int], dict[int, Wallet]] = {}
    for row in rows:
        wallets = members.setdefault((row.at, row.run_id), {})
        wallets[row.wallet_id] = Wallet(id=row.wallet_id, address=row.wallet)
    return {
        at: Universe(run_id=run_id, wallets=wallets) for (at, run_id), wallets in members.items()
    }


async def read_dirty(
    connection: Connection, minutes: set[datetime], at: datetime
) -> set[tuple[datetime, str, int]]:
    """The snapshots of these minutes that were known at a time to be wrong."""
    bound = {"minutes": sorted(minutes), "at": at}
    rows = await read_rows(connection, QUERIES["list_dirty"], bound, shape=DirtySnapshot)
    return {(row.minute, row.asset, row.wallet_id) for row in rows}


async def _read_end(connection: Connection, universe: Universe, at: datetime) -> End:
    bound = {
        "at": at,
        "wallet_ids": sorted(universe.wallets),
        "assets": list(ASSETS),
        "holder_within": HOLDER_SEEN_WITHIN,
    }
    rows = await read_rows(connection, QUERIES["list_sightings"], bound, shape=SightingRow)
    end: dict[tuple[str, int], SeenSize] = {}
    for asset in ASSETS:
        of_asset = {str(row.wallet_id): row for row in rows if row.asset == asset}
        sizes = resolve_end(
            LastSightings(
                wallet=wallet,
                at_end=row.at_end,
                minute_before=row.minute_before,
                earlier=row.earlier,
            )
            for wallet, row in of_asset.items()
        )
        for wallet, end_size in sizes.items():
            end[asset, int(wallet)] = _seen_size(of_asset[wallet], end_size, at)
    return end


def _seen_size(row: SightingRow, end_size: EndSize, at: datetime) -> SeenSize:
    fingerprint = row.before_fingerprint if end_size.age == MINUTE else row.end_fingerprint
    assert fingerprint is not None  # a size comes from a stored snapshot
    return SeenSize(
        size=end_size.size, age=end_size.age, minute=at - end_size.age, fingerprint=fingerprint
    )
