"""Counts: how many wallets of a universe did what, from which every counted score is formed."""

from collections.abc import Mapping
from decimal import Decimal

from hypertally.metrics.smart_money.formulas.score_arithmetic import NOTHING, ratio
from hypertally.metrics.smart_money.formulas.thresholds import COVERAGE_PERCENT_MIN
from hypertally.metrics.smart_money.formulas.wallet_moves import (
    ADDS_LONG,
    ADDS_SHORT,
    BUYS,
    EXITS,
    FLAT,
    SELLS,
    UNSEEN,
    MoveKind,
)
from hypertally.records import Record


class SideCounts(Record, frozen=True, kw_only=True):
    """The wallets on one side."""

    added: int  # opened, added or flipped to it
    acted: int  # bought (long) or sold (short), whatever they held
    exposed: int  # held it before, beyond epsilon
    left: int  # reduced, closed or flipped it, not forced
    forced: int  # the same by liquidation or ADL
    unexplained: int  # of those that left: fills unknown, so force cannot be told
    holding: int  # hold it now


class WalletCounts(Record, frozen=True, kw_only=True):
    """One window of one coin."""

    wallets: int  # the universe
    observed: int  # seen at both ends, without an anomaly
    flat: int
    long: SideCounts
    short: SideCounts

    @property
    def unseen(self) -> int:
        """Missing or dirty."""
        return self.wallets - self.observed

    @property
    def covered(self) -> bool:
        """Whether enough was seen to speak of a consensus."""
        return self.wallets > 0 and self.observed * 100 >= self.wallets * COVERAGE_PERCENT_MIN

    @property
    def acting(self) -> int:
        """Wallets that took on more of a side."""
        return self.long.added + self.short.added

    def completeness(self) -> Decimal:
        """Share of the universe seen well."""
        return ratio(self.observed, self.wallets) if self.wallets else NOTHING


def count(kinds: Mapping[MoveKind, int]) -> WalletCounts:
    """Add up wallets by kind."""
    wallets = sum(kinds.values())
    unseen = sum(many for kind, many in kinds.items() if kind.behaviour in UNSEEN)
    return WalletCounts(
        wallets=wallets,
        observed=wallets - unseen,
        flat=sum(many for kind, many in kinds.items() if kind.behaviour == FLAT),
        long=_side(kinds, 1),
        short=_side(kinds, -1),
    )


def _side(kinds: Mapping[MoveKind, int], sign: int) -> SideCounts:
    adds, acts = (ADDS_LONG, BUYS) if sign > 0 else (ADDS_SHORT, SELLS)
    added = acted = exposed = left = forced = unexplained = holding = 0
    for kind, many in kinds.items():
        added += many * (kind.behaviour in adds)
        acted += many * (kind.behaviour in acts)
        holding += many * (kind.now == sign)
        if kind.before != sign:
            continue
        exposed += many
        if kind.behaviour in EXITS:
            left += many * (kind.forced is not True)
            forced += many * (kind.forced is True)
            unexplained += many * (kind.forced is None)
    return SideCounts(
        added=added,
        acted=acted,
        exposed=exposed,
        left=left,
        forced=forced,
        unexplained=unexplained,
        holding=holding,
    )
