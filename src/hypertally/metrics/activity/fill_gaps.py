"""Gaps: where the record of a wallet is incomplete, from its position chains and limits met."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby, pairwise
from typing import Any

import msgspec

from hypertally.metrics.activity.wallet_walk import WALLETS
from hypertally.metrics.metric import Metric, Scope
from hypertally.records import Gap, Record
from hypertally.store.postgres import Connection, in_schema, read_row, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)
DEFINITION = "fill_gaps/2"
WORDS = (
    "Each perp fill states the position before it. If that differs from the position after the "
    "previous fill of the coin, fills are missing between the two: this is a gap, with the signed "
    "size that is missing. If the first known fill starts from an open position, everything before "
    "it is missing. Not checked are spot coins, whose balance transfers also move, and fills "
    "without a trade id (2023). A part of the history that the exchange has shown it cannot give "
    "is a gap as well, until a later answer gives it. So is the time from the last fill of a coin "
    "to the first later answer that states another position than the fills lead to, if the newest "
    "answer still does. What lies before the first known fill is a gap until the whole history was "
    "read in one piece, at the time of that fill or later, and showed fewer than the 10,000 rows "
    "that the exchange keeps."
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


class Chain(Record, frozen=True, kw_only=True):
    """The chain of one coin: where it does not connect, and where it ends."""

    breaks: list[Break]
    ends_at: datetime | None  # None: there is no leg
    position: Decimal | None  # after the last leg; None: it cannot be trusted


def find_breaks(legs: Iterable[Leg]) -> Iterator[Break]:
    """The breaks in the position chain of one coin, from legs in order of time."""
    yield from follow(legs).breaks


def follow(legs: Iterable[Leg]) -> Chain:
    """The position chain of one coin, from legs in order of time.

    Inside one millisecond, where the order of the rows says little, the legs are put in an order
    in which each starts where the one before it ended, if there is one.
    """
    breaks: list[Break] = []
    position: Decimal | None = None
    last_at: datetime | None = None
    for time, group in groupby(legs, key=lambda leg: leg.time):
        together = list(group)
        if any(leg.exempt for leg in together):
            position, last_at = None, time
            continue
        if position is None:
            # Nothing was held before the first fill; after exempt ones the chain begins anew.
            position = Decimal(0) if last_at is None else _entry(together)
        for leg in _in_order(together, position):
            if leg.start != position:
                missing = leg.start - position
                breaks.append(Break(from_at=last_at, to_at=time, missing=missing))
            position, last_at = leg.start + leg.change, time
    return Chain(breaks=breaks, ends_at=last_at, position=position)


def _in_order(legs: list[Leg], position: Decimal) -> list[Leg]:
    if len(legs) == 1:
        return legs
    return (
        _trail(legs, position)
        or _trail(legs, _entry(legs))
        or list(_as_they_connect(legs, position))
    )


def _trail(legs: Sequence[Leg], position: Decimal) -> list[Leg] | None:
    """All legs in an unbroken chain from `position`: an Eulerian trail, by Hierholzer's method."""
    leaving: defaultdict[Decimal, list[Leg]] = defaultdict(list)
    for leg in reversed(legs):
        leaving[leg.start].append(leg)
    path: list[Leg] = []
    trail: list[Leg] = []
    while True:
        at = path[-1].start + path[-1].change if path else position
        if leaving[at]:
            path.append(leaving[at].pop())
        elif path:
            trail.append(path.pop())
        else:
            break
    trail.reverse()
    connected = all(one.start + one.change == next_one.start for one, next_one in pairwise(trail))
    return trail if len(trail) == len(legs) and connected else None


def _as_they_connect(legs: Sequence[Leg], position: Decimal) -> Iterator[Leg]:
    """One after another, each from where the one before ended or, if none does, from an entry."""
    pending = list(legs)
    while pending:
        if all(leg.start != position for leg in pending):
            position = _entry(pending)
        leg = next(leg for leg in pending if leg.start == position)
        pending.remove(leg)
        position = leg.start + leg.change
        yield leg


