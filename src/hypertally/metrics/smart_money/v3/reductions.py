"""Reductions: when a watched position became smaller, and whether it was forced to.

A position becomes smaller between two observed snapshots in turn; a position that changes its side
was closed in between. Only fills say whether a reduction was a liquidation or a deleveraging. They
are read from facts.watched_fills alone, and known where facts.watched_readings says so: what an org
happens to track changes no signal.

What the definition leaves open: an exit is forced if any reduction in its window was; it was not
forced only if the fills of each of its reductions are known; a minute that was held back counts as
not observed; a reduction that was seen more than a day after the snapshot before it is not known.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from hypertally.metrics.smart_money.formulas.v3.thresholds import WINDOWS
from hypertally.metrics.smart_money.v3.ends import SeenSize
from hypertally.records import Record
from hypertally.store.postgres import Connection, read_rows
from hypertally.store.queries import load

QUERIES = load(__file__)
LONGEST = max(WINDOWS.values()) + timedelta(minutes=2)  # an end may be a minute old


class Reduction(Record, frozen=True, kw_only=True):
    """A position that became smaller between two observed snapshots."""

    wallet_id: int
    asset: str
    from_minute: datetime
    to_minute: datetime
    from_at: datetime  # when the exchange was asked at the first, less what its state may lag
    to_at: datetime
    held_size: Decimal  # coin, signed: before
    left_size: Decimal  # after
    is_known: bool  # whether its fills are
    forced_fingerprint: Decimal | None  # of its liquidations and deleveragings; None: none is known


class Verdict(Record, frozen=True, kw_only=True):
    """Whether an exit was forced, and what says so."""

    forced: bool | None  # None: not known yet
    fingerprint: int = 0  # of the fills that say so


UNKNOWN = Verdict(forced=None)


class Reductions:
    """The reductions of the longest window before each of successive periods."""

    def __init__(self) -> None:
        self._at: datetime | None = None
        self._of: defaultdict[tuple[str, int], list[Reduction]] = defaultdict(list)

    async def advance_to(self, connection: Connection, at: datetime) -> None:
        """Move the end of the window to a time."""
        begin, before = at - LONGEST, self._at
        if before is None or not begin <= before <= at:
            self._of.clear()
            before = begin
        for reduction in await list_reductions(connection, after=before, until=at):
            self._of[reduction.asset, reduction.wallet_id].append(reduction)
        for position in [position for position, each in self._of.items() if _ended(each, begin)]:
            inside = [each for each in self._of.pop(position) if each.to_minute > begin]
            if inside:
                self._of[position] = inside
        self._at = at

    def judge(self, asset: str, wallet_id: int, *, before: SeenSize, now: SeenSize) -> Verdict:
        """Whether a wallet that left a position between two ends was forced to."""
        inside = [
            each
            for each in self._of.get((asset, wallet_id), ())
            if each.from_minute >= before.minute and each.to_minute <= now.minute
        ]
        forced = [each.forced_fingerprint for each in inside if each.forced_fingerprint is not None]
        if forced:
            return Verdict(forced=True, fingerprint=int(sum(forced)))
        if inside and all(each.is_known for each in inside):
            return Verdict(forced=False, fingerprint=len(inside))
        return UNKNOWN


async def list_reductions(
    connection: Connection, *, after: datetime, until: datetime
) -> list[Reduction]:
    """The reductions seen in the minutes after a time, oldest first."""
    bound = {"after": after, "until": until}
    return await read_rows(connection, QUERIES["list_reductions"], bound, shape=Reduction)


def _ended(reductions: Sequence[Reduction], begin: datetime) -> bool:
    return any(each.to_minute <= begin for each in reductions)
