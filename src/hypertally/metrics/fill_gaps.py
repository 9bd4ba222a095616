"""Gaps: where the record of a wallet is incomplete, from its position chains and limits met."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from hypertally.records import Gap, Record
from hypertally.store.postgres import Connection, in_schema
from hypertally.store.queries import load

QUERIES = load(__file__)
DEFINITION = "fill_gaps/1"
WORDS = (
    "Each perp fill states the position it starts from. Where that is not the position the fill "
    "before it left, fills are missing between the two: the gap, with the signed size that is "
    "missing. A first fill that starts from a position has everything before it missing. Spot, "
    "whose balance also moves by transfers, and fills without a trade id (2023) are exempt. "
    "What the exchange showed it cannot give is a gap as well."
)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)  # before the exchange; stands for "unknown"


class Leg(Record, frozen=True, kw_only=True):
    """What the chain needs of a fill."""

    time: datetime
    start: Decimal  # position before the fill
    change: Decimal  # signed size
    exempt: bool  # no trade id: a row of 2023, whose chain cannot be trusted


class Break(Record, frozen=True, kw_only=True):
    """A chain does not connect: (from_at, to_at], and the signed size missing between."""

    from_at: datetime | None  # None: before the first fill known
    to_at: datetime
    missing: Decimal


def find_breaks(legs: Iterable[Leg]) -> Iterator[Break]:
    """The breaks in the position chain of one coin, from legs in order of time.

    Inside one millisecond the legs are put in the order in which each starts where the one before
    it ended; equal ones are interchangeable.
    """
    position: Decimal | None = None
    last_at: datetime | None = None
    for time, group in groupby(legs, key=lambda leg: leg.time):
        pending = list(group)
        if any(leg.exempt for leg in pending):
            position, last_at = None, time
            continue
        if position is None and last_at is not None:
            position = _entry(pending)  # the chain begins anew after exempt rows
        while pending:
            leg = _next_leg(pending, position if position is not None else Decimal(0))
            expected = position if position is not None else Decimal(0)
            if leg.start != expected:
                yield Break(from_at=last_at, to_at=time, missing=leg.start - expected)
            pending.remove(leg)
            position, last_at = leg.start + leg.change, time


def _next_leg(pending: Sequence[Leg], position: Decimal) -> Leg:
    """The leg that starts at `position`; if none does, the one no other of them leads to."""
    for leg in pending:
        if leg.start == position:
            return leg
    ends = [leg.start + leg.change for leg in pending]
    return next((leg for leg in pending if leg.start not in ends), pending[0])


def _entry(pending: Sequence[Leg]) -> Decimal:
    ends = [leg.start + leg.change for leg in pending]
    return next((leg.start for leg in pending if leg.start not in ends), pending[0].start)


async def rebuild(
    connection: Connection,
    wallet_id: int,
    *,
    since: datetime | None = None,
    schema: str = "metrics",
) -> list[Gap]:
    """Compute the gaps of a wallet again from `since` on (None: all); those that came or went.

    Only the chains of coins with fills from `since` on can have changed, and only from the last
    fill before it that stands alone in its millisecond: what that one leaves is beyond doubt.
    """
    bound = {"wallet_id": wallet_id, "since": since or BEGINNING}
    legs = await (await connection.execute(QUERIES["list_legs"].text, bound)).fetchall()
    seeds: dict[str, datetime] = {row["coin"]: row["seed"] for row in legs}
    found = [gap for gap in _gaps(legs) if gap.to_at > seeds[gap.coin]]
    deleted = await connection.execute(
        in_schema(QUERIES["delete_gaps"], schema),
        {**bound, "coins": list(seeds), "seeds": list(seeds.values())},
    )
    before = [Gap(**row) for row in await deleted.fetchall()]
    inserted = await connection.execute(
        in_schema(QUERIES["insert_gaps"], schema),
        {
            **bound,
            "definition": DEFINITION,
            "coins": [gap.coin for gap in found],
            "from_at": [gap.from_at for gap in found],
            "to_at": [gap.to_at for gap in found],
            "missing": [gap.missing_size_coin for gap in found],
        },
    )
    after = [Gap(**row) for row in await inserted.fetchall()]
    return [gap for gap in before if gap not in after] + [gap for gap in after if gap not in before]


def _gaps(legs: Iterable[dict[str, Any]]) -> Iterator[Gap]:
    for coin, rows in groupby(legs, key=lambda row: row["coin"]):
        chain = (
            Leg(
                time=row["time"],
                start=row["start"],
                change=row["change"],
                exempt=row["exempt"],
            )
            for row in rows
        )
        for found in find_breaks(chain):
            yield Gap(
                coin=coin,
                kind="position_break",
                from_at=found.from_at or BEGINNING,
                to_at=found.to_at,
                missing_size_coin=f"{found.missing:f}",
            )
