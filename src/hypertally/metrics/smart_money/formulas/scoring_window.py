"""Scoring window: the wallets' moves in one coin over (t - 5 min, t], classified and counted."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from hypertally.metrics.smart_money.formulas.activity_dispersion import Activity
from hypertally.metrics.smart_money.formulas.counts import WalletCounts, count
from hypertally.metrics.smart_money.formulas.wallet_moves import (
    ClassifiedMoves,
    Move,
    MoveKind,
    classify_moves,
)
from hypertally.records import Record


class ScoringWindow(Record, frozen=True, kw_only=True):
    """The moves of one coin in five minutes; both versions are scored from them."""

    asset: str
    at: datetime  # t
    classified: ClassifiedMoves
    kinds: Mapping[MoveKind, int]
    counts: WalletCounts
    activity: Activity


def build_window(asset: str, at: datetime, moves: Iterable[Move]) -> ScoringWindow:
    """Classify and count the moves of one coin."""
    classified = classify_moves(moves)
    kinds = Counter(classified.kinds)
    return ScoringWindow(
        asset=asset,
        at=at,
        classified=classified,
        kinds=kinds,
        counts=count(kinds),
        activity=Activity(classified),
    )
