"""Exits: which share of those who held a position left it of their own will (Exit Cluster Score).

What the definition leaves open: a forced exit stays among the exposed; a side's score is the share
of that side's holders; windows in which no one was exposed are no part of the baseline, p0 is
rounded as it is shown, and the percentile counts ties half; High is unknown only while ECS and
number of exits call for it and there is no baseline to judge it by; Medium is what is neither.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal, localcontext
from itertools import chain, repeat
from typing import Literal

from hypertally.metrics.smart_money.formulas.counts import WalletCounts
from hypertally.metrics.smart_money.formulas.score_arithmetic import (
    EXACT,
    FORMING,
    HUNDRED,
    V2,
    Score,
    percent,
    ratio,
    rounded,
)
from hypertally.metrics.smart_money.formulas.thresholds import (
    BASELINE_WINDOWS_MIN,
    EXITS_HIGH_ABOVE,
    EXITS_HIGH_MIN,
    EXITS_HIGH_Z_MIN,
    EXITS_LOW_TO,
)
from hypertally.records import Record

Level = Literal["low", "medium", "high"]


class Baseline(Record, frozen=True, kw_only=True):
    """The baselines of exits: all, long and short."""

    windows: int
    p0: Decimal | None  # mean share; None: fewer than 500 windows
    rates: tuple[Decimal, ...]  # the shares, ascending


class Exits(Record, frozen=True, kw_only=True):
    """An exit cluster score with its significance."""

    score: Score
    left: int
    exposed: int
    forced: int
    unexplained: int  # of those that left: their fills are unknown, they may have been forced
    p0: Decimal | None
    z: Decimal | None
    percentile: Decimal | None  # among the windows of the baseline
    high_from: Decimal | None  # the least score that is High; None: unknown, or none is
    high: bool | None
    level: Level | None


NO_BASELINE = Baseline(windows=0, p0=None, rates=())


def exit_baseline(windows: Mapping[tuple[int, int], int]) -> Baseline:
    """From how often each (left, exposed) was met in the windows of the seven days before t."""
    shares = sorted(
        (FORMING.divide(left, held), many) for (left, held), many in windows.items() if held
    )
    known = sum(many for _, many in shares)
    rates = tuple(chain.from_iterable(repeat(share, many) for share, many in shares))
    with localcontext(EXACT):
        total = sum(rates, Decimal(0))
    return Baseline(
        windows=known,
        p0=ratio(total, known) if known >= BASELINE_WINDOWS_MIN else None,
        rates=rates,
    )


def assess(
    *, left: int, exposed: int, unseen: int, completeness: Decimal, baseline: Baseline
) -> tuple[Score, bool | None]:
    """The score of `left` out of `exposed`, and whether it is High."""
    if not exposed:
        return _score(None, exposed=0, completeness=completeness, unseen=unseen), False
    value = percent(left, exposed)
    score = Score(
        value=value,
        lower=percent(left, exposed + unseen),
        upper=percent(left + unseen, exposed + unseen),
        n=exposed,
        completeness=completeness,
        definition=V2,
    )
    if value <= EXITS_HIGH_ABOVE or left < EXITS_HIGH_MIN:
        return score, False
    needed = exits_needed(exposed, baseline.p0)
    return score, None if baseline.p0 is None else needed is not None and left >= needed


def _score(value: None, *, exposed: int, completeness: Decimal, unseen: int) -> Score:
    return Score(
        value=value,
        lower=Decimal(0) if unseen else None,
        upper=HUNDRED if unseen else None,
        n=exposed,
        completeness=completeness,
        definition=V2,
        reason="no wallet was exposed",
    )


def exits_needed(exposed: int, p0: Decimal | None) -> int | None:
    """The fewest exits that make ECS High; None: unknown (no p0), or more than are exposed."""
    if p0 is None:
        return None
    expected, spread = _expected_exits(exposed, p0)
    significant = FORMING.fma(spread, EXITS_HIGH_Z_MIN, expected).to_integral_value(ROUND_CEILING)
    above_level = exposed * int(EXITS_HIGH_ABOVE) // 100 + 1
    needed = max(EXITS_HIGH_MIN, above_level, int(significant))
    return needed if needed <= exposed else None


def significance(left: int, exposed: int, p0: Decimal | None) -> Decimal | None:
    """How many standard deviations more left than usual."""
    if p0 is None or not exposed or not 0 < p0 < 1:
        return None
    expected, spread = _expected_exits(exposed, p0)
    return rounded(FORMING.divide(EXACT.subtract(left, expected), spread))


def _expected_exits(exposed: int, p0: Decimal) -> tuple[Decimal, Decimal]:
    """Mean and standard deviation of the exits from that many exposed."""
    expected = EXACT.multiply(p0, exposed)
    return expected, FORMING.sqrt(EXACT.multiply(expected, EXACT.subtract(1, p0)))


def percentile(left: int, exposed: int, baseline: Baseline) -> Decimal | None:
    """The share of ordinary windows in which fewer left, ties counted half."""
    if baseline.p0 is None or not exposed:
        return None
    share = FORMING.divide(left, exposed)
    below, upto = bisect_left(baseline.rates, share), bisect_right(baseline.rates, share)
    return percent(below + upto, 2 * baseline.windows)


def _level(score: Score, *, high: bool | None) -> Level | None:
    if score.value is None or high is None:
        return None
    if high:
        return "high"
    return "low" if score.value <= EXITS_LOW_TO else "medium"


def exits(counts: WalletCounts, baseline: Baseline, *, side: int = 0) -> Exits:
    """ECS of all holders, or of those of one side (1 long, -1 short)."""
    sides = {0: (counts.long, counts.short), 1: (counts.long,), -1: (counts.short,)}[side]
    left = sum(side_counts.left for side_counts in sides)
    exposed = sum(side_counts.exposed for side_counts in sides)
    score, high = assess(
        left=left,
        exposed=exposed,
        unseen=counts.unseen,
        completeness=counts.completeness(),
        baseline=baseline,
    )
    needed = exits_needed(exposed, baseline.p0)
    return Exits(
        score=score,
        left=left,
        exposed=exposed,
        forced=sum(side_counts.forced for side_counts in sides),
        unexplained=sum(side_counts.unexplained for side_counts in sides),
        p0=baseline.p0,
        z=significance(left, exposed, baseline.p0),
        percentile=percentile(left, exposed, baseline),
        high_from=percent(needed, exposed) if needed is not None else None,
        high=high,
        level=_level(score, high=high),
    )


def forced_exits(counts: WalletCounts) -> Score:
    """The share of those exposed that liquidation or ADL moved out."""
    forced = counts.long.forced + counts.short.forced
    exposed = counts.long.exposed + counts.short.exposed
    return assess(
        left=forced,
        exposed=exposed,
        unseen=counts.unseen,
        completeness=counts.completeness(),
        baseline=NO_BASELINE,
    )[0]