def _entry(legs: Sequence[Leg]) -> Decimal:
    """Where a chain through these legs begins: a position that more of them leave than reach."""
    surplus = Counter(leg.start for leg in legs)
    surplus.subtract(leg.start + leg.change for leg in legs)
    return next((leg.start for leg in legs if surplus[leg.start] > 0), legs[0].start)


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
    is_full = bound["since"] == BEGINNING
    legs = await (await connection.execute(QUERIES["list_legs"].text, bound)).fetchall()
    seeds: dict[str, datetime] = {row["coin"]: row["seed"] for row in legs}
    states = await read_rows(connection, QUERIES["list_positions"], bound, shape=_Positions)
    states_by_dex = {state.dex: state for state in states}
    gaps = [
        await _end_span(connection, wallet_id, gap)
        for gap in _gaps(legs, states_by_dex)
        if gap.to_at > seeds[gap.coin]
    ]
    if is_full:
        gaps += await read_rows(connection, QUERIES["list_unfilled"], bound, shape=Gap)
    deleted = await connection.execute(
        in_schema(QUERIES["delete_gaps"], schema),
        {**bound, "coins": list(seeds), "seeds": list(seeds.values()), "is_full": is_full},
    )
    before = [Gap(**row) for row in await deleted.fetchall()]
    inserted = await connection.execute(
        in_schema(QUERIES["insert_gaps"], schema),
        {
            **bound,
            "definition": DEFINITION,
            "coins": [gap.coin for gap in gaps],
            "kinds": [gap.kind for gap in gaps],
            "from_at": [gap.from_at for gap in gaps],
            "to_at": [gap.to_at for gap in gaps],
            "missing": [gap.missing_size_coin for gap in gaps],
        },
    )
    after = [Gap(**row) for row in await inserted.fetchall()]
    return [gap for gap in before if gap not in after] + [gap for gap in after if gap not in before]


class _Positions(Record, frozen=True, kw_only=True):
    """The newest positions known of a wallet on a dex."""

    dex: str
    at: datetime
    positions: dict[str, str]  # coin -> signed size; a coin not named is flat


class _EndSpan(Record, frozen=True, kw_only=True):
    from_at: datetime
    to_at: datetime


async def _end_span(connection: Connection, wallet_id: int, gap: Gap) -> Gap:
    """A gap at the end of a chain, from when its position was last stated to when another was."""
    if gap.kind != "end_position":
        return gap
    parameters = {
        "wallet_id": wallet_id,
        "dex": _dex_of(gap.coin),
        "coin": gap.coin,
        "after": gap.from_at,
        "newest_at": gap.to_at,
        "missing": gap.missing_size_coin,
    }
    span = await read_row(connection, QUERIES["read_end_span"], parameters, shape=_EndSpan)
    return msgspec.structs.replace(gap, from_at=span.from_at, to_at=span.to_at)


def _dex_of(coin: str) -> str:
    return coin.partition(":")[0] if ":" in coin else ""


class _Disagreement(Record, frozen=True, kw_only=True):
    disagrees: bool


async def ends_disagree(connection: Connection, wallet_id: int) -> bool:
    """Whether the ends of a wallet's chains may differ from its positions, or differed before."""
    parameters = {"wallet_id": wallet_id}
    row = await read_row(connection, QUERIES["read_disagreement"], parameters, shape=_Disagreement)
    return row.disagrees


def _gaps(legs: Iterable[dict[str, Any]], states_by_dex: Mapping[str, _Positions]) -> Iterator[Gap]:
    for coin, rows in groupby(legs, key=lambda row: row["coin"]):
        chain = follow(
            Leg(
                time=row["time"],
                start=row["start"],
                change=row["change"],
                exempt=row["exempt"],
            )
            for row in rows
        )
        for found in chain.breaks:
            yield Gap(
                coin=coin,
                kind="position_break",
                from_at=found.from_at or BEGINNING,
                to_at=found.to_at,
                missing_size_coin=f"{found.missing:f}",
            )
        yield from _end_gap(coin, chain, states_by_dex.get(_dex_of(coin)))


def _end_gap(coin: str, chain: Chain, state: _Positions | None) -> Iterator[Gap]:
    """The gap after the last fill of a coin, if its position is another than the chain's end.

    Positions from before the last fill say nothing of it.
    """
    if state is None or chain.position is None or chain.ends_at is None:
        return
    missing = Decimal(state.positions.get(coin, "0")) - chain.position
    if state.at > chain.ends_at and missing:
        yield Gap(
            coin=coin,
            kind="end_position",
            from_at=chain.ends_at,
            to_at=state.at,
            missing_size_coin=f"{missing:f}",
        )


async def rebuild_unit(connection: Connection, wallet_id: int, scope: Scope) -> int:
    """Compute all gaps of a wallet again; how many came or went."""
    return len(await rebuild(connection, wallet_id, schema=scope.schema))


METRIC = Metric(
    name="fill_gaps",
    reads=(
        "facts.hl_fills_raw",
        "facts.limits_met",
        "facts.limits_lifted",
        "facts.history_readings",
        "facts.account_positions",
        "facts.pages",
    ),
    key=("wallet_id", "coin", "kind", "from_at", "to_at"),
    definition=DEFINITION,
    words=WORDS,
    queries=QUERIES,
    statement="insert_gaps",
    module=__name__,
    walk=WALLETS,
    rebuild=rebuild_unit,
)
