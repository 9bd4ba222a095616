"""Amounts: the scores that weigh each wallet by what it bought or sold, and each wallet's effect.

With one mark for all, it cancels in every ratio: only amounts shown in USD need it. The weighted
consensus shrinks as the counted one does, by k wallets of mean weight, so with equal weights the
two agree; it is not clamped. The cap is the smallest weight at or under which 95% of the adders
lie (nearest rank). Each effect is closed: sums less the wallet, at the cap without it.
"""

from collections.abc import Iterable
from decimal import Decimal, localcontext
from itertools import compress

from hypertally.metrics.smart_money.formulas.score_arithmetic import (
    EXACT,
    FIFTY,
    FORMING,
    percent,
    rounded,
)
from hypertally.metrics.smart_money.formulas.thresholds import CAP_PERCENT, SHRINKAGE
from hypertally.metrics.smart_money.formulas.wallet_moves import (
    ADDS_LONG,
    ADDS_SHORT,
    BUYS,
    SELLS,
    ClassifiedMoves,
)

ADDS = ADDS_LONG | ADDS_SHORT
ACTS = BUYS | SELLS


def _cap_rank(n: int) -> int:
    return -(-CAP_PERCENT * n // 100)


class Flow:
    """What the active wallets bought and sold, net and gross."""

    def __init__(self, classified: ClassifiedMoves) -> None:
        acted = [kind.behaviour in ACTS for kind in classified.kinds]
        with localcontext(EXACT):
            self.net = sum(_known(compress(classified.changes, acted)), Decimal(0))
            self.gross = sum(map(abs, _known(compress(classified.changes, acted))), Decimal(0))
        self.value = _one_sided(self.net, self.gross)  # D_size: 100 (1 - |net| / gross)

    def without(self, change: Decimal) -> Decimal | None:
        """D_size without one of the active wallets. Runs in the exact context."""
        return _one_sided(self.net - change, self.gross - abs(change))


def _known(changes: Iterable[Decimal | None]) -> Iterable[Decimal]:
    return (change for change in changes if change is not None)


def _one_sided(net: Decimal, gross: Decimal) -> Decimal | None:
    return percent(EXACT.subtract(gross, EXACT.abs(net)), gross) if gross else None


class Weights:
    """What the adders added, capped at the 95th percentile, and the sums over each side."""

    def __init__(self, classified: ClassifiedMoves) -> None:
        adders = [kind.behaviour in ADDS for kind in classified.kinds]
        with localcontext(EXACT):
            self._added = list(_known(compress(classified.changes, adders)))
            ascending = sorted(map(abs, self._added))
            self.n = len(ascending)
            self.cap = ascending[_cap_rank(self.n) - 1] if self.n else None
            self.value = self._lean(*self._sums(self.cap), self.n) if self.cap else None
            rest = self.n - 1
            if rest > 0:
                rank = _cap_rank(rest)
                # Who weighs at most the cap of the rest moves it up by one when it leaves.
                self._edge, self._moved = ascending[rank - 1], ascending[rank]
                self._at_edge, self._at_moved = self._sums(self._edge), self._sums(self._moved)

    def _sums(self, cap: Decimal) -> tuple[Decimal, Decimal]:
        long = sum((min(added, cap) for added in self._added if added > 0), Decimal(0))
        return long, sum((min(-added, cap) for added in self._added if added < 0), Decimal(0))

    @staticmethod
    def _lean(long: Decimal, short: Decimal, n: int) -> Decimal:
        """50 + 50 (L - S) / (L + S) n / (n + k), over one denominator. In the exact context."""
        both = long + short
        part = both * (n + SHRINKAGE) + (long - short) * n
        return rounded(FORMING.divide(FIFTY * part, both * (n + SHRINKAGE)))

    def weight(self, change: Decimal) -> Decimal:
        """What an adder weighs. In the exact context."""
        assert self.cap is not None
        return min(abs(change), self.cap)

    def without(self, change: Decimal) -> Decimal | None:
        """The weighted consensus without one of the adders. Runs in the exact context."""
        size = abs(change)
        if self.n == 1:
            return None
        moved = size <= self._edge
        cap, (long, short) = (self._moved, self._at_moved) if moved else (self._edge, self._at_edge)
        if change > 0:
            long -= min(size, cap)
        else:
            short -= min(size, cap)
        return self._lean(long, short, self.n - 1)
