"""Snapshot anomalies: stored as formulas/anomalies.py found them in the newest minute.

They are not computed again later: fills that came in meanwhile would say more than was known when
signals were made of the snapshots.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hypertally.metrics.metric import Definition
from hypertally.metrics.smart_money.formulas.anomalies import (
    Anomaly,
    Observation,
    PositionChange,
    find_anomalies,
)
from hypertally.metrics.smart_money.formulas.v3.period_ends import is_vanish
from hypertally.metrics.smart_money.formulas.v3.thresholds import HOLDER_SEEN_WITHIN
from hypertally.records import ASSETS, Record
from hypertally.store.postgres import Connection, Jsonb, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)
DEFINITION = "snapshot_anomalies/2"
WORDS = (
    "A snapshot that cannot show what the wallet really did, judged at its newest minute: a "
    "position that is gone in one snapshot and back within 2% in the next (transient_collapse), a "
    "change of more than ten times the median change of 24 hours that known fills do not explain "
    "(szi_jump), a position without a size (null_szi), or the same answer for over 30 minutes in "
    "which there were fills (frozen). An anomaly counts as known from the snapshot that shows it. "
    "A jump of a wallet whose fills are not known is recorded, but changes no score. If over 20% "
    "of an asset's holders (at least 10) are seen flat together, each of them is recorded as "
    "mass_vanish: the third version of the signals holds such a minute back until the next one "
    "agrees. Version 1 did not know mass_vanish."
)
LOOKED_BACK = timedelta(minutes=45)  # frozen is told after 30
TYPICAL_OF = timedelta(hours=24)
Pair = tuple[int, str]  # a wallet's id and an asset


class Series(Record, frozen=True, kw_only=True):
    """One wallet's position in one asset, in order of time, up to the newest snapshot."""

    wallet_id: int
    asset: str
    sightings: tuple[Observation, ...]


async def find(connection: Connection, minute: datetime) -> int:
    """Find and store the anomalies of a minute's snapshots; how many."""
    bound = {"minute": minute, "looked_back": LOOKED_BACK, "typical_of": TYPICAL_OF}
    rows = await (await connection.execute(QUERIES["list_sightings"].text, bound)).fetchall()
    vanished = await _find_vanished(connection, minute)
    if not rows:
        return await _insert(connection, vanished)
    fills = await _known_fills(connection, rows, bound)
    typical = await _typical_changes(connection, rows, bound)
    anomalies = [
        (series, anomaly)
        for series in _series(rows)
        for anomaly in find_anomalies(
            series.sightings,
            fills=fills.get((series.wallet_id, series.asset)),
            typical_change=typical.get((series.wallet_id, series.asset)),
        )
    ]
    return await _insert(connection, [*anomalies, *vanished])


class LastSize(Record, frozen=True, kw_only=True):
    """A position at a minute, and when it was last observed in the hour before."""

    wallet_id: int
    asset: str
    szi: Decimal | None
    last: Decimal | None


async def _find_vanished(connection: Connection, minute: datetime) -> list[tuple[Series, Anomaly]]:
    """The holders of each asset that are seen flat together, if they are too many."""
    bound = {"minute": minute, "holder_within": HOLDER_SEEN_WITHIN}
    rows = await read_rows(connection, QUERIES["list_last_sizes"], bound, shape=LastSize)
    return [
        (
            Series(wallet_id=row.wallet_id, asset=asset, sightings=()),
            Anomaly(
                kind="mass_vanish",
                at=minute,
                known_at=minute,
                proven=False,
                szi=row.szi,
                expected=row.last,
            ),
        )
        for asset in ASSETS
        if is_vanish((row.last, row.szi) for row in rows if row.asset == asset)
        for row in rows
        if row.asset == asset and row.last and row.szi is not None and not row.szi
    ]


async def _known_fills(
    connection: Connection, rows: Iterable[dict[str, Any]], bound: dict[str, Any]
) -> dict[Pair, list[PositionChange]]:
    """The changes by fills of each position; positions whose fills are unknown are left out."""
    pairs = {(row["wallet_id"], row["asset"]) for row in rows}
    wallets = {**bound, "wallet_ids": sorted({wallet_id for wallet_id, _ in pairs})}
    cursor = await connection.execute(QUERIES["list_proven"].text, wallets)
    proven = {row["wallet_id"] for row in await cursor.fetchall()}
    known: dict[Pair, list[PositionChange]] = {pair: [] for pair in pairs if pair[0] in proven}
    cursor = await connection.execute(
        QUERIES["list_fills"].text, {**bound, "of": sorted(proven), "assets": list(ASSETS)}
    )
    for row in await cursor.fetchall():
        fills = known.get((row["wallet_id"], row["asset"]))
        if fills is not None:
            fills.append(PositionChange(at=row["at"], change=row["change"]))
    return known


async def _typical_changes(
    connection: Connection, rows: Iterable[dict[str, Any]], bound: dict[str, Any]
) -> dict[Pair, Decimal]:
    pairs = sorted({(row["wallet_id"], row["asset"]) for row in rows if row["changed"]})
    cursor = await connection.execute(
        QUERIES["list_typical_changes"].text,
        {**bound, "wallet_ids": [pair[0] for pair in pairs], "assets": [pair[1] for pair in pairs]},
    )
    return {(row["wallet_id"], row["asset"]): row["typical"] for row in await cursor.fetchall()}


def _series(rows: Iterable[dict[str, Any]]) -> list[Series]:
    of: dict[Pair, list[Observation]] = defaultdict(list)
    for row in rows:
        of[row["wallet_id"], row["asset"]].append(
            Observation(
                at=row["minute"],
                observed=row["payload_fingerprint"] is not None,
                szi=row["szi"],
                payload=row["payload_fingerprint"],
            )
        )
    return [
        Series(wallet_id=wallet_id, asset=asset, sightings=tuple(sightings))
        for (wallet_id, asset), sightings in of.items()
    ]


async def _insert(connection: Connection, anomalies: list[tuple[Series, Anomaly]]) -> int:
    if not anomalies:
        return 0
    cursor = await connection.execute(
        QUERIES["insert_anomalies"].text,
        {
            "wallet_id": [series.wallet_id for series, _ in anomalies],
            "asset": [series.asset for series, _ in anomalies],
            "minute": [anomaly.at for _, anomaly in anomalies],
            "kind": [anomaly.kind for _, anomaly in anomalies],
            "known_at": [anomaly.known_at for _, anomaly in anomalies],
            "dirties": [anomaly.dirties for _, anomaly in anomalies],
            "detail": [Jsonb(_detail(anomaly)) for _, anomaly in anomalies],
            "definition": DEFINITION,
        },
    )
    return cursor.rowcount


def _detail(anomaly: Anomaly) -> dict[str, Any]:
    sizes = {"szi": anomaly.szi, "expected": anomaly.expected}
    return {
        "proven": anomaly.proven,
        **{name: None if value is None else str(value) for name, value in sizes.items()},
    }


SIGHTINGS = Definition(
    name="snapshot_anomalies",
    reads=("facts.wallet_snapshots", "facts.hl_fills_raw", "facts.pages"),
    key=("minute", "asset", "wallet_id", "kind"),
    definition=DEFINITION,
    words=WORDS,
    queries=QUERIES,
    statement="list_sightings",
    module=__name__,
)
