"""A window: the moves of one coin over (t - 5 min, t], judged and counted, for both versions."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from hypertally.metrics.smart_money.formulas.activity_dispersion import Activity
from hypertally.metrics.smart_money.formulas.counts import Counts, count
from hypertally.metrics.smart_money.formulas.wallet_moves import Judged, Kind, Move, judge
from hypertally.records import Record


class Window(Record, frozen=True, kw_only=True):
    """One coin, five minutes."""

    asset: str
    at: datetime  # t
    judged: Judged
    kinds: Mapping[Kind, int]
    counts: Counts
    activity: Activity


def open_window(asset: str, at: datetime, moves: Iterable[Move]) -> Window:
    """Judge and count; the windows of all coins are needed to pool the share of buyers."""
    judged = judge(moves)
    kinds = Counter(judged.kinds)
    return Window(
        asset=asset,
        at=at,
        judged=judged,
        kinds=kinds,
        counts=count(kinds),
        activity=Activity(judged),
    )
