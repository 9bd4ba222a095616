"""Score range: the highest and lowest value each score could take, had all exposed wallets acted.

Only those that held a position at the beginning of the window are taken to act. A threshold that
the exposed cannot reach, however they act, is said to be out of reach.
"""

from decimal import Decimal

from hypertally.metrics.smart_money.formulas.activity_dispersion import DISPERSION_OF_FEW, ROOT
from hypertally.metrics.smart_money.formulas.consensus import unclamped_cas
from hypertally.metrics.smart_money.formulas.counts import WalletCounts
from hypertally.metrics.smart_money.formulas.exits import exits_needed
from hypertally.metrics.smart_money.formulas.score_arithmetic import (
    FIFTY,
    FORMING,
    HUNDRED,
    NOTHING,
    V1,
    V2,
    percent,
    rounded,
)
from hypertally.metrics.smart_money.formulas.thresholds import (
    ACTING_MIN,
    ACTIVITY_WALLETS_MIN,
    EXITS_HIGH_ABOVE,
    LONG_FROM,
    STRONG_LONG_FROM,
)
from hypertally.records import Record


class ScoreRange(Record, frozen=True, kw_only=True):
    """The lowest and highest scores, and how many wallets each threshold needs. None: unknown."""

    definition: str
    wallets: int  # seen
    exposed: int
    cas_lowest: Decimal | None
    cas_highest: Decimal | None
    dispersion_lowest: Decimal | None
    dispersion_highest: Decimal | None
    ecs_lowest: Decimal | None
    ecs_highest: Decimal | None
    long_needs: int  # wallets that add on one side alone, for its band
    strong_needs: int
    exit_high_needs: int | None  # wallets that exit; None: unknown, or more than are exposed
    long_in_reach: bool
    strong_in_reach: bool
    exit_high_in_reach: bool | None


def reach(counts: WalletCounts, p0: Decimal | None) -> ScoreRange:
    """The range of version 2, in which ten adders of one side reach any band."""
    exposed = counts.long.exposed + counts.short.exposed
    enough = exposed >= ACTING_MIN
    needs = exits_needed(exposed, p0)
    return ScoreRange(
        definition=V2,
        wallets=counts.observed,
        exposed=exposed,
        cas_lowest=unclamped_cas(0, exposed) if enough else None,
        cas_highest=unclamped_cas(exposed, 0) if enough else None,
        dispersion_lowest=NOTHING if enough else None,
        dispersion_highest=HUNDRED if enough else None,
        ecs_lowest=NOTHING if exposed else None,
        ecs_highest=HUNDRED if exposed else None,
        long_needs=ACTING_MIN,
        strong_needs=ACTING_MIN,
        exit_high_needs=needs,
        long_in_reach=enough,
        strong_in_reach=enough,
        exit_high_in_reach=_exit_high_in_reach(exposed, p0, needs),
    )


def _exit_high_in_reach(exposed: int, p0: Decimal | None, needs: int | None) -> bool | None:
    if exposed < ACTING_MIN:
        return False
    return None if p0 is None else needs is not None


def v1_score_range(wallets: int, exposed: int, *, covered: bool) -> ScoreRange:
    """The range of version 1, whose scores are shares of all observed wallets, holders or not."""
    swing = FORMING.divide(50 * exposed, wallets) if wallets and covered else Decimal(0)
    long_needs = -(-wallets * int(LONG_FROM - FIFTY) // 50)  # reaches the edge: rounded up
    strong_needs = wallets * int(STRONG_LONG_FROM - FIFTY) // 50 + 1  # is beyond the edge
    high_needs = wallets * int(EXITS_HIGH_ABOVE) // 100 + 1
    return ScoreRange(
        definition=V1,
        wallets=wallets,
        exposed=exposed,
        cas_lowest=rounded(FORMING.subtract(FIFTY, swing)),
        cas_highest=rounded(FORMING.add(FIFTY, swing)),
        dispersion_lowest=_activity(wallets, 0),
        dispersion_highest=_activity(wallets, exposed),
        ecs_lowest=NOTHING if wallets else None,
        ecs_highest=percent(exposed, wallets) if wallets else None,
        long_needs=long_needs,
        strong_needs=strong_needs,
        exit_high_needs=high_needs,
        long_in_reach=0 < long_needs <= exposed,
        strong_in_reach=strong_needs <= exposed,
        exit_high_in_reach=high_needs <= exposed,
    )


def _activity(wallets: int, moving: int) -> Decimal:
    """Dispersion of version 1 when half of the moving wallets double and half reverse."""
    if wallets < ACTIVITY_WALLETS_MIN:
        return DISPERSION_OF_FEW
    squares = 4 * (moving * wallets - moving % 2)
    sigma = ROOT.sqrt(FORMING.divide(10_000 * squares, wallets * (wallets - 1)))
    return min(rounded(sigma), HUNDRED)
