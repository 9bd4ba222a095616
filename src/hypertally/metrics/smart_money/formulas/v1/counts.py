"""Counts of the first version: the states of wallets, and the scores formed from them.

What the definition leaves open: the total is of the wallets with a state, so without missing ones
and those with an anomaly; wallets that ended within epsilon of zero can be adders, as published; a
score whose total is no wallet is unknown.
"""

from collections import Counter
from decimal import Decimal
from typing import Final

from hypertally.metrics.smart_money.formulas.score_arithmetic import (
    FIFTY,
    FORMING,
    NOTHING,
    V1,
    Score,
    percent,
    ratio,
    rounded,
)
from hypertally.metrics.smart_money.formulas.thresholds import (
    COVERAGE_PERCENT_MIN,
    V1_CAP,
    V1_CAP_ABOVE,
)
from hypertally.metrics.smart_money.formulas.wallet_moves import Move

ADDER_LONG: Final = "adder_long"
ADDER_SHORT: Final = "adder_short"
REDUCER: Final = "reducer"
STILL: Final = "flat"
ABSENT: Final = "missing"
EXCLUDED: Final = "excluded"
COUNTED = (ADDER_LONG, ADDER_SHORT, REDUCER, STILL)
STATES = (*COUNTED, ABSENT, EXCLUDED)


def state_of(move: Move, change: Decimal | None) -> str:
    """The state of a wallet over five minutes. In the exact context."""
    if move.now is None:
        return ABSENT
    if move.dirty:
        return EXCLUDED
    if change is None or move.before is None:
        return STILL
    return _moved(move.before, move.now, change, move.epsilon)


def _moved(before: Decimal, now: Decimal, change: Decimal, epsilon: Decimal) -> str:
    if change > epsilon and now > 0:
        return ADDER_LONG
    if change < -epsilon and now < 0:
        return ADDER_SHORT
    return REDUCER if abs(now) < abs(before) - epsilon else STILL


class StateCounts:
    """How many wallets are in which state, and the scores that are formed from that."""

    def __init__(self, states: Counter[str]) -> None:
        self.states = states
        self.wallets = states.total()
        self.total = sum(states[state] for state in COUNTED)
        self.unseen = self.wallets - self.total
        self.covered = self.wallets > 0 and self.total * 100 >= self.wallets * COVERAGE_PERCENT_MIN

    def less(self, state: str) -> "StateCounts":
        """The counts without one wallet of that state."""
        return StateCounts(self.states - Counter((state,)))

    @property
    def completeness(self) -> Decimal:
        """Share of the wallets with a state."""
        return ratio(self.total, self.wallets) if self.wallets else NOTHING

    @property
    def ecs(self) -> Decimal | None:
        """ECS: reducers in 100 wallets."""
        return percent(self.states[REDUCER], self.total) if self.total else None

    @property
    def cas(self) -> Decimal:
        """CAS: capped if many wallets reduce, 50 if too few were observed."""
        if not self.covered:
            return FIFTY
        lean = self._lean(0)
        return min(lean, V1_CAP) if self.ecs is not None and self.ecs > V1_CAP_ABOVE else lean

    def _lean(self, unseen: int) -> Decimal:
        """50 + 50 (L - S) / N with that many more wallets, all long (negative: all short)."""
        net = self.states[ADDER_LONG] - self.states[ADDER_SHORT] + unseen
        total = self.total + abs(unseen)
        return rounded(FORMING.divide(50 * (total + net), total)) if total else FIFTY

    def cas_score(self) -> Score:
        """CAS with its bounds."""
        lower, upper = self._lean(-self.unseen), self._lean(self.unseen)
        ecs = self.ecs_score()
        if ecs.lower is not None and ecs.lower > V1_CAP_ABOVE:
            upper = min(upper, V1_CAP)
        if ecs.upper is not None and ecs.upper > V1_CAP_ABOVE:
            lower = min(lower, V1_CAP)
        reason = (
            None
            if self.covered
            else f"fewer than {COVERAGE_PERCENT_MIN}% of the wallets were seen: 50"
        )
        return self._score(self.cas, lower, upper, reason=reason)

    def ecs_score(self) -> Score:
        """ECS with its bounds."""
        if not self.total:
            return self._score(None, None, None, reason="no wallet was seen")
        return self._score(
            self.ecs,
            percent(self.states[REDUCER], self.wallets),
            percent(self.states[REDUCER] + self.unseen, self.wallets),
        )

    def _score(
        self,
        value: Decimal | None,
        lower: Decimal | None,
        upper: Decimal | None,
        *,
        reason: str | None = None,
    ) -> Score:
        return Score(
            value=value,
            lower=lower,
            upper=upper,
            n=self.total,
            completeness=self.completeness,
            definition=V1,
            reason=reason,
        )
