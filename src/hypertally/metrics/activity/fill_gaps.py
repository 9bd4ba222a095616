"""Gaps: where the record of a wallet is incomplete, from its position chains and limits met."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import dropwhile, groupby
from typing import Any

from hypertally.metrics.activity.position_chain import Break, Leg, Statement, follow
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
    "is a gap as well, until a later answer gives it. So is the time from a fill, or an answer "
    "that states the position that the fills lead to, to the next answer that states another one: "
    "if it is the newest, or if two in turn state it. A single one between others may have been "
    "wrong. What lies before the first known fill is a gap until the whole history was read in one "
    "piece, at the time of that fill or later, and showed fewer than the 10,000 rows that the "
    "exchange keeps."
)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)  # before the exchange; stands for "unknown"


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
    bound |= {"coins": list(seeds), "seeds": list(seeds.values()), "is_full": is_full}
    stated = await _list_stated(connection, bound)
    gaps = [gap for gap in _gaps(legs, stated) if gap.to_at > seeds[gap.coin]]
    for coin in sorted(stated.keys() - seeds.keys()):
        gaps += _gaps_of(coin, follow([], stated[coin]))
    deleted = await connection.execute(in_schema(QUERIES["delete_gaps"], schema), bound)
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


class _Stated(Record, frozen=True, kw_only=True):
    coin: str
    at: datetime
    size: Decimal
    is_filled: bool  # a fill of the coin is known
    is_whole: bool  # so is the beginning of the history


async def _list_stated(
    connection: Connection, bound: Mapping[str, object]
) -> Mapping[str, Sequence[Statement]]:
    """The settled statements by coin, oldest first: of a coin without fills, since it was flat."""
    rows = await read_rows(connection, QUERIES["list_statements"], bound, shape=_Stated)
    stated: dict[str, Sequence[Statement]] = {}
    for coin, of_coin in groupby(rows, key=lambda row: row.coin):
        counting = dropwhile(lambda row: row.size and not (row.is_filled or row.is_whole), of_coin)
        stated[coin] = [Statement(at=row.at, size=row.size) for row in counting]
    return stated


class _Disagreement(Record, frozen=True, kw_only=True):
    disagrees: bool


async def ends_disagree(connection: Connection, wallet_id: int) -> bool:
    """Whether the ends of a wallet's chains may differ from its positions, or differed before."""
    parameters = {"wallet_id": wallet_id}
    row = await read_row(connection, QUERIES["read_disagreement"], parameters, shape=_Disagreement)
    return row.disagrees


def _gaps(
    legs: Iterable[dict[str, Any]], stated: Mapping[str, Sequence[Statement]]
) -> Iterator[Gap]:
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
        yield from _gaps_of(coin, follow(chain, stated.get(coin, ())))


def _gaps_of(coin: str, breaks: Iterable[Break]) -> Iterator[Gap]:
    for found in breaks:
        yield Gap(
            coin=coin,
            kind="end_position" if found.is_stated else "position_break",
            from_at=found.from_at or BEGINNING,
            to_at=found.to_at,
            missing_size_coin=f"{found.missing:f}",
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
