"""Exits of the third version: High without a baseline, and forced ones only where fills are known.

What the definition leaves open: without a baseline High needs ECS > 25 and 10 exits alone; forced
exits are unknown as soon as one exit's fills are.
"""

from typing import Final, Literal

from msgspec.structs import replace

from hypertally.metrics.smart_money.formulas.counts import WalletCounts
from hypertally.metrics.smart_money.formulas.exits import Exits, forced_exits
from hypertally.metrics.smart_money.formulas.score_arithmetic import Score, percent
from hypertally.metrics.smart_money.formulas.thresholds import EXITS_HIGH_ABOVE, EXITS_HIGH_MIN

Significance = Literal["known", "not yet"]
FILLS_UNKNOWN: Final = "the fills of {} of the {} wallets that left are not known yet"


def judged(exits: Exits) -> Exits:
    """The exits, High by ECS and their number alone while what is usual is not known."""
    if exits.p0 is not None:
        return exits
    needed = max(EXITS_HIGH_MIN, exits.exposed * int(EXITS_HIGH_ABOVE) // 100 + 1)
    high = exits.high is not False
    return replace(
        exits,
        high=high,
        high_from=percent(needed, exits.exposed) if needed <= exits.exposed else None,
        level="high" if high else exits.level,
    )


def significance(exits: Exits) -> Significance:
    """Whether High was tested against what is usual."""
    return "not yet" if exits.p0 is None else "known"


def known_forced_exits(counts: WalletCounts) -> Score:
    """The share of the exposed that liquidation or ADL moved out; null until all fills are in."""
    score = forced_exits(counts)
    unexplained = counts.long.unexplained + counts.short.unexplained
    if not unexplained:
        return score
    left = counts.long.left + counts.short.left
    return replace(score, value=None, reason=FILLS_UNKNOWN.format(unexplained, left))
