"""Activity: how unlike the relative changes of positions are; the first version's Dispersion.

What the definition leaves open: the deviation is the sample's, as the published figures show; a
wallet counts if it was seen well at both ends; a relative change is rounded to 12 decimals.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext

from hypertally.metrics.smart_money.formulas.score_arithmetic import EXACT, FORMING, rounded
from hypertally.metrics.smart_money.formulas.thresholds import ACTIVITY_WALLETS_MIN, RATIO_MAX
from hypertally.metrics.smart_money.formulas.wallet_moves import UNSEEN, ClassifiedMoves

RATIO_PLACES = Decimal("1E-12")
DISPERSION_OF_FEW = Decimal(50)  # what the first version says of fewer wallets
_STILL = Decimal(0)
# A root of 34 digits takes five times as long; 18 are ten more than the result's decimals.
ROOT = Context(prec=18, rounding=ROUND_HALF_EVEN)


class Activity:
    """The relative changes of a window, and their standard deviation in percent."""

    ratios: Sequence[Decimal | None]  # None: unseen

    def __init__(self, classified: ClassifiedMoves) -> None:
        with localcontext(EXACT):
            self.ratios = [
                None
                if change is None or move.before is None or kind.behaviour in UNSEEN
                else _ratio(move.before, change, move.epsilon)
                for move, kind, change in zip(
                    classified.moves, classified.kinds, classified.changes, strict=True
                )
            ]
            known = [ratio for ratio in self.ratios if ratio is not None]
            moved = [ratio for ratio in known if ratio]
            self.n = len(known)
            self._sum = sum(moved, _STILL)
            self._squares = sum((ratio * ratio for ratio in moved), _STILL)
            self._found: dict[Decimal, Decimal | None] = {}
            self.value = _deviation(self.n, self._sum, self._squares)

    def without(self, ratio: Decimal) -> Decimal | None:
        """The deviation without one of the wallets; many have a ratio in common.

        Runs in the exact context.
        """
        if ratio not in self._found:
            self._found[ratio] = _deviation(
                self.n - 1, self._sum - ratio, self._squares - ratio * ratio
            )
        return self._found[ratio]


def _ratio(before: Decimal, change: Decimal, epsilon: Decimal) -> Decimal:
    """In the exact context."""
    if not change:
        return _STILL
    held = max(abs(before), epsilon)
    if abs(change) >= RATIO_MAX * held:
        return RATIO_MAX if change > 0 else -RATIO_MAX
    return FORMING.quantize(FORMING.divide(change, held), RATIO_PLACES)


def _deviation(n: int, total: Decimal, squares: Decimal) -> Decimal | None:
    """100 sigma; None of fewer than 5 wallets. In the exact context."""
    if n < ACTIVITY_WALLETS_MIN:
        return None
    variance = FORMING.divide(10_000 * (n * squares - total * total), n * (n - 1))
    return rounded(ROOT.sqrt(variance))
